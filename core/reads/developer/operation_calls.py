"""What was asked of Stripe for an operation, and what Stripe told of it since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from core.db.tables import api_requests, events, operations, payments
from core.reads.payments.parts import EventPart, build
from core.reads.permissions import requires

#: An operation's calls are looked for from so long before it was written down.
_BEFORE = timedelta(seconds=5)
_MOST = 200


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One HTTP request to Stripe; `status` is None when no answer came."""

    operation_id: str
    kind: str
    started_at: datetime
    method: str
    path: str
    status: int | None
    error: str | None
    duration_us: int
    attempt: int
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """`state`: sending, unknown, succeeded, refused, not_sent, failed; see the table."""

    operation_id: str
    kind: str
    state: str
    stripe_id: str | None
    updated_at: datetime


@requires("use_developer_tools")
def of_operations(
    conn: Connection, *, operation_ids: Sequence[str], livemode: bool
) -> tuple[ApiCall, ...]:
    """The calls that were made for these operations, in their order."""
    kinds = {one.operation_id: one for one in _operations(conn, operation_ids, livemode)}
    since = conn.scalar(
        select(operations.c.created_at)
        .where(operations.c.id.in_(kinds))
        .order_by(operations.c.created_at)
        .limit(1)
    )
    if since is None:
        return ()
    c = api_requests.c
    rows = conn.execute(
        select(api_requests)
        .where(c.started_at >= since - _BEFORE, c.idempotency_key.in_(kinds))
        .order_by(c.started_at, c.seq)
        .limit(_MOST)
    )
    return tuple(
        ApiCall(
            operation_id=row.idempotency_key,
            kind=kinds[row.idempotency_key].kind,
            started_at=row.started_at,
            method=row.method,
            path=row.path,
            status=row.status,
            error=row.error,
            duration_us=row.duration_us,
            attempt=row.attempt,
            request_id=row.request_id,
        )
        for row in rows
    )


@requires("use_developer_tools")
def states(
    conn: Connection, *, operation_ids: Sequence[str], livemode: bool
) -> tuple[Operation, ...]:
    """How these operations stand; those that were never written down are not among them."""
    return tuple(_operations(conn, operation_ids, livemode))


@requires("use_developer_tools")
def events_about(
    conn: Connection, *, object_ids: Sequence[str], livemode: bool
) -> tuple[EventPart, ...]:
    """What Stripe told about these objects, oldest first."""
    columns = [events.c[name] for name in EventPart.__slots__]
    asked = (
        select(*columns)
        .where(events.c.object_id.in_(object_ids), events.c.livemode == livemode)
        .order_by(events.c.created_at, events.c.seq)
        .limit(_MOST)
    )
    return tuple(build(EventPart, row) for row in conn.execute(asked).mappings())


@requires("use_developer_tools")
def payment_of_order(conn: Connection, *, order_id: str, livemode: bool) -> str | None:
    """The newest payment that carries this order id: what a hosted page made of it."""
    c = payments.c
    found: str | None = conn.scalar(
        select(c.stripe_id)
        .where(c.order_id == order_id, c.livemode == livemode)
        .order_by(c.created_at.desc())
        .limit(1)
    )
    return found


def _operations(conn: Connection, ids: Sequence[str], livemode: bool) -> list[Operation]:
    c = operations.c
    rows = conn.execute(
        select(c.id, c.kind, c.state, c.stripe_id, c.updated_at)
        .where(c.id.in_(ids), c.livemode == livemode)
        .order_by(c.created_at)
    )
    return [Operation(*row) for row in rows]
