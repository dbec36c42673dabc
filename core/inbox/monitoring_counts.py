"""What waits for somebody, counted for metrics when they are asked for: no name, no amount."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db.engine import reading
from core.db.tables import (
    alert_deliveries,
    alerts,
    api_requests,
    breaks,
    events,
    exports,
    operations,
    refund_requests,
    sessions,
    stale_objects,
)
from core.states import (
    AlertState,
    BreakState,
    DeliveryState,
    EventState,
    ExportState,
    OperationState,
    RefundState,
)

#: Refunds that are not at their end; of those that failed, the ones that nobody has seen to.
REFUNDS = (
    RefundState.REQUESTED,
    RefundState.QUEUED,
    RefundState.AWAITING_APPROVAL,
    RefundState.SENDING,
    RefundState.UNKNOWN,
    RefundState.PENDING,
    RefundState.FAILED,
)
OPERATIONS = (OperationState.SENDING, OperationState.UNKNOWN, OperationState.NOT_SENT)
BREAKS = (BreakState.OPEN, BreakState.EXPECTED)
ALERTS = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
#: What is asked of Stripe is counted over so long.
WINDOW = timedelta(minutes=5)
#: Queues are counted up to this: beyond it the number says nothing more.
MOST = 10_000

ByState = Mapping[tuple[bool, str], int]


@dataclass(frozen=True, slots=True)
class Requests:
    """Calls to Stripe in the last five minutes: all, those that Stripe put off (429), and those
    without an answer or with one of 500 and above."""

    made: int
    put_off: int
    failed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Keys are livemode and state; `queues` by name; ages of the oldest in seconds, 0 for none."""

    refunds: ByState
    operations: ByState
    breaks: ByState
    alerts: ByState
    requests: Mapping[bool, Requests]
    queues: Mapping[str, int]
    sessions: int
    oldest_event: float
    oldest_operation: float


def counts_or_none(engine: Engine) -> Counts | None:
    """Count now; None when the database does not answer."""
    try:
        with reading(engine) as connection:
            return _count(connection, clock.now())
    except SQLAlchemyError as error:
        logging.getLogger(__name__).warning("metrics: not counted: %s", type(error).__name__)
        return None


def _count(connection: Connection, now: datetime) -> Counts:
    r, o = refund_requests.c, operations.c
    unseen = or_(r.state != RefundState.FAILED, r.settled_at.is_(None))
    return Counts(
        refunds=_by_state(connection, r.livemode, r.state, REFUNDS, unseen),
        operations=_by_state(connection, o.livemode, o.state, OPERATIONS),
        breaks=_by_state(connection, breaks.c.livemode, breaks.c.state, BREAKS),
        alerts=_by_state(connection, alerts.c.livemode, alerts.c.state, ALERTS),
        requests={livemode: _requests(connection, livemode, now) for livemode in (True, False)},
        queues=_queues(connection, now),
        sessions=_sessions(connection, now),
        oldest_event=_age(
            connection,
            now,
            select(events.c.received_at)
            .where(events.c.state == EventState.PENDING)
            .order_by(events.c.next_attempt_at)
            .limit(1),
        ),
        oldest_operation=_age(
            connection,
            now,
            select(func.min(o.created_at)).where(
                o.state.in_([OperationState.SENDING, OperationState.UNKNOWN])
            ),
        ),
    )


def _by_state(
    connection: Connection,
    livemode: ColumnElement[bool],
    state: ColumnElement[str],
    states: tuple[str, ...],
    *which: ColumnElement[bool],
) -> ByState:
    query = (
        select(livemode, state, func.count())
        .where(state.in_(states), *which)
        .group_by(livemode, state)
    )
    found = {(bool(mode), str(name)): int(n) for mode, name, n in connection.execute(query)}
    return {(mode, one): found.get((mode, one), 0) for mode in (True, False) for one in states}


def _requests(connection: Connection, livemode: bool, now: datetime) -> Requests:
    a = api_requests.c
    lately = and_(a.livemode == livemode, a.started_at >= now - WINDOW)

    def number(*which: ColumnElement[bool]) -> int:
        return connection.scalar(select(func.count()).where(lately, *which)) or 0

    return Requests(
        number(), number(a.status == 429), number(or_(a.status.is_(None), a.status >= 500))
    )


def _queues(connection: Connection, now: datetime) -> dict[str, int]:
    s = stale_objects.c
    parked = s.next_attempt_at >= clock.NEVER
    queries = {
        "refresh": select(s.stripe_id).where(s.next_attempt_at < clock.NEVER),
        "parked": select(s.stripe_id).where(parked),
        "alert_messages": select(alert_deliveries.c.id).where(
            alert_deliveries.c.state == DeliveryState.WAITING
        ),
        "exports": select(exports.c.id).where(
            exports.c.state.in_([ExportState.ASKED, ExportState.RUNNING])
        ),
    }
    return {name: _up_to_most(connection, query) for name, query in queries.items()}


def _up_to_most(connection: Connection, query: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(query.limit(MOST).subquery())) or 0


def _sessions(connection: Connection, now: datetime) -> int:
    s = sessions.c
    query = select(func.count()).where(s.revoked_at.is_(None), s.expires_at > now)
    return connection.scalar(query) or 0


def _age(connection: Connection, now: datetime, query: Select[datetime]) -> float:
    oldest = connection.scalar(query)
    return max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
