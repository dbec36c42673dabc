"""Ledger rows of some days, of a category or a figure, or that came late to a closed month; and
their sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, func, select

from core.db.tables import balance_transactions, payments, periods
from core.errors import InvalidInput
from core.reads.ledger import revenue_figures
from core.reads.permissions import requires
from core.reads.search import paging
from core.states import PeriodState

LIMIT = 50
#: What stands in an address for rows without a method, or without a card.
NONE = "none"
_B = balance_transactions.c


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows: from the day `since` until before `until`, by the zone's days; `late_of`: those
    that happened in this month (`2026-11`), which is closed, and count on a later day. `figure` is
    one of `revenue_figures`, `fee_type` a part of fees; `method` and `card_country` are '' for rows
    without one. What is None is any."""

    since: date | None = None
    until: date | None = None
    currency: str | None = None
    balance_type: str | None = None
    category: str | None = None
    late_of: str | None = None
    figure: str | None = None
    method: str | None = None
    card_country: str | None = None
    fee_type: str | None = None


def as_written(value: str | None) -> str | None:
    """A method or a country in an address: `NONE` is '', nothing is any."""
    return "" if value == NONE else value or None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row of the ledger; amounts in minor units of its currency. `booked_day` is the day on which
    it counts, where that is not the day on which it happened."""

    stripe_id: str
    created_at: datetime
    type: str
    category: str
    balance_type: str
    source_id: str | None
    payment_id: str | None
    payout_id: str | None
    email: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    business_day: date
    booked_day: date | None


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of rows, newest first, and where newer and older ones begin."""

    rows: tuple[LedgerRow, ...]
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What all rows of one currency come to, in its minor units. `figure_minor`: as the figure that
    was asked for, by the signs of the screen; their net where none was."""

    currency: str
    count: int
    gross_minor: int
    fee_minor: int
    net_minor: int
    figure_minor: int


@requires("see_revenue")
def page(
    conn: Connection,
    *,
    livemode: bool,
    zone: ZoneInfo,
    filters: Filters,
    cursor: str | None = None,
    older: bool = True,
    limit: int = LIMIT,
) -> RowPage:
    """A page of the rows that the filters let through, newest first."""
    find = paging.of_table(conn, _B.created_at, _B.stripe_id, _tests(conn, livemode, zone, filters))
    found = paging.page(find, str, cursor=cursor, older=older, limit=limit)
    query: Select[Any] = (
        select(
            _B.stripe_id,
            _B.created_at,
            _B.type,
            _B.reporting_category,
            _B.balance_type,
            _B.source_id,
            _B.payment_id,
            _B.payout_id,
            payments.c.email,
            _B.amount_minor,
            _B.fee_minor,
            _B.net_minor,
            _B.currency,
            _B.business_day,
            _B.booked_day,
        )
        .outerjoin(payments, payments.c.stripe_id == _B.payment_id)
        .where(_B.stripe_id.in_(found.keys))
    )
    shown = {row[0]: LedgerRow(*row) for row in conn.execute(query)}
    return RowPage(tuple(shown[key] for key in found.keys), found.newer, found.older)


@requires("see_revenue")
def sums(conn: Connection, *, livemode: bool, zone: ZoneInfo, filters: Filters) -> tuple[Sums, ...]:
    """What the rows that the filters let through come to, by currency."""
    query = (
        select(
            _B.currency,
            func.count(),
            func.sum(_B.amount_minor),
            func.sum(_B.fee_minor),
            func.sum(_B.net_minor),
            func.sum(revenue_figures.amount(filters.figure, filters.fee_type)),
        )
        .where(*_tests(conn, livemode, zone, filters))
        .group_by(_B.currency)
        .order_by(_B.currency)
    )
    return tuple(Sums(row[0], *map(int, row[1:])) for row in conn.execute(query))


@requires("see_revenue")
def exceeds(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, filters: Filters, most: int
) -> bool:
    """Whether the filters let more than `most` rows through."""
    some = select(_B.stripe_id).where(*_tests(conn, livemode, zone, filters)).limit(most + 1)
    return int(conn.scalar(select(func.count()).select_from(some.subquery())) or 0) > most


def _tests(
    conn: Connection, livemode: bool, zone: ZoneInfo, filters: Filters
) -> list[ColumnElement[bool]]:
    found = [_B.livemode == livemode, revenue_figures.counts_in(filters.figure, filters.fee_type)]
    if filters.since is not None:
        found.append(_B.created_at >= _start(filters.since, zone))
    if filters.until is not None:
        found.append(_B.created_at < _start(filters.until, zone))
    for column, wanted in (
        (_B.currency, filters.currency),
        (_B.balance_type, filters.balance_type),
        (_B.reporting_category, filters.category),
        (_B.method, filters.method),
        (_B.card_country, filters.card_country),
    ):
        if wanted is not None:
            found.append(column == wanted)
    if filters.late_of is not None:
        first, last = _closed(conn, livemode, filters.late_of)
        found += [_B.business_day.between(first, last), _B.booked_day.is_not(None)]
    return found


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _closed(conn: Connection, livemode: bool, month: str) -> tuple[date, date]:
    p = periods.c
    query = select(p.first_day, p.last_day).where(
        p.livemode == livemode, p.month == month, p.state == PeriodState.CLOSED
    )
    found = conn.execute(query).first()
    if found is None:
        raise InvalidInput("month", "is not closed")
    return found[0], found[1]
