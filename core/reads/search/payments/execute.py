"""Runs a search: plans it, reads it within a budget of rows, and says how far it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from core.reads.search.paging import Found, Position
from core.reads.search.payments import facets, stats
from core.reads.search.payments.filters import Filters
from core.reads.search.payments.plan import Plan, choose
from core.reads.search.payments.related_ids import follow_ids
from core.reads.search.payments.sql import Conditions, Window, counted, positions
from core.reads.search.payments.time_slices import slice_end_by_counts, slice_end_by_keys
from core.reads.search.times import Range, bounding_range, common_range

#: Rows that one search may touch before it answers with what it has.
BUDGET = 20_000


def find(
    conn: Connection,
    filters: Filters,
    after: Position[str] | None,
    older: bool,
    limit: int,
) -> Found[str]:
    """The first `limit` payments that pass `filters`, from a position on, newest first if older."""
    search = _prepare(conn, filters, Window(older, True, after), limit, None)
    found: list[Position[str]] = []
    reached: Position[str] | None = None
    if search is None:
        return Found(())
    for part, beyond in _slices(search, BUDGET):
        found += positions(conn, search.plan.paths, search.conditions, part, limit - len(found))
        if len(found) >= limit:
            return Found(tuple(found))
        reached = beyond
    return Found(tuple(found), reached)


def tally(conn: Connection, filters: Filters, *, limit: int, budget: int) -> tuple[int, bool]:
    """How many payments pass, counted up to `limit` and within a budget; and whether it is all."""
    search = _prepare(conn, filters, Window(ordered=False), limit, budget)
    found, complete = 0, True
    if search is None:
        return found, complete
    for part, beyond in _slices(search, budget):
        found += counted(conn, search.plan.paths, search.conditions, part, limit - found)
        if found >= limit:
            return found, False
        complete = beyond is None
    return found, complete


@dataclass(frozen=True, slots=True)
class _Search:
    """A search that is planned; `slice_end` says at which time so many rows have been read."""

    plan: Plan
    conditions: Conditions
    window: Window
    slice_end: Callable[[Window, float], datetime | None]


def _prepare(
    conn: Connection, filters: Filters, window: Window, limit: int, most: float | None
) -> _Search | None:
    """The plan for a search; None when no kind of payment can match."""
    everything = facets.known(conn)
    wanted = facets.matching(everything, filters)
    if not wanted:
        return None
    filters = follow_ids(conn, filters)
    conditions = Conditions(filters, wanted, len(wanted) == len(everything))
    since, until = wanted_range(filters)
    window = replace(window, since=since, until=until)
    counts = stats.stats(conn)
    plan = choose(conn, counts, conditions, window, limit, most)
    by_counts = partial(slice_end_by_counts, counts, plan)
    slice_end = partial(slice_end_by_keys, conn, plan) if plan.keyed else by_counts
    return _Search(plan, plan.left(conditions), window, slice_end)


def _slices(search: _Search, budget: float) -> Iterator[tuple[Window, Position[str] | None]]:
    """Slices of time to read one after the other, each wider, until the budget is spent.

    Beside each stands where to go on after it; None when nothing lies beyond.
    """
    window, spent, rows = search.window, 0.0, min(search.plan.first, budget)
    while True:
        stop = search.slice_end(window, rows)
        # No id comes before '': it lies at that very time, on either side.
        reached = Position(stop, "") if stop else None
        yield _until(window, stop), reached
        spent += rows
        if reached is None or spent >= budget:
            return
        window = replace(window, after=reached)
        rows = min(4 * rows, budget - spent)


def _until(window: Window, stop: datetime | None) -> Window:
    if stop is None:
        return window
    return replace(window, since=stop) if window.older else replace(window, until=stop)


def wanted_range(filters: Filters) -> Range:
    """The half-open range that all wanted times lie in."""
    return common_range(bounding_range(t.ranges) for t in filters.times if not t.negated)
