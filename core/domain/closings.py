"""What balances come to over a stretch of time, by the ledger, and what Stripe said they were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from core.db.tables import balance_checks, balance_readings, balance_transactions

_B = balance_transactions.c
#: Currency and balance type.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of one reporting category: how many, and their sums in minor units."""

    category: str
    count: int
    gross_minor: int
    fee_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Closing:
    """The bridge of one balance over a span, in minor units: `opening` and each category's net
    come to `closing`. `opening` holds what was there before the mirror began."""

    currency: str
    balance_type: str
    opening_minor: int
    steps: tuple[Step, ...]
    closing_minor: int


def rows_between(livemode: bool, start: datetime, end: datetime) -> ColumnElement[bool]:
    """The ledger rows of a mode that happened from `start` until before `end` (UTC)."""
    return and_(_B.livemode == livemode, _B.created_at >= start, _B.created_at < end)


def closings(
    connection: Connection, livemode: bool, start: datetime, end: datetime
) -> list[Closing]:
    """The bridge of each currency and balance type, from `start` until before `end` (UTC)."""
    before = nets_before(connection, livemode, start)
    moved = steps_between(connection, livemode, start, end)
    return bridged(openings(connection, livemode), before, moved)


def bridged(
    opening: Mapping[Key, int], before: Mapping[Key, int], moved: Mapping[Key, tuple[Step, ...]]
) -> list[Closing]:
    """Bridges of what was there before the mirror began, the nets of the rows before the span, and
    the span's steps."""
    return [
        _closing(key, opening.get(key, 0) + before.get(key, 0), moved.get(key, ()))
        for key in sorted({*opening, *before, *moved})
    ]


def nets_before(
    connection: Connection, livemode: bool, start: datetime, currency: str | None = None
) -> dict[Key, int]:
    """The net of all rows before `start` (UTC), of one currency if told: reads every one of them,
    for the daily sums do not tell balance types apart."""
    query = (
        select(_B.currency, _B.balance_type, func.sum(_B.net_minor))
        .where(_B.livemode == livemode, _B.created_at < start)
        .group_by(_B.currency, _B.balance_type)
    )
    if currency is not None:
        query = query.where(_B.currency == currency)
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def steps_between(
    connection: Connection,
    livemode: bool,
    start: datetime,
    end: datetime,
    currency: str | None = None,
) -> dict[Key, tuple[Step, ...]]:
    """The rows from `start` until before `end` (UTC) by category, of one currency if told."""
    query = (
        select(
            _B.currency,
            _B.balance_type,
            _B.reporting_category,
            func.count(),
            func.sum(_B.amount_minor),
            func.sum(_B.fee_minor),
            func.sum(_B.net_minor),
        )
        .where(rows_between(livemode, start, end))
        .group_by(_B.currency, _B.balance_type, _B.reporting_category)
        .order_by(_B.reporting_category)
    )
    if currency is not None:
        query = query.where(_B.currency == currency)
    moved: dict[Key, list[Step]] = defaultdict(list)
    for row in connection.execute(query):
        moved[row[0], row[1]].append(Step(row[2], *map(int, row[3:])))
    return {key: tuple(steps) for key, steps in moved.items()}


def openings(connection: Connection, livemode: bool) -> defaultdict[Key, int]:
    """What each balance held before the oldest row that is mirrored, in minor units."""
    c = balance_checks.c
    query = select(c.currency, c.balance_type, c.opening_minor).where(c.livemode == livemode)
    found: defaultdict[Key, int] = defaultdict(int)
    for currency, kind, minor in connection.execute(query):
        found[currency, kind] = int(minor)
    return found


def _closing(key: Key, opening: int, steps: tuple[Step, ...]) -> Closing:
    return Closing(*key, opening, steps, opening + sum(one.net_minor for one in steps))


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """Stripe's balance when it was read last, in minor units: available and pending together.
    `newest_row` was the head of Stripe's list then."""

    currency: str
    balance_type: str
    amount_minor: int
    read_at: datetime
    newest_row: str | None


def last_readings(connection: Connection, livemode: bool, before: datetime) -> list[BalanceReading]:
    """The last balance that was read until a moment."""
    r = balance_readings.c
    last = (
        select(func.max(r.read_at))
        .where(r.livemode == livemode, r.read_at < before)
        .scalar_subquery()
    )
    query = (
        select(
            r.currency,
            r.balance_type,
            func.sum(r.amount_minor),
            func.max(r.read_at),
            func.max(r.newest_row),
        )
        .where(r.livemode == livemode, r.read_at == last)
        .group_by(r.currency, r.balance_type)
        .order_by(r.currency, r.balance_type)
    )
    return [
        BalanceReading(row[0], row[1], int(row[2]), row[3], row[4])
        for row in connection.execute(query)
    ]
