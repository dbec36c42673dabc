"""How many payments match: exact from daily counts where they can tell, else counted to a limit."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from core.db.tables import payments_daily
from core.reads.search.payments import facets
from core.reads.search.payments.execute import tally, wanted_range
from core.reads.search.payments.filters import Filters

LIMIT = 1000
#: Rows that counting may touch: it comes on top of the page.
BUDGET = 6_000


@dataclass(frozen=True, slots=True)
class Count:
    """A number of payments; when not `exact` there are more than `n`."""

    n: int
    exact: bool

    @property
    def label(self) -> str:
        """`12,345`, or `1,000+` where counting stopped."""
        return f"{self.n:,}{'' if self.exact else '+'}"


def count_matches(conn: Connection, filters: Filters, *, zone: ZoneInfo) -> Count:
    """The number of matching payments, exact when daily counts or a short reading give it."""
    exact = _from_days(conn, filters, zone)
    if exact is not None:
        return Count(exact, exact=True)
    n, complete = tally(conn, filters, limit=LIMIT + 1, budget=BUDGET)
    return Count(min(n, LIMIT), exact=complete)


def exceeds(conn: Connection, filters: Filters, *, zone: ZoneInfo, most: int) -> bool:
    """Whether more than `most` payments match, or may do so: counting touches twice as many."""
    exact = _from_days(conn, filters, zone)
    if exact is not None:
        return exact > most
    n, complete = tally(conn, filters, limit=most + 1, budget=2 * most)
    return n > most or not complete


def _from_days(conn: Connection, filters: Filters, zone: ZoneInfo) -> int | None:
    """From the rollup, when all conditions are facets and whole days of `zone`."""
    tests = daily_tests(conn, filters, zone)
    if tests is None:
        return None
    asked = select(func.coalesce(func.sum(payments_daily.c.count), 0)).where(*tests)
    return int(conn.scalar(asked) or 0)


def daily_tests(
    conn: Connection, filters: Filters, zone: ZoneInfo
) -> list[ColumnElement[bool]] | None:
    """What rows of the rollup are summed for a search; None where it cannot tell."""
    since, until = wanted_range(filters)
    if filters.amounts or filters.matches:
        return None
    if any(test.negated or len(test.ranges) > 1 for test in filters.times):
        return None
    days = payments_daily.c.day
    tests: list[ColumnElement[bool]] = []
    for moment, before in ((since, False), (until, True)):
        if moment is None:
            continue
        local = moment.astimezone(zone)
        if local.hour or local.minute or local.second or local.microsecond:
            return None
        tests.append(days < local.date() if before else days >= local.date())
    everything = facets.known(conn)
    wanted = facets.matching(everything, filters)
    if len(wanted) < len(everything):
        tests.append(payments_daily.c.facet.in_([facet.id for facet in wanted]))
    return tests
