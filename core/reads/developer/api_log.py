"""The API log: every call to Stripe, and the operation behind an idempotency key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, select

from core import clock
from core.db.tables import api_requests, operations, users
from core.errors import NotFound
from core.reads.permissions import requires
from core.reads.search.logs import keyset
from core.reads.search.logs.api_log import FIELDS, read_line, search
from core.reads.search.logs.keyset import LogPage
from core.reads.search.query import Query

__all__ = ["FIELDS", "Query", "read_line"]

UTC_ZONE = ZoneInfo("UTC")
#: The figures are of the last hour, or of so many of its newest calls.
HOUR = timedelta(hours=1)
MOST_FIGURED = 20_000
MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call. `status` is None when no answer came, then `error` says why; times are UTC."""

    seq: int
    livemode: bool
    method: str
    path: str
    status: int | None
    error: str | None
    duration_us: int
    attempt: int
    request_id: str | None
    idempotency_key: str | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """The last hour: calls, those that failed (declines are no failures), the 95th percentile of
    their durations. `complete` is False where only the newest calls of the hour were looked at."""

    calls: int
    failed: int
    declined: int
    p95_us: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class OperationPart:
    """What somebody asked for under an idempotency key, and what came of it."""

    id: str
    kind: str
    state: str
    actor: str
    actor_email: str | None
    stripe_id: str | None
    created_at: datetime
    updated_at: datetime
    attempts: int
    outcome: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call, all tries under its key, oldest first, and the operation behind them."""

    call: CallRow
    tries: tuple[CallRow, ...]
    operation: OperationPart | None


_COLUMNS = [api_requests.c[name] for name in CallRow.__slots__]


@requires("use_developer_tools")
def page(
    conn: Connection,
    *,
    query: Query,
    livemode: bool,
    cursor: str | None = None,
    older: bool = True,
    limit: int = 50,
    zone: ZoneInfo = UTC_ZONE,
    now: datetime | None = None,
) -> LogPage[CallRow]:
    """One page of the calls that match `query`. Days in it are those of `zone`."""
    asked = search(conn, query, livemode=livemode, zone=zone, now=now or clock.now())
    found = keyset.page(conn, asked, cursor=cursor, older=older, limit=limit)
    read = conn.execute(select(*_COLUMNS).where(api_requests.c.seq.in_(found.keys)))
    return keyset.filled(found, (CallRow(*row) for row in read))


@requires("use_developer_tools")
def figures(conn: Connection, *, livemode: bool, now: datetime) -> Figures:
    """How the calls of the last hour went, from the index alone."""
    c = api_requests.c
    asked = (
        select(c.status, c.duration_us)
        .where(c.livemode == livemode, c.started_at > now - HOUR)
        .order_by(c.started_at.desc(), c.seq.desc())
        .limit(MOST_FIGURED + 1)
    )
    rows = conn.execute(asked).all()[:MOST_FIGURED]
    statuses = [row[0] for row in rows]
    declined = statuses.count(402)
    failed = sum(status is None or status >= 400 for status in statuses) - declined
    durations = sorted(row[1] for row in rows)
    # Nearest rank: the smallest duration that 95 of 100 calls did not exceed.
    p95 = durations[-(-len(durations) * 95 // 100) - 1] if durations else None
    return Figures(len(rows), failed, declined, p95, len(rows) < MOST_FIGURED)


@requires("use_developer_tools")
def detail(conn: Connection, *, seq: int, livemode: bool) -> CallDetail:
    """One call with what stands behind its key; `NotFound` when it is not there (any more)."""
    c = api_requests.c
    row = conn.execute(select(*_COLUMNS).where(c.seq == seq, c.livemode == livemode)).first()
    if row is None:
        raise NotFound
    call = CallRow(*row)
    if call.idempotency_key is None:
        return CallDetail(call, (call,), None)
    same = and_(c.idempotency_key == call.idempotency_key, c.livemode == livemode)
    tries = conn.execute(select(*_COLUMNS).where(same).order_by(c.seq).limit(MOST_TRIES))
    return CallDetail(
        call,
        tuple(CallRow(*one) for one in tries),
        _operation(conn, call.idempotency_key),
    )


def _operation(conn: Connection, key: str) -> OperationPart | None:
    o = operations.c
    row = conn.execute(
        select(
            *(o[name] for name in OperationPart.__slots__ if name != "actor_email"),
            users.c.email.label("actor_email"),
        )
        .select_from(operations.outerjoin(users, users.c.id == o.actor))
        .where(o.idempotency_key == key)
    ).first()
    if row is None:
        return None
    outcome = json.loads(row.outcome) if row.outcome else None
    return OperationPart(**{**row._mapping, "outcome": outcome})
