"""What a payout says of itself, in words."""

from __future__ import annotations

from datetime import datetime

from core.money import Money, show
from core.reads.payouts.list import PayoutRow
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import stripe_labels

#: Stripe's word on whether the list of a payout's rows is whole.
ROWS_COMPLETE = {
    "completed": N_("Complete"),
    "in_progress": N_("Not complete yet"),
    "not_applicable": N_("Stripe lists no rows for it"),
}
METHODS = {"standard": N_("Standard"), "instant": N_("Instant")}
TRACE = {
    "pending": N_("Not given yet"),
    "unsupported": N_("The bank gives none"),
    "supported": "",
}


def exact(amount: Money) -> str:
    """An amount with its currency's code."""
    return f"{show(amount)} {amount.currency.upper()}"


def kind(row: PayoutRow) -> str:
    """How it was made."""
    return _("Automatic") if row.automatic else _("Manual")


def rows_complete(code: str | None) -> str:
    """Whether Stripe's list of its rows is whole."""
    return _(ROWS_COMPLETE[code]) if code in ROWS_COMPLETE else stripe_labels.words(code)


def trace(row: PayoutRow) -> str:
    """The id by which the bank knows it, or why there is none."""
    known = TRACE.get(row.trace_id_status or "")
    return row.trace_id or (_(known) if known else "")


def method(code: str | None) -> str:
    """How quickly it goes."""
    return _(METHODS[code]) if code in METHODS else stripe_labels.words(code)


def day(at: datetime | None) -> str:
    """The day on which it is to arrive: Stripe gives midnight in UTC."""
    return "–" if at is None else i18n.day(at.date())
