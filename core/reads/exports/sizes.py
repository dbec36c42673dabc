"""Whether a list's file may have more than so many rows: those are not written while one waits."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Select, func, select

from core import clock
from core.db.tables import (
    api_requests,
    balance_transactions,
    bank_lines,
    breaks,
    customers,
    disputes,
    events,
    list_entries,
    payouts,
)
from core.reads.permissions import requires
from core.reads.refunds import history
from core.reads.search.payments import count
from core.reads.search.payments.filters import resolve
from core.reads.search.query import Query
from core.reads.search.sort_order import SortOrder


@requires("see_revenue")
def payments_exceed(
    conn: Connection, *, query: Query, livemode: bool, zone: ZoneInfo, order: SortOrder, most: int
) -> bool:
    """Whether the search finds more than `most`, in whatever order; so too where counting them
    would take long."""
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
    order: SortOrder,
    most: int,
) -> bool:
    """Whether the mode has more than `most` disputes, whatever the list is filtered by."""
    query = select(disputes.c.stripe_id).where(disputes.c.livemode == livemode)
    return _count(conn, query, most + 1) > most


@requires("see_revenue")
def customers_exceed(conn: Connection, *, livemode: bool, search: str, most: int) -> bool:
    """Whether the mode has more than `most` customers; what a search finds is never many."""
    query = select(customers.c.stripe_id).where(customers.c.livemode == livemode)
    return not search and _count(conn, query, most + 1) > most


@requires("see_revenue")
def differences_exceed(
    conn: Connection,
    *,
    livemode: bool,
    view: str,
    kind: str | None,
    currency: str | None,
    most: int,
) -> bool:
    """Whether the mode has more than `most` differences, whatever the list is filtered by."""
    query = select(breaks.c.id).where(breaks.c.livemode == livemode)
    return _count(conn, query, most + 1) > most


@requires("see_revenue")
def payouts_exceed(
    conn: Connection,
    *,
    livemode: bool,
    view: str,
    currency: str | None,
    order: SortOrder,
    most: int,
) -> bool:
    """Whether the mode has more than `most` payouts, whatever the list is filtered by."""
    query = select(payouts.c.stripe_id).where(payouts.c.livemode == livemode)
    return _count(conn, query, most + 1) > most


@requires("see_revenue")
def payout_rows_exceed(conn: Connection, *, livemode: bool, payout_id: str, most: int) -> bool:
    """Whether a payout paid out more than `most` rows of the ledger."""
    row = balance_transactions.c
    query = select(row.stripe_id).where(row.livemode == livemode, row.payout_id == payout_id)
    return _count(conn, query, most + 1) > most


@requires("manage_bank")
def bank_lines_exceed(
    conn: Connection, *, livemode: bool, state: str | None, account_id: int | None, most: int
) -> bool:
    """Whether more than `most` lines of banks are kept, whatever the list is filtered by."""
    return _numbers(conn, bank_lines.c.id) > most


@requires("manage_fraud")
def list_entries_exceed(
    conn: Connection, *, kind: str | None, field: str | None, search: str, most: int
) -> bool:
    """Whether the block and allow lists have more than `most` entries, whatever is searched."""
    return _numbers(conn, list_entries.c.id) > most


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
