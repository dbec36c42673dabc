"""Checks of Tillwatch itself: events that were given up, streams that do not go on."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, func, select

from core.alerts.findings import MOST, Asked, Finding, Findings, at_most
from core.db.tables import events
from core.reads.overview.streams import stream_states
from core.states import EventState

#: Dead events are counted no further.
MOST_DEAD = 10_000


def dead_event(conn: Connection, asked: Asked) -> Findings:
    """Events were given up after their last try: one finding for each type."""
    e = events.c
    some = (
        select(e.type, e.received_at)
        .where(e.state == EventState.DEAD, e.livemode == asked.livemode)
        .limit(MOST_DEAD)
        .subquery()
    )
    query = (
        select(some.c.type, func.count(), func.min(some.c.received_at))
        .group_by(some.c.type)
        .order_by(some.c.type)
    )
    rows = conn.execute(query).all()
    found = [
        Finding(kind, {"count": int(count), "oldest_at": oldest.isoformat(timespec="seconds")})
        for kind, count, oldest in rows
    ]
    whole = sum(int(count) for _, count, _ in rows) < MOST_DEAD
    return Findings(found[:MOST], complete=whole and len(found) <= MOST)


def stopped_stream(conn: Connection, asked: Asked) -> Findings:
    """A stream of the mirror is stopped or late since some minutes: one finding each."""
    before = asked.now - timedelta(minutes=asked.number("minutes"))
    return at_most(
        [
            Finding(
                one.name,
                {
                    "state": one.state,
                    "error": one.error,
                    "since": one.since.isoformat(timespec="seconds") if one.since else None,
                },
            )
            for one in stream_states(conn, livemode=asked.livemode, now=asked.now)
            if one.is_wrong and (one.since is None or one.since <= before)
        ]
    )
