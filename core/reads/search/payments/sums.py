"""What the payments that match add up to, for each currency: exact, or not said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core.db.tables import payments, payments_daily
from core.money import Money
from core.reads.search.payments import execute
from core.reads.search.payments.count import LIMIT, Count, daily_tests
from core.reads.search.payments.filters import Filters

#: Rows of the rollup that are added up while one waits.
MOST_DAYS = 50_000


@dataclass(frozen=True, slots=True)
class Sum:
    """How many payments of a currency match, what their amounts are together, and what was captured
    of these."""

    n: int
    amount: Money
    captured: Money


def sums_of(
    conn: Connection, filters: Filters, count: Count, *, zone: ZoneInfo
) -> tuple[Sum, ...] | None:
    """For each currency, the most payments first; None where adding up would take long.

    The daily sums tell it for facets and whole days of `zone`; else up to `LIMIT` payments are
    read.
    """
    if not count.exact:
        return None
    tests, row = daily_tests(conn, filters, zone), payments_daily.c
    if tests is not None:
        inside = select(row.currency, row.count, row.amount_minor, row.captured_minor).where(*tests)
        some = inside.limit(MOST_DAYS + 1).subquery().c
        figures = (some.count, some.amount_minor, some.captured_minor)
        asked = select(some.currency, *map(func.sum, figures), func.count())
        found = conn.execute(asked.group_by(some.currency)).all()
        if sum(rows for *_, rows in found) > MOST_DAYS:
            return None
        return _sums([(currency, *sums) for currency, *sums, _rows in found])
    if count.n > LIMIT:
        return None
    matching = execute.find(conn, filters, None, True, count.n + 1)
    if matching.reached is not None:
        return None
    wanted = [position.key for position in matching.positions]
    mine = payments.c
    minors = (func.sum(mine.amount_minor), func.sum(mine.amount_captured_minor))
    by_currency = select(mine.currency, func.count(), *minors)
    by_currency = by_currency.where(mine.stripe_id.in_(wanted)).group_by(mine.currency)
    return _sums([tuple(row) for row in conn.execute(by_currency)])


def _sums(found: Iterable[tuple[Any, ...]]) -> tuple[Sum, ...]:
    sums = [
        Sum(int(n), *(Money(int(minor), currency) for minor in minors))
        for currency, n, *minors in found
        if n
    ]
    return tuple(sorted(sums, key=lambda one: (-one.n, one.amount.currency)))
