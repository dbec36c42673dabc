"""Runs a search: plans it, reads it within a budget of rows, and says how far it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.reads.search import facets
from core.reads.search.filters import Filters
from core.reads.search.ids import follow
from core.reads.search.sql import Arm, Conditions, Position, Window, positions


@dataclass(frozen=True, slots=True)
class Found:
    """Matching positions in the direction of reading. `more`: the budget ended before the search
    did, and `reached` is where to go on."""

    positions: tuple[Position, ...]
    reached: Position | None = None


def find(
    conn: Connection,
    filters: Filters,
    *,
    after: Position | None = None,
    older: bool = True,
    limit: int,
) -> Found:
    """The first `limit` payments that pass `filters`, from a position on, newest first if older."""
    everything = facets.known(conn)
    wanted = facets.matching(everything, filters)
    if not wanted:
        return Found(())
    conditions = Conditions(follow(conn, filters), wanted, len(wanted) == len(everything))
    since, until = hull(filters)
    window = Window(older, after, since, until)
    return Found(tuple(positions(conn, [Arm("px_walk")], conditions, window, limit)))


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
