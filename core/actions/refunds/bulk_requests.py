"""Bulk refunds as they are kept: their shape, their rows, the log of what was done to them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from core.access import audit
from core.db.tables import bulk_refunds, refund_requests
from core.domain import refund_states as states
from core.errors import NotFound
from core.states import RefundState

#: A person stops a bulk, or the worker does.
STOP = "bulk_refund.stop"
#: Rows of a bulk of which Stripe has not heard.
UNSENT = (RefundState.REQUESTED, RefundState.QUEUED)


@dataclass(frozen=True)
class BulkRefund:
    """One decision about many payments; `total` counts its rows. `over` is the limit (per_refund,
    per_day) that it is above, `why` what refused it."""

    bulk_id: str
    livemode: bool
    state: str
    reason: str
    note: str | None
    why: str | None
    over: str | None
    total: int
    asked_by: str
    asked_user_id: str
    decided_by: str | None
    stopped_by: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


def shape(row: Row[Any]) -> BulkRefund:
    """A bulk from its row."""
    named = {name: getattr(row, name) for name in BulkRefund.__match_args__ if name != "bulk_id"}
    return BulkRefund(bulk_id=row.id, **named)


def find(connection: Connection, bulk_id: Any) -> Row[Any]:
    """The row of a bulk, to whose `line` a decision about it belongs; `NotFound` without one."""
    b = bulk_refunds.c
    row = connection.execute(select(bulk_refunds).where(b.id == str(bulk_id))).first()
    if row is None:
        raise NotFound(f"There is no bulk refund {str(bulk_id)[:64]}")
    return row


def line(bulk_id: Any) -> str:
    """Where whoever decides about a bulk stands in line."""
    return f"bulk {bulk_id}"


def row_id(bulk_id: str, payment_id: str) -> str:
    """The id of a payment's row, its operation and Stripe's key: the same whenever it is made."""
    return str(uuid.uuid5(uuid.UUID(bulk_id), payment_id))


def move(connection: Connection, bulk_id: str, state: str, at: datetime, **values: Any) -> None:
    """Bring a bulk that the caller holds to another state."""
    connection.execute(
        bulk_refunds.update()
        .where(bulk_refunds.c.id == bulk_id)
        .values(state=state, updated_at=at, **values)
    )


def move_rows(connection: Connection, bulk_id: str, state: str, at: datetime, **values: Any) -> int:
    """Bring those of its rows to a state that may follow their own; how many."""
    q = refund_requests.c
    came_from = tuple(one for one in states.before(state) if one in UNSENT)
    moved = connection.execute(
        refund_requests.update()
        .where(q.bulk_id == bulk_id, q.state.in_(came_from))
        .values(state=state, updated_at=at, **values)
    )
    return int(moved.rowcount)


def note_bulk(
    connection: Connection,
    actor: str,
    action: str,
    bulk_id: str,
    moment: datetime,
    *,
    outcome: str = "ok",
    **details: Any,
) -> None:
    """Say in the log what was done to a bulk. The last write of a transaction."""
    audit.append(
        connection,
        actor=actor,
        action=action,
        target=bulk_id,
        outcome=outcome,
        details=details,
        now=moment,
    )
