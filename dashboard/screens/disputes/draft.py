"""The draft of an answer, as read from Stripe for a visit, and the actions that change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.actions.disputes import disputes
from core.actions.disputes.evidence_validation import Draft
from core.errors import InvalidInput, OutcomeUnknown, RequestRepeated, StripeBusy, TillwatchError
from dashboard.i18n import N_
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import flash, viewer
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

_UNREAD = ErrorTable(
    (
        ErrorText(
            TillwatchError,
            N_("The draft could not be read from Stripe: {reason} Nothing was changed."),
        ),
    )
)
FLASH = Flash(
    "dispute_flash",
    ErrorTable(
        (
            ErrorText(InvalidInput, N_("Nothing was sent. {field}: {rule}")),
            ErrorText(
                (OutcomeUnknown, RequestRepeated),
                N_("The outcome is unknown and is being resolved. Nothing is sent twice."),
            ),
            ErrorText(
                StripeBusy,
                N_("Stripe asks us to slow down. Nothing was sent; try again in a moment."),
            ),
            ErrorText(TillwatchError, N_("It was not done. {reason}")),
        ),
        field=dispute_labels.field,
    ),
)
#: After these, what was read of the draft still holds.
_UNCHANGED = (InvalidInput, StripeBusy)


def read(dispute_id: str) -> Draft | None:
    """What Stripe keeps, read once for a visit; None, and the screen says why, without Stripe."""
    key = _key(dispute_id)
    if key not in st.session_state:
        outcome = flash.perform(_UNREAD, disputes.draft, dispute_id, livemode=viewer.livemode())
        if not outcome.done:
            outcome.show_error()
            return None
        st.session_state[key] = outcome.value
    kept: Draft = st.session_state[key]
    return kept


def perform(
    done: str, action: Callable[..., Any], dispute_id: str, *given: Any, **named: Any
) -> bool:
    """Carry out an action on a dispute for the viewer; whether it was done."""
    outcome = FLASH.perform(done, action, dispute_id, *given, livemode=viewer.livemode(), **named)
    if isinstance(outcome.value, Draft):
        st.session_state[_key(dispute_id)] = outcome.value
    elif not isinstance(outcome.error, _UNCHANGED):
        # It is read again at the next look.
        st.session_state.pop(_key(dispute_id), None)
    return outcome.done


def _key(dispute_id: str) -> str:
    return f"draft_{dispute_id}"
