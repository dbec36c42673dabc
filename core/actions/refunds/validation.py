"""What a refund must be before anything is written or sent: each rule with its own error."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from core import money
from core.access import rights
from core.access.principals import Caller, Principal
from core.actions.payments.validation import checked_payment, text
from core.db.tables import disputes, payments
from core.db.turns import hold
from core.domain import payment_states as dispute_states
from core.domain.refund_warnings import warnings_of
from core.domain.refundable import RefundableBalance
from core.errors import InvalidAmount, InvalidInput, NotFound, NotPermitted, NotRefundable
from core.masking import mask_cards
from core.money import Money

#: Stripe's reasons; `fraudulent` feeds its block lists.
FRAUDULENT = "fraudulent"
REASONS = ("duplicate", FRAUDULENT, "requested_by_customer")
#: The roles that ask for refunds of any reason; risk gives back fraud alone.
_ANY_REASON = rights.MATRIX[rights.ASK_REFUND] - {rights.RISK}
LONGEST_NOTE = 500
_FIELD = "payment_intent_id"
#: Of disputes that ended like this the money is with the shop.
_OVER = frozenset({dispute_states.WON, dispute_states.PREVENTED, dispute_states.CLOSED})


@dataclass(frozen=True)
class NewRefund:
    """What is asked for: `amount` in major units as a decimal string; None for all there is."""

    payment_intent_id: str
    amount: str | None
    reason: str
    note: str | None = None


def check_form(asked: NewRefund) -> None:
    """What can be told from the request alone."""
    checked_payment(_FIELD, asked.payment_intent_id)
    if asked.reason not in REASONS:
        raise InvalidInput("reason", "must be one of {allowed}", allowed=", ".join(REASONS))
    if asked.amount is not None and not isinstance(asked.amount, str):
        raise InvalidAmount("amount", "must be a decimal string in major units")
    if asked.note is not None:
        text("note", asked.note, LONGEST_NOTE)


def covered(name: str, written: str) -> str:
    """What a person wrote to a refund, with card numbers covered: it is kept for good."""
    return mask_cards(text(name, written, LONGEST_NOTE))


def asking_roles(person: Principal, reason: str) -> frozenset[str]:
    """The person's roles that ask for a refund of this reason; `NotPermitted` without any."""
    held = person.roles & rights.MATRIX[rights.ASK_REFUND]
    held &= _ANY_REASON | ({rights.RISK} if reason == FRAUDULENT else frozenset())
    if not held:
        raise NotPermitted(
            rights.ASK_REFUND, "Your roles ask for refunds with the reason fraudulent alone."
        )
    return held


def new_id(given: Any) -> str:
    """The id of a request, which is Stripe's idempotency key too: the given UUID, or a new one."""
    if given is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(given if isinstance(given, str) else ""))
    except ValueError:
        raise InvalidInput("request_id", "must be a UUID") from None


def line_of_payment(payment_id: str) -> str:
    """Where whoever gives money of a payment back stands in line, so that they never both take what
    is left of it."""
    return f"payment {payment_id}"


def line_of_person(caller: Caller) -> str:
    """Where a person's refunds stand in line: two at once would both fit into what is left of a
    day."""
    return f"day of {caller.user_id}"


def locked_payment(connection: Connection, payment_id: str, livemode: bool) -> Row[Any]:
    """The payment, whose turn the caller has; `NotFound` when the mirror has none.

    It is held besides: what a worker on this server writes about it would fail the request.
    """
    p = payments.c
    row = connection.execute(
        hold(select(payments).where(p.stripe_id == payment_id, p.livemode == livemode))
    ).first()
    if row is None:
        raise NotFound(f"There is no payment {payment_id} here")
    return row


def check_refundable(connection: Connection, payment: Row[Any]) -> tuple[str, ...]:
    """`NotRefundable` with the reason: not captured, nothing left, or a dispute.

    Else what is to be told before it is sent (`core.domain.refund_warnings`).
    """
    if payment.status == "requires_capture":
        raise NotRefundable(_FIELD, "is not captured: cancel it instead")
    if payment.status != "succeeded" or payment.amount_received_minor <= 0:
        raise NotRefundable(_FIELD, "took no money: it is {status}", status=payment.status)
    d = disputes.c
    found = connection.execute(
        select(d.status, d.is_charge_refundable).where(d.payment_id == payment.stripe_id)
    ).all()
    if payment.disputed and not found:
        raise NotRefundable(_FIELD, "is disputed, and the dispute is still being read")
    for status, refundable in found:
        _check_dispute(status, refundable=bool(refundable))
    return warnings_of(row.status for row in found)


def _check_dispute(status: str, *, refundable: bool) -> None:
    """An inquiry is no dispute yet: a refund is what ends it. What nobody knows yet is for Stripe
    to say."""
    outcome = dispute_states.outcome_of(status) if dispute_states.is_known(status) else ""
    if outcome == dispute_states.OPEN:
        raise NotRefundable(_FIELD, "has an open dispute: its outcome moves the money")
    if refundable or outcome in _OVER:
        return
    if outcome == dispute_states.LOST:
        raise NotRefundable(_FIELD, "lost a dispute: the money has gone back already")
    raise NotRefundable(_FIELD, "has a dispute during which Stripe gives nothing back")


def checked_amount(asked: str | None, standing: RefundableBalance) -> Money:
    """The amount, if that much is available; None asks for all of it."""
    available = Money(standing.available_minor, standing.currency)
    if standing.available_minor == 0:
        raise NotRefundable(_FIELD, _nothing_left(standing))
    if asked is None:
        return available
    amount = read_amount(asked, standing.currency)
    if amount > available:
        rule = "must be at most {available}: more is not available"
        raise InvalidAmount("amount", rule, available=available)
    return amount


def read_amount(asked: str, currency: str) -> Money:
    """An amount that Stripe can give back in this currency; there is no least one."""
    amount = money.parse(asked, currency)
    if amount.minor <= 0:
        raise InvalidAmount("amount", "must be greater than zero")
    step = money.multiple(currency)
    if amount.minor % step:
        raise InvalidAmount("amount", "must be a multiple of {step} minor units", step=step)
    return amount


def _nothing_left(standing: RefundableBalance) -> str:
    if standing.refunded_minor >= standing.captured_minor:
        return "is fully refunded"
    if standing.disputed_minor and not (standing.pending_minor or standing.reserved_minor):
        return "has nothing left: a dispute took the rest"
    return "has nothing left: the rest is pending or reserved by other requests"
