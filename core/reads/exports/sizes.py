"""Whether a list's file may have more than so many rows: those are not written while one waits."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Select, func, select

from core import clock
from core.db.tables import api_requests, disputes, events
from core.reads.permissions import requires
from core.reads.refunds import history
from core.reads.search.payments import count
from core.reads.search.payments.filters import resolve
from core.reads.search.query import Query


@requires("see_revenue")
def payments_exceed(
    conn: Connection, *, query: Query, livemode: bool, zone: ZoneInfo, most: int
) -> bool:
    """Whether the search finds more than `most`; so too where counting them would take long."""
    filters = resolve(query, livemode=livemode, zone=zone, now=clock.now())
    return count.exceeds(conn, filters, zone=zone, most=most)


@requires("see_revenue")
def refunds_exceed(
    conn: Connection, *, livemode: bool, payment_id: str | None, state: str | None, most: int
) -> bool:
    """Whether there are more than `most` such refunds, asked for here and made elsewhere."""
    found = 0
    for asked in history.matching(livemode=livemode, payment_id=payment_id, state=state):
        found += _count(conn, asked, most + 1 - found)
        if found > most:
            return True
    return False


@requires("see_revenue")
def disputes_exceed(
    conn: Connection,
    *,
    livemode: bool,
    view: str,
    reason: str | None,
    currency: str | None,
    most: int,
) -> bool:
    """Whether the mode has more than `most` disputes, whatever the list is filtered by."""
    query = select(disputes.c.stripe_id).where(disputes.c.livemode == livemode)
    return _count(conn, query, most + 1) > most


@requires("see_events")
def events_exceed(
    conn: Connection, *, query: Query, livemode: bool, zone: ZoneInfo, most: int
) -> bool:
    """Whether more than `most` events are kept, whatever is searched in them."""
    return _numbers(conn, events.c.seq) > most


@requires("use_developer_tools")
def calls_exceed(
    conn: Connection, *, query: Query, livemode: bool, zone: ZoneInfo, most: int
) -> bool:
    """Whether more than `most` calls are kept, whatever is searched in them."""
    return _numbers(conn, api_requests.c.seq) > most


def _numbers(conn: Connection, seq: Column[int]) -> int:
    """No fewer than the table has rows: from the first number to the last."""
    first, last = conn.execute(select(func.min(seq), func.max(seq))).one()
    return 0 if last is None else int(last) - int(first) + 1


def _count(conn: Connection, query: Select[Any], most: int) -> int:
    few = query.limit(most).subquery()
    return conn.scalar(select(func.count()).select_from(few)) or 0
