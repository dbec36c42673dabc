"""What a click on a dispute does, and how it is told: once, where it was clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.actions.disputes import disputes
from core.actions.disputes.evidence_validation import Draft
from core.errors import InvalidInput, OutcomeUnknown, RequestRepeated, StripeBusy, TillwatchError
from dashboard.i18n import _
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import viewer, widgets

_SAID = "dispute_said"


def draft(dispute_id: str) -> Draft | None:
    """What Stripe keeps, read once for a visit; None, and the screen says why, without Stripe."""
    key = f"draft_{dispute_id}"
    if key not in st.session_state:
        try:
            found = viewer.act(disputes.draft, dispute_id, livemode=viewer.livemode())
        except TillwatchError as error:
            said = _("The draft could not be read from Stripe: {reason} Nothing was changed.")
            st.error(said.format(reason=widgets.safe_text(_(error.message))))
            return None
        st.session_state[key] = found
    kept: Draft = st.session_state[key]
    return kept


def forget(dispute_id: str) -> None:
    """Read it again at the next look."""
    st.session_state.pop(f"draft_{dispute_id}", None)


def perform(told: str, act: Callable[..., Any], dispute_id: str, *given: Any, **named: Any) -> bool:
    """Carry out an act for the viewer and keep what to say about it; whether it was done."""
    try:
        done = viewer.act(act, dispute_id, *given, livemode=viewer.livemode(), **named)
    except InvalidInput as error:
        rule = _(error.template).format(**error.values)
        said = _("Nothing was sent. {field}: {rule}")
        _keep(False, said.format(field=dispute_labels.field(error.field), rule=rule))
        return False
    except (OutcomeUnknown, RequestRepeated):
        forget(dispute_id)
        _keep(False, _("The outcome is unknown and is being resolved. Nothing is sent twice."))
        return False
    except StripeBusy:
        _keep(False, _("Stripe asks us to slow down. Nothing was sent; try again in a moment."))
        return False
    except TillwatchError as error:
        forget(dispute_id)
        _keep(False, _("It was not done. {reason}").format(reason=_(error.message)))
        return False
    if isinstance(done, Draft):
        st.session_state[f"draft_{dispute_id}"] = done
    else:
        forget(dispute_id)
    _keep(True, told)
    return True


def _keep(good: bool, text: str) -> None:
    st.session_state[_SAID] = good, text


def show_flash() -> None:
    """Say it, once."""
    good, text = st.session_state.pop(_SAID, (True, ""))
    if text and good:
        st.success(widgets.safe_text(text), icon=":material/check_circle:")
    elif text:
        st.error(widgets.safe_text(text), icon=":material/block:")
