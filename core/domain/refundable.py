"""What may still be given back: captured − refunded − pending − reserved − disputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, literal, select, union_all

from core.db.tables import refund_requests, refunds
from core.domain import refund_states as states
from core.states import RefundState


@dataclass(frozen=True, slots=True)
class RefundableBalance:
    """Minor units of the payment's `currency`. `refunded` has arrived, `pending` is on its way,
    `reserved` is asked for here and not yet seen at Stripe; disputes hold or took `disputed`."""

    currency: str
    captured_minor: int
    refunded_minor: int
    pending_minor: int
    reserved_minor: int
    disputed_minor: int = 0

    @property
    def available_minor(self) -> int:
        """What may still be asked for; never below zero."""
        taken = self.refunded_minor + self.pending_minor + self.reserved_minor
        return max(0, self.captured_minor - taken - self.disputed_minor)


def refundable_balance(
    connection: Connection, payment: Row[Any], *, without: str | None = None
) -> RefundableBalance:
    """Where a payment stands; `without` leaves one request's own reservation out.

    `payment` is its row, locked by a caller that is going to act on the answer. Stripe's own sum
    on the charge and the refunds that were seen may each be ahead of the other: the larger counts.
    """
    reserved, seen, pending = _taken(connection, payment.stripe_id, without)
    taken = max(seen, payment.amount_refunded_minor)
    return RefundableBalance(
        currency=payment.currency,
        captured_minor=payment.amount_captured_minor,
        refunded_minor=taken - pending,
        pending_minor=pending,
        reserved_minor=reserved,
        disputed_minor=payment.amount_disputed_minor,
    )


def _taken(connection: Connection, payment_id: str, without: str | None) -> tuple[int, int, int]:
    """What is reserved, what refunds took and will take, and what of that is pending.

    One statement, which sees one state: a request that ends meanwhile is counted as reserved or as
    its refund, never as both and never not at all.
    """
    q, r = refund_requests.c, refunds.c
    held = select(literal("held").label("status"), q.amount_minor).where(
        q.payment_id == payment_id, q.state.in_(states.HELD)
    )
    if without is not None:
        held = held.where(q.id != without)
    # What only let an authorization go gave nothing back.
    made = select(r.status, r.amount_minor).where(
        r.payment_id == payment_id, r.status.not_in(states.UNDONE), ~r.released
    )
    reserved = seen = pending = 0
    for status, minor in connection.execute(union_all(held, made)):
        if status == "held":
            reserved += minor
        else:
            seen += minor
            pending += minor if states.OF_STRIPE.get(status) == RefundState.PENDING else 0
    return reserved, seen, pending
