"""The draft of an answer, as read from Stripe for a visit, and the actions that change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.actions.disputes import disputes
from core.actions.disputes.evidence_validation import Draft
from core.errors import (
    ChangedMeanwhile,
    InvalidInput,
    OutcomeUnknown,
    RequestRepeated,
    StripeBusy,
    TillwatchError,
)
from core.reads.disputes import answers as reads
from core.reads.disputes.answers import Saved
from dashboard.i18n import N_
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import flash, viewer
from dashboard.ui.flash import ErrorTable, ErrorText, Flash, Message

_UNREAD = ErrorTable(
    (
        ErrorText(
            TillwatchError,
            N_("The draft could not be read from Stripe: {reason} Nothing was changed."),
        ),
    )
)
_UNSENT = ErrorTable(
    (
        ErrorText(
            TillwatchError,
            N_("What was sent could not be read from Stripe: {reason}"),
        ),
    )
)
_KEEPING = ErrorTable(
    (
        ErrorText(ChangedMeanwhile, N_("Not kept: somebody else wrote here meanwhile.")),
        ErrorText(InvalidInput, N_("Not kept. {field}: {rule}")),
        ErrorText(
            RequestRepeated,
            N_("Not kept yet: somebody else is saving here. Type on, or leave the field again."),
        ),
        ErrorText(
            OutcomeUnknown, N_("Stripe did not answer: it may be kept or not. Leave it again.")
        ),
        ErrorText(TillwatchError, N_("Not kept. {reason}")),
    ),
    field=dispute_labels.field,
)
_ANSWERING = ErrorTable(
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
)
#: What is said of the answer, beside its buttons; and of a file, beside its own.
FLASH = Flash("dispute_flash", _ANSWERING)
FILE_FLASH = Flash("dispute_file_flash", _ANSWERING)
#: After these, what was read of the draft still holds.
_UNCHANGED = (StripeBusy,)


@dataclass
class Visit:
    """One person's look at a draft. `seen`: by field, the text that stood there when they began to
    write; `problems`: by field, why its text is not kept; `marks`: the saves it was read after."""

    draft: Draft
    marks: Mapping[str, str]
    seen: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Message] = field(default_factory=dict)


def widget_key(dispute_id: str, name: str) -> str:
    """The key of a text's field in the session."""
    return f"ev_{dispute_id}_{name}"


def visit(dispute_id: str, saved: Mapping[str, Saved]) -> Visit | None:
    """What Stripe keeps, read once for a visit and again when somebody saved; None, and the screen
    says why, without Stripe."""
    marks = {name: one.operation_id for name, one in saved.items()}
    found = kept(dispute_id)
    # Streamlit forgets fields when another page is opened: without them this is a new visit.
    begins = found is None or not any(
        str(key).startswith(widget_key(dispute_id, "")) for key in st.session_state
    )
    if found is not None and not begins and found.marks == marks:
        return found
    draft = _read(disputes.draft, dispute_id, _UNREAD)
    if draft is None:
        return None
    if begins or found is None:
        found = Visit(draft, marks, dict(draft.texts))
        st.session_state[_key(dispute_id)] = found
    found.draft, found.marks = draft, marks
    return found


def sent(dispute_id: str, submissions: int) -> Draft | None:
    """What was sent, read once for a session and a submission; None, and the screen says why,
    without Stripe."""
    key = f"sent_{dispute_id}_{submissions}"
    if key not in st.session_state:
        found = _read(disputes.sent, dispute_id, _UNSENT)
        if found is None:
            return None
        st.session_state[key] = found
    read: Draft = st.session_state[key]
    return read


def saves(dispute_id: str) -> Mapping[str, Saved]:
    """Who kept which field last."""
    return viewer.read(reads.saves, dispute_id=dispute_id, livemode=viewer.livemode())


def save_texts(dispute_id: str, given: Mapping[str, str]) -> None:
    """Have texts kept; what stops that is said at their fields. A callback: it draws nothing."""
    found = kept(dispute_id)
    if found is None:
        return
    before = {name: found.seen.get(name, "") for name in given}
    mode = viewer.livemode()
    outcome = flash.perform(
        _KEEPING, disputes.save_draft, dispute_id, given, livemode=mode, before=before
    )
    for name in given:
        found.problems.pop(name, None)
    if outcome.value is not None:
        found.draft = outcome.value
        found.seen |= {name: outcome.value.texts.get(name, "") for name in given}
    elif outcome.message is not None:
        error = outcome.error
        named = error.field if isinstance(error, InvalidInput) else ""
        found.problems[named if named in given else next(iter(given))] = outcome.message
        if isinstance(error, ChangedMeanwhile | OutcomeUnknown):
            # It is read again at the next look.
            found.marks = {"": ""}


def accept_theirs(dispute_id: str, name: str) -> None:
    """Take over what somebody else wrote into a field, for what was typed here. A callback."""
    if (found := kept(dispute_id)) is not None:
        found.seen[name] = found.draft.texts.get(name, "")
        found.problems.pop(name, None)
        st.session_state[widget_key(dispute_id, name)] = found.seen[name]


def keep_mine(dispute_id: str, name: str) -> None:
    """Keep what was typed here over what somebody else wrote, which was seen. A callback."""
    if (found := kept(dispute_id)) is not None:
        found.seen[name] = found.draft.texts.get(name, "")
        save_texts(dispute_id, {name: typed(dispute_id, name)})


def typed(dispute_id: str, name: str) -> str:
    """What stands in a field now, as it would be kept."""
    written = st.session_state.get(widget_key(dispute_id, name)) or ""
    return str(written).replace("\r\n", "\n").strip()


def perform(
    said: Flash,
    done: str,
    action: Callable[..., Any],
    dispute_id: str,
    *given: Any,
    **named: Any,
) -> bool:
    """Carry out an action on a dispute for the viewer; whether it was done."""
    outcome = said.perform(done, action, dispute_id, *given, livemode=viewer.livemode(), **named)
    found = kept(dispute_id)
    if found is not None and isinstance(outcome.value, Draft):
        found.draft = outcome.value
    elif found is not None and not isinstance(outcome.error, _UNCHANGED):
        # It is read again at the next look.
        found.marks = {"": ""}
    return outcome.done


def _read(action: Callable[..., Draft], dispute_id: str, errors: ErrorTable) -> Draft | None:
    outcome = flash.perform(errors, action, dispute_id, livemode=viewer.livemode())
    outcome.show_error()
    return outcome.value


def kept(dispute_id: str) -> Visit | None:
    """What this session has read of the draft; None before it did."""
    found: Visit | None = st.session_state.get(_key(dispute_id))
    return found


def _key(dispute_id: str) -> str:
    return f"draft_{dispute_id}"
