"""Refunds in words: states, reasons, limits, and what is wrong with a request."""

from __future__ import annotations

from core.errors import InvalidInput, NotFound, StripeError, TillwatchError
from core.money import Money, show
from dashboard.i18n import N_, _
from dashboard.ui import status_badges
from dashboard.ui.flash import ErrorTable, ErrorText
from dashboard.ui.status_badges import Kind

REQUEST: Kind = {
    "awaiting_approval": (N_("Waits for approval"), "orange"),
    "requested": (N_("Waits for approval"), "orange"),
    "queued": (N_("Queued"), "blue"),
    "sending": (N_("Being sent"), "blue"),
    "unknown": (N_("Unknown, being resolved"), "orange"),
    "pending": (N_("Pending"), "blue"),
    "succeeded": (N_("Refunded"), "violet"),
    "failed": (N_("Failed"), "red"),
    "refused": (N_("Refused"), "red"),
    "expired": (N_("Expired"), "gray"),
    "canceled": (N_("Canceled"), "gray"),
}
BULK: Kind = {
    "awaiting_approval": (N_("Waits for approval"), "orange"),
    "running": (N_("Running"), "blue"),
    "done": (N_("Done"), "green"),
    "stopped": (N_("Stopped"), "orange"),
    "refused": (N_("Refused"), "red"),
    "expired": (N_("Expired"), "gray"),
    "canceled": (N_("Canceled"), "gray"),
}
#: What Stripe takes as a refund's reason.
REASONS = ("requested_by_customer", "duplicate", "fraudulent")
OVER = {
    "per_refund": N_("Over the limit of one refund"),
    "per_day": N_("Over the limit of a day"),
}
_FIELDS = {
    "payment_intent_id": N_("Payment"),
    "amount": N_("Amount"),
    "reason": N_("Reason"),
    "note": N_("Note"),
    "why": N_("Reason"),
    "done": N_("What was done"),
    "list": N_("List of payments"),
    "percent": N_("Percentage"),
    "currency": N_("Currency"),
}


def over(limit: str | None) -> str:
    """Which limit a request is above; nothing for one that is not."""
    return _(OVER[limit]) if limit in OVER else (limit or "")


def why(text: str | None) -> str:
    """What ended a request: a rule of ours in the viewer's words, Stripe's words as they are."""
    return _(text).replace("_", " ") if text else ""


def exact(amount: Money) -> str:
    """An amount with sign and code: `$94.97 USD`."""
    return f"{show(amount)} {amount.currency.upper()}"


def who(name: str, *, by_token: bool) -> str:
    """Who asked; a program is said to be one."""
    return _("{name} (by a token)").format(name=name) if by_token else name


def error_text(error: TillwatchError) -> str:
    """What is wrong, in the viewer's words; for a place that renders no markdown."""
    if isinstance(error, NotFound):
        return _("There is no such payment or request here.")
    if not isinstance(error, InvalidInput):
        return _(error.message)
    label = _FIELDS.get(error.field)
    return _("{field}: {rule}").format(field=_(label) if label else error.field, rule=rule(error))


def rule(error: InvalidInput) -> str:
    """The broken rule alone; Stripe's states in it in words."""
    if not error.values:
        return _(error.rule)
    values = dict(error.values)
    if "status" in values:
        values["status"] = status_badges.word(status_badges.PAYMENT, str(values["status"]))
    return _(error.template).format(**values)


#: A request that was refused, and one that could not even be made.
ERRORS = ErrorTable(
    (
        ErrorText(StripeError, N_("Stripe refused it: {reason} Nothing was given back.")),
        ErrorText(TillwatchError, N_("Nothing was sent. {reason}")),
    ),
    reason=error_text,
)
