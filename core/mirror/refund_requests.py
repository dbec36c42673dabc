"""Refund requests follow what happens: to their operation, and to their refund at Stripe."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select

from core.db.tables import refund_requests, refunds
from core.domain import refund_states as states
from core.domain import versions
from core.gateway.snapshots import RefundSnapshot
from core.states import RefundState


def move(
    connection: Connection, request_id: str, state: str, *, at: datetime, **values: Any
) -> bool:
    """A decision about a request that Stripe has not heard of; False if it may not be made now."""
    moved = _move(connection, request_id, state, states.HERE, at, values)
    if moved:
        versions.bump(connection, ["refunds"], slot=0)
    return moved


def _move(
    connection: Connection,
    request_id: str,
    state: str,
    among: frozenset[str],
    at: datetime,
    values: dict[str, Any],
) -> bool:
    q = refund_requests.c
    moved = connection.execute(
        refund_requests.update()
        .where(q.id == request_id, q.state.in_(sorted(states.before(state) & among)))
        .values(state=state, updated_at=at, **values)
    )
    return bool(moved.rowcount)


def follow_operation(
    connection: Connection, operation_id: str, outcome: str, why: str | None, at: datetime
) -> None:
    """The operation ended without a refund: `unknown` is being resolved, else nothing was done.

    What it did is told by its refund, which comes through `follow_refunds`.
    """
    state = RefundState.UNKNOWN if outcome == RefundState.UNKNOWN else RefundState.FAILED
    said = {"why": why[:500] if why else None}
    _move(connection, operation_id, state, states.AT_STRIPE, at, said)


def follow_refunds(
    connection: Connection, snapshots: Iterable[RefundSnapshot], at: datetime
) -> None:
    """Bring the requests of these refunds to where the mirror says that their refunds are.

    A refund is a request's own when it carries its id and is what was asked for: the tag alone can
    be written by anybody who works with the account.
    """
    tags = sorted({one.operation_id for one in snapshots if one.operation_id})
    if not tags:
        return
    q, r = refund_requests.c, refunds.c
    own = and_(
        r.operation_id == q.id,
        r.payment_id == q.payment_id,
        r.livemode == q.livemode,
        r.amount_minor == q.amount_minor,
        r.currency == q.currency,
    )
    query = (
        select(q.id, q.state, q.refund_id, r.stripe_id, r.status, r.failure_reason)
        .join_from(refund_requests, refunds, own)
        .where(q.id.in_(tags), r.stripe_id.in_(sorted({one.stripe_id for one in snapshots})))
        .order_by(q.id)
    )
    for row in connection.execute(query).all():
        state = states.OF_STRIPE.get(row.status)
        if state in (None, row.state) or row.refund_id not in (None, row.stripe_id):
            continue
        why = row.failure_reason if state in (RefundState.FAILED, RefundState.CANCELED) else None
        told = {"refund_id": row.stripe_id, "why": why}
        _move(connection, row.id, str(state), states.AT_STRIPE, at, told)
