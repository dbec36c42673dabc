"""Runs a search: plans it, reads it within a budget of rows, and says how far it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from core.reads.search import facets, stats
from core.reads.search.edges import edge_of_counts, edge_of_keys
from core.reads.search.filters import Filters
from core.reads.search.ids import follow
from core.reads.search.plan import Plan, choose
from core.reads.search.sql import Conditions, Position, Window, positions

#: Rows that one search may touch before it answers with what it has.
BUDGET = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """Matching positions in the direction of reading. `reached`: the budget ended before the search
    did; everything up to there was looked at."""

    positions: tuple[Position, ...]
    reached: Position | None = None


def find(
    conn: Connection,
    filters: Filters,
    *,
    after: Position | None = None,
    older: bool = True,
    limit: int,
    budget: int | None = None,
) -> Found:
    """The first `limit` payments that pass `filters`, from a position on, newest first if older."""
    everything = facets.known(conn)
    wanted = facets.matching(everything, filters)
    if not wanted:
        return Found(())
    conditions = Conditions(follow(conn, filters), wanted, len(wanted) == len(everything))
    since, until = hull(filters)
    window = Window(older, after, since, until)
    counts = stats.stats(conn)
    plan = choose(conn, counts, conditions, window, limit)
    edge = (
        partial(edge_of_keys, conn, plan) if plan.keyed else partial(edge_of_counts, counts, plan)
    )
    return _read(conn, plan, conditions, window, limit, budget or BUDGET, edge)


def _read(
    conn: Connection,
    plan: Plan,
    conditions: Conditions,
    window: Window,
    limit: int,
    budget: int,
    edge: Callable[[Window, float], datetime | None],
) -> Found:
    """Stretch by stretch, each wider, until enough is found or the budget is spent."""
    found: list[Position] = []
    spent, stretch = 0.0, min(plan.first, budget)
    while True:
        stop = edge(window, stretch)
        found += positions(conn, plan.arms, conditions, _until(window, stop), limit - len(found))
        if stop is None or len(found) >= limit:
            return Found(tuple(found))
        spent += stretch
        # No id comes before '': this is the very edge, on either side.
        reached = Position(stop, "")
        if spent >= budget:
            return Found(tuple(found), reached)
        window = replace(window, after=reached)
        stretch = min(4 * stretch, budget - spent)


def _until(window: Window, stop: datetime | None) -> Window:
    if stop is None:
        return window
    return replace(window, since=stop) if window.older else replace(window, until=stop)


def hull(filters: Filters) -> tuple[datetime | None, datetime | None]:
    """The half-open range that all wanted times lie in."""
    since: datetime | None = None
    until: datetime | None = None
    for test in filters.times:
        if test.negated:
            continue
        starts = [low for low, _ in test.ranges]
        ends = [high for _, high in test.ranges]
        if None not in starts:
            first = min(s for s in starts if s)
            since = first if since is None else max(since, first)
        if None not in ends:
            last = max(e for e in ends if e)
            until = last if until is None else min(until, last)
    return since, until
