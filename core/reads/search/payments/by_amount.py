"""Payments of one currency in order of their amounts.

Few are read and sorted. Many are read off the index of amounts, entry by entry, until enough pass
or a budget is spent: the page then says how far it came, as a search by time does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from core import clock, money
from core.db.tables import payments
from core.db.types import Utc
from core.reads.search.paging import Position, Sought, Turned, turn
from core.reads.search.payments import execute, facets
from core.reads.search.payments.filters import Filters
from core.reads.search.payments.plan import LOOKUP
from core.reads.search.payments.related_ids import follow_ids
from core.reads.search.payments.selectivity import lookups
from core.reads.search.payments.sql import (
    AccessPath,
    Binds,
    Conditions,
    Window,
    facet_test,
    path_tests,
    row_tests,
    source_of,
    window_tests,
)

#: So many are sorted after reading; counting whether there are more touches so many rows.
FEW = 1000
COUNTING = 6_000
#: Entries of the index that one page may read, and how many are read at first.
BUDGET = 20_000
FIRST = 200
#: No amount is greater.
_MOST = 10**18
_WRITTEN = re.compile(r"(\d{1,18})\.(\d{1,18})\.(.{1,64})", re.ASCII | re.DOTALL)
_UTC = Utc()


class Place(NamedTuple):
    """A payment's place in the order: its amount (minor units), its time (UTC), its id."""

    amount_minor: int
    created_at: datetime
    stripe_id: str


def currency_of(conn: Connection, filters: Filters) -> str | None:
    """The currency of all payments that may pass, which is what amounts can be ordered in."""
    found = {facet.currency for facet in facets.matching(facets.known(conn), filters)}
    return found.pop() if len(found) == 1 else None


def page(
    conn: Connection,
    filters: Filters,
    *,
    cursor: str | None,
    onward: bool,
    limit: int,
    descending: bool,
) -> Turned[Place]:
    """The page beyond a cursor, or before it, of payments of one currency.

    A cursor that cannot be read is taken as none; `limit` as of `core.reads.search.paging`.
    """
    few = _few(conn, filters)

    def seek(start: Place | None, on: bool, most: int) -> Sought[Place]:
        falling = descending == on
        if few is not None:
            return Sought(_beyond(few, start, falling)[:most])
        return _walk(conn, filters, start, falling, most)

    return turn(seek, _read_cursor(cursor), onward=onward, limit=limit)


def write_cursor(place: Place | None) -> str | None:
    """A place as text for an address."""
    if place is None:
        return None
    return f"{place.amount_minor}.{clock.to_micros(place.created_at)}.{place.stripe_id}"


def _read_cursor(cursor: str | None) -> Place | None:
    found = _WRITTEN.fullmatch(cursor or "")
    if found is None:
        return None
    try:
        return Place(int(found[1]), clock.from_micros(int(found[2])), found[3])
    except (OverflowError, ValueError):
        return None


def _few(conn: Connection, filters: Filters) -> list[Place] | None:
    """All that pass, in rising order; None where they are many, or counting them takes long."""
    n, complete = execute.tally(conn, filters, limit=FEW + 1, budget=COUNTING)
    if n > FEW or not complete:
        return None
    found = execute.find(conn, filters, None, True, FEW + 1)
    if found.reached is not None:
        return None
    table = payments.c
    wanted = [position.key for position in found.positions]
    asked = select(table.amount_minor, table.created_at, table.stripe_id)
    return sorted(
        Place._make(row) for row in conn.execute(asked.where(table.stripe_id.in_(wanted)))
    )


def _beyond(rising: Sequence[Place], start: Place | None, falling: bool) -> list[Place]:
    if falling:
        return [place for place in rising[::-1] if start is None or place < start]
    return [place for place in rising if start is None or place > start]


