"""Disputes in words: fields of evidence, rules of the pre-flight, how much time is left."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.gateway.evidence_fields import ANSWERABLE, APPEAL, APPEAL_FILE, NEEDS_RESPONSE
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import columns, status_badges, stripe_labels

FIELDS = {
    "product_description": N_("What was sold"),
    "customer_name": N_("Customer's name"),
    "customer_email_address": N_("Customer's e-mail"),
    "customer_purchase_ip": N_("IP address of the purchase"),
    "billing_address": N_("Billing address"),
    "shipping_address": N_("Shipping address"),
    "shipping_carrier": N_("Carrier"),
    "shipping_date": N_("Shipped on"),
    "shipping_tracking_number": N_("Tracking number"),
    "service_date": N_("Date of the service"),
    "access_activity_log": N_("Log of access and use"),
    "cancellation_policy_disclosure": N_("How the cancellation policy was shown"),
    "cancellation_rebuttal": N_("Why it was not canceled"),
    "refund_policy_disclosure": N_("How the refund policy was shown"),
    "refund_refusal_explanation": N_("Why no refund is due"),
    "duplicate_charge_id": N_("The other charge's id"),
    "duplicate_charge_explanation": N_("How the two charges differ"),
    "uncategorized_text": N_("Anything else"),
    "receipt": N_("Receipt"),
    "customer_communication": N_("Letters with the customer"),
    "customer_signature": N_("Customer's signature"),
    "shipping_documentation": N_("Proof of delivery"),
    "service_documentation": N_("Proof of the service"),
    "cancellation_policy": N_("Cancellation policy"),
    "refund_policy": N_("Refund policy"),
    "duplicate_charge_documentation": N_("Proof of the other charge"),
    "uncategorized_file": N_("Another document"),
    "reason_for_filing": N_("Why the decision is wrong"),
    "dispute": N_("The dispute"),
    "due_by": N_("The deadline"),
    "evidence": N_("The evidence"),
    "files": N_("The files"),
    "field": N_("The field"),
}
#: Those in which people write at length.
LONG = frozenset(
    "product_description billing_address shipping_address access_activity_log"
    " cancellation_policy_disclosure cancellation_rebuttal refund_policy_disclosure"
    " refund_refusal_explanation duplicate_charge_explanation uncategorized_text"
    " reason_for_filing".split()
)
PRODUCTS = {
    "physical": N_("Goods"),
    "digital": N_("Digital"),
    "service": N_("Service"),
    "booking": N_("Booking"),
}
CHECKS = {
    "open": N_("The dispute still takes evidence"),
    "in_time": N_("The deadline has not passed"),
    "something": N_("There is something to submit"),
    "field": N_("No text has more than 20,000 characters"),
    "characters": N_("All texts together have at most 150,000 characters"),
    "bytes": N_("All files together have at most 4.5 MB"),
    "pages": N_("All files together have at most 19 pages (Mastercard)"),
    "counted": N_("The pages of every file are known (Mastercard)"),
}
CLOCK: status_badges.Kind = {
    "past": (N_("Passed"), "red"),
    "urgent": (N_("Urgent"), "red"),
    "soon": (N_("Soon"), "orange"),
    "calm": (N_("In time"), "gray"),
}
#: So much time is called urgent, and so much soon.
URGENT, SOON = timedelta(hours=48), timedelta(days=5)


def field(name: str) -> str:
    """A field of evidence, or what an error says it is about."""
    if name.startswith(APPEAL_FILE):
        return _("Supporting file {number}").format(number=name.removeprefix(APPEAL_FILE))
    return _(FIELDS[name]) if name in FIELDS else name


def waits(status: str) -> bool:
    """Whether a dispute waits for an answer, in a status that is new at Stripe too."""
    return status.endswith(NEEDS_RESPONSE)


def taken_here(status: str) -> bool:
    """Whether its answer can be given on our own screen."""
    return status in ANSWERABLE


def appealed(status: str) -> bool:
    """Whether it is lost and waits for an appeal."""
    return status == APPEAL


def clock(due_by: datetime | None, now: datetime) -> str | None:
    """How near a deadline is: a code of `CLOCK`."""
    if due_by is None:
        return None
    left = due_by - now
    if left <= timedelta():
        return "past"
    if left <= URGENT:
        return "urgent"
    return "soon" if left <= SOON else "calm"


def left(due_by: datetime | None, now: datetime) -> str:
    """How much time is left, in days and hours, or in minutes at the end."""
    if due_by is None:
        return ""
    minutes = int((due_by - now).total_seconds()) // 60
    if minutes <= 0:
        return _("passed")
    if minutes < 120:
        return _("{minutes} min left").format(minutes=minutes)
    hours = minutes // 60
    if hours < 48:
        return _("{hours} h left").format(hours=hours)
    return _("{days} d {hours} h left").format(days=hours // 24, hours=hours % 24)


def lasted(time: timedelta) -> str:
    """A stretch of time in its largest whole unit."""
    hours = int(time.total_seconds()) // 3600
    if hours < 1:
        return _("under an hour")
    if hours < 48:
        return _("{hours} h").format(hours=hours)
    return _("{days} d").format(days=hours // 24)


def brand(code: str | None) -> str:
    """A network's name; one that is new at Stripe as Stripe writes it."""
    return columns.brand_name(code) or stripe_labels.words(code)


def megabytes(size: int) -> str:
    """Bytes as people read them."""
    return f"{i18n.number(round(size / 1000))} kB"
