"""Refund requests that are under way, and one of them with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from core.db.tables import payments, refund_requests, refunds, users
from core.errors import NotFound
from core.money import Money
from core.reads.permissions import requires
from core.states import RefundState

#: More than this is not shown at once; the newest come first.
MOST = 200
#: Asked for, and not at its end. Rows of a bulk stand under their bulk.
_UNDER_WAY = (
    RefundState.AWAITING_APPROVAL,
    RefundState.SENDING,
    RefundState.UNKNOWN,
    RefundState.PENDING,
)
_asker = users.alias("asker")
_decider = users.alias("decider")
_settler = users.alias("settler")


@dataclass(frozen=True, slots=True)
class Request:
    """A request and its refund at Stripe, if there is one. `cancelable`: it waits, or Stripe waits
    for the customer; `failed_open`: nobody has seen to its failure. `customer`, `customer_id` and
    `email` are the payment's. Times are UTC."""

    request_id: str
    payment_id: str
    amount: Money
    reason: str
    note: str | None
    state: str
    why: str | None
    over: str | None
    asked_by: str
    asked_user_id: str
    by_token: bool
    decided_by: str | None
    settled_by: str | None
    refund_id: str | None
    bulk_id: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    cancelable: bool
    failed_open: bool
    customer: str | None
    customer_id: str | None
    email: str | None


@requires("ask_refund")
def under_way(conn: Connection, *, livemode: bool) -> tuple[Request, ...]:
    """What was asked for by itself and has not ended, newest first."""
    q = refund_requests.c
    query = (
        _requests(livemode)
        .where(q.state.in_(_UNDER_WAY), q.bulk_id.is_(None))
        .order_by(q.created_at.desc(), q.id)
        .limit(MOST)
    )
    return tuple(_request(row) for row in conn.execute(query))


@requires("ask_refund")
def by_id(conn: Connection, *, request_id: str, livemode: bool) -> Request:
    """One request of this mode, or `NotFound`."""
    q = refund_requests.c
    row = conn.execute(_requests(livemode).where(q.id == request_id)).first()
    if row is None:
        raise NotFound(f"There is no refund request {request_id[:64]} here")
    return _request(row)


def _requests(livemode: bool) -> Select[Any]:
    q = refund_requests.c
    return (
        select(
            refund_requests,
            refunds.c.status.label("status"),
            _asker.c.name.label("asker"),
            _decider.c.name.label("decider"),
            _settler.c.name.label("settler"),
            payments.c.customer_name,
            payments.c.customer_id,
            payments.c.email,
        )
        .outerjoin(refunds, refunds.c.stripe_id == q.refund_id)
        .outerjoin(payments, payments.c.stripe_id == q.payment_id)
        .outerjoin(_asker, _asker.c.id == q.asked_user_id)
        .outerjoin(_decider, _decider.c.id == q.approved_by)
        .outerjoin(_settler, _settler.c.id == q.settled_by)
        .where(q.livemode == livemode)
    )


def _request(row: Row[Any]) -> Request:
    waits_for_customer = row.state == RefundState.PENDING and row.status == "requires_action"
    waits = row.state == RefundState.AWAITING_APPROVAL and row.bulk_id is None
    return Request(
        request_id=row.id,
        payment_id=row.payment_id,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
        note=row.note,
        state=row.state,
        why=row.why,
        over=row.over,
        asked_by=row.asker or row.asked_by,
        asked_user_id=row.asked_user_id,
        by_token=row.asked_by != row.asked_user_id,
        decided_by=row.decider or row.approved_by,
        settled_by=row.settler or row.settled_by,
        refund_id=row.refund_id,
        bulk_id=row.bulk_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        cancelable=waits or waits_for_customer,
        failed_open=row.state == RefundState.FAILED and row.settled_at is None,
        customer=row.customer_name,
        customer_id=row.customer_id,
        email=row.email,
    )
