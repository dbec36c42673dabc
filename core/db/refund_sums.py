"""What of a payment may still be given back: captured − refunded − pending − reserved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from core.db import refund_states as states
from core.db.tables import charges, refund_requests, refunds


@dataclass(frozen=True, slots=True)
class Standing:
    """Minor units of the payment's `currency`. `refunded` has arrived, `pending` is on its way,
    `reserved` is asked for here and not yet seen at Stripe."""

    currency: str
    captured_minor: int
    refunded_minor: int
    pending_minor: int
    reserved_minor: int

    @property
    def available_minor(self) -> int:
        """What may still be asked for; never below zero."""
        taken = self.refunded_minor + self.pending_minor + self.reserved_minor
        return max(0, self.captured_minor - taken)


def standing(connection: Connection, payment: Row[Any], *, without: str | None = None) -> Standing:
    """Where a payment stands; `without` leaves one request's own reservation out.

    `payment` is its row, locked by a caller that is going to act on the answer. Stripe's own sum
    on the charge and the refunds that were seen may each be ahead of the other: the larger counts.
    """
    # Requests before refunds: one that ends in between is then counted twice, never not at all.
    reserved = _reserved(connection, payment.stripe_id, without)
    released = _released(connection, payment.latest_charge_id)
    seen, pending = _seen(connection, payment.stripe_id, released)
    taken = max(seen, payment.amount_refunded_minor - released)
    return Standing(
        currency=payment.currency,
        captured_minor=payment.amount_received_minor,
        refunded_minor=taken - pending,
        pending_minor=pending,
        reserved_minor=reserved,
    )


def _reserved(connection: Connection, payment_id: str, without: str | None) -> int:
    q = refund_requests.c
    query = select(func.sum(q.amount_minor)).where(
        q.payment_id == payment_id, q.state.in_(states.HELD)
    )
    if without is not None:
        query = query.where(q.id != without)
    return int(connection.scalar(query) or 0)


def _released(connection: Connection, charge_id: str | None) -> int:
    """What a capture left of the authorization: Stripe counts it as refunded of the charge."""
    c = charges.c
    query = select(c.amount_minor - c.amount_captured_minor).where(
        c.stripe_id == charge_id, c.captured
    )
    return int(connection.scalar(query) or 0)


def _seen(connection: Connection, payment_id: str, released: int) -> tuple[int, int]:
    """All that refunds took and will take, and what of it is pending."""
    r = refunds.c
    query = select(r.amount_minor, r.status, r.operation_id, r.balance_transaction_id).where(
        r.payment_id == payment_id, r.status.not_in(states.UNDONE)
    )
    total = pending = 0
    for row in connection.execute(query):
        outside = row.operation_id is None and row.balance_transaction_id is None
        if outside and row.status == "succeeded" and 0 < released == row.amount_minor:
            continue
        total += row.amount_minor
        pending += row.amount_minor if states.OF_STRIPE.get(row.status) == states.PENDING else 0
    return total, pending
