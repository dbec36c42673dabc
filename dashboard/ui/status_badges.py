"""States as people read them: one word and one colour for each, the same on every screen.

Green done, red failed, blue in progress, violet given back, orange wants action, gray closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, cast

import streamlit as st

from dashboard.i18n import N_, _

TONES = {
    "green": "#DDF4E4",
    "red": "#FBE1E1",
    "blue": "#DFE9FB",
    "violet": "#EBE4FA",
    "orange": "#FDEBC8",
    "gray": "#E9EBEF",
}


PAYMENT = {
    "succeeded": (N_("Succeeded"), "green"),
    "failed": (N_("Failed"), "red"),
    "processing": (N_("Processing"), "blue"),
    "requires_action": (N_("Waiting for customer"), "blue"),
    "requires_confirmation": (N_("To be confirmed"), "blue"),
    "requires_capture": (N_("To be captured"), "orange"),
    "requires_payment_method": (N_("No payment method"), "gray"),
    "incomplete": (N_("Incomplete"), "gray"),
    "partially_refunded": (N_("Partly refunded"), "violet"),
    "refunded": (N_("Refunded"), "violet"),
    "disputed": (N_("Disputed"), "orange"),
    "canceled": (N_("Canceled"), "gray"),
}
#: Of attempts and refunds.
RESULT = {
    "succeeded": (N_("Succeeded"), "green"),
    "pending": (N_("Pending"), "blue"),
    "requires_action": (N_("Wants action"), "orange"),
    "failed": (N_("Failed"), "red"),
    "canceled": (N_("Canceled"), "gray"),
}
DISPUTE = {
    "needs_response": (N_("To answer"), "orange"),
    "under_review": (N_("In review"), "blue"),
    "won": (N_("Won"), "green"),
    "lost": (N_("Lost"), "red"),
    "warning_needs_response": (N_("Inquiry: to answer"), "orange"),
    "warning_under_review": (N_("Inquiry: in review"), "blue"),
    "warning_closed": (N_("Inquiry closed"), "gray"),
    "prevented": (N_("Prevented"), "gray"),
    "appeal_needs_response": (N_("Appeal: to answer"), "orange"),
    "appeal_under_review": (N_("Appeal: in review"), "blue"),
}
#: How the disputes of a payment stand together.
OUTCOME = {
    "open": (N_("Dispute open"), "orange"),
    "inquiry": (N_("Inquiry"), "orange"),
    "won": (N_("Dispute won"), "green"),
    "lost": (N_("Dispute lost"), "red"),
    "prevented": (N_("Dispute prevented"), "gray"),
    "closed": (N_("Inquiry closed"), "gray"),
}
#: What stands in a list of payments: the state, and beside it how disputes stand.
STANDING = PAYMENT | {f"dispute_{code}": said for code, said in OUTCOME.items()}
PAYOUT = {
    "pending": (N_("Pending"), "blue"),
    "in_transit": (N_("In transit"), "blue"),
    "paid": (N_("Paid"), "green"),
    "failed": (N_("Failed"), "red"),
    "canceled": (N_("Canceled"), "gray"),
}
#: Whether two witnesses say the same.
VERDICT = {
    "reference": (N_("Reference"), "gray"),
    "agrees": (N_("Agrees"), "green"),
    "differs": (N_("Differs"), "red"),
    "unknown": (N_("Not read"), "gray"),
}
#: How a difference between them stands.
DIFFERENCE = {
    "open": (N_("Unresolved"), "red"),
    "expected": (N_("Expected"), "blue"),
    "explained": (N_("Explained"), "violet"),
    "closed": (N_("Gone"), "gray"),
}
RISK = {
    "normal": (N_("Normal"), "green"),
    "elevated": (N_("Elevated"), "orange"),
    "highest": (N_("Highest"), "red"),
    "not_assessed": (N_("Not assessed"), "gray"),
    "unknown": (N_("Unknown"), "gray"),
}
Kind = Mapping[str, tuple[str, str]]
Tone = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]


def word(kind: Kind, code: str | None) -> str:
    """What people call the state; for a code that we do not know yet, words made from it."""
    label, _tone = kind.get(code or "", ("", ""))
    return _(label) if label else made_from(code or "")


def made_from(code: str) -> str:
    """`requires_magic` is `Requires magic`, `key.turn` is `Key: turn`."""
    said = code.replace("_", " ").replace(".", ": ")
    return said[:1].upper() + said[1:]


def tone(kind: Kind, code: str | None) -> Tone:
    """The state's colour: a key of `TONES`."""
    return cast("Tone", kind.get(code or "", ("", "gray"))[1])


def badge(kind: Kind, code: str | None) -> None:
    """The state as a badge on the page."""
    st.badge(word(kind, code) or "?", color=tone(kind, code))


def cell(code: str | None) -> list[str]:
    """The state as a table cell for `chip_column`; a payment without one has an empty cell."""
    return [code] if code else []


def payment_badges(state: str | None, outcome: str) -> list[str]:
    """A payment's state, and how its disputes stand, as a cell for a column of `STANDING`."""
    return [*cell(state), *([f"dispute_{outcome}"] if outcome else [])]


def chip_column(
    label: str, kind: Kind, *, width: int = 140, seen: Iterable[str | None] = ()
) -> object:
    """A column of chips over cells made by `cell`. `seen` are the codes in it, where some may be
    new at Stripe."""
    codes = list(dict.fromkeys([*kind, *filter(None, seen)]))
    return st.column_config.MultiselectColumn(
        label,
        options=codes,
        color=[TONES[tone(kind, code)] for code in codes],
        format_func=lambda code: word(kind, code),
        width=width,
    )