@dataclass(frozen=True, slots=True)
class _Walk:
    """What entries of the index are read, and what they have to pass; `low` and `high`: the
    amounts that may. `budget`: so many entries, fewer where tests read rows behind them."""

    conn: Connection
    conditions: Conditions
    window: Window
    currency: str
    low: int
    high: int
    budget: int
    falling: bool

    def entries(self, start: Place | None, most: int) -> list[tuple[Place, bool]]:
        """Up to `most` entries beyond a place, and whether each passes.

        Those of the same amount first: a price may stand there a million times, and a bound on the
        amount alone would read them all again.
        """
        if start is None:
            return self._read(self.low, self.high, self.window, most)
        same, low, high = start.amount_minor, self.low, self.high
        after = Position(start.created_at, start.stripe_id)
        found = self._read(same, same, replace(self.window, after=after), most)
        if self.falling:
            high = min(high, same - 1)
        else:
            low = max(low, same + 1)
        if len(found) < most and low <= high:
            found += self._read(low, high, self.window, most - len(found))
        return found

    def _read(self, low: int, high: int, window: Window, most: int) -> list[tuple[Place, bool]]:
        binds = Binds(self.conn)
        path = AccessPath("px_amt", (("currency", self.currency),), ("amount_minor", low, high))
        passes = " AND ".join([facet_test(self.conditions.wanted), *self._tests(binds)])
        bounds = [*path_tests(binds, path)]
        if window.after is not None:
            bounds += window_tests(binds, replace(window, since=None, until=None))
        way = "DESC" if self.falling else "ASC"
        order = ", ".join(f"{name} {way}" for name in ("amount_minor", "created_at", "stripe_id"))
        chosen = f"SELECT amount_minor, created_at, stripe_id, ({passes}) FROM"
        where = f"WHERE {' AND '.join(bounds)}"
        tail = f"ORDER BY {order} LIMIT {most:d}"
        text = " ".join([chosen, source_of(binds, path), where, tail])
        moment = _UTC.result_processor(self.conn.dialect, None)
        return [
            (Place(amount, moment(at), stripe_id), bool(does_pass))
            for amount, at, stripe_id, does_pass in self.conn.exec_driver_sql(text, binds.values)
        ]

    def _tests(self, binds: Binds) -> list[str]:
        times = window_tests(binds, replace(self.window, after=None))
        return [*times, *row_tests(binds, self.conditions, "payments")]


def _walk(
    conn: Connection, filters: Filters, start: Place | None, falling: bool, most: int
) -> Sought[Place]:
    walk = _prepared(conn, filters, falling)
    found: list[Place] = []
    if walk is None:
        return Sought(found)
    left, size, at = walk.budget, FIRST, start
    while left > 0:
        size = min(size, left)
        entries = walk.entries(at, size)
        found += [place for place, passes in entries if passes]
        if len(found) >= most or len(entries) < size:
            return Sought(found[:most])
        at, left, size = entries[-1][0], left - size, 4 * size
    return Sought(found, at)


def _prepared(conn: Connection, filters: Filters, falling: bool) -> _Walk | None:
    """None where no payment can pass, or those that may are not of one currency."""
    everything = facets.known(conn)
    wanted = facets.matching(everything, filters)
    if len({facet.currency for facet in wanted}) != 1:
        return None
    currency = wanted[0].currency
    since, until = execute.wanted_range(filters)
    low, high = 0, _MOST
    for test in (test for test in filters.amounts if not test.negated):
        bounds = [amounts.minor(money.exponent(currency)) for amounts in test.ranges]
        low = max(low, min(least for least, _ in bounds))
        high = min(high, max(most for _, most in bounds))
    filters = follow_ids(conn, filters)
    return _Walk(
        conn,
        Conditions(filters, wanted, len(wanted) == len(everything)),
        Window(older=falling, since=since, until=until),
        currency,
        low,
        high,
        BUDGET // (1 + int(LOOKUP) * lookups(filters.matches)),
        falling,
    )
