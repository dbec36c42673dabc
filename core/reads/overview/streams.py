"""How fresh the copy is: each stream's state, and the time as of which its figures are true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Row, select

from core.db.leases import SLACK
from core.db.tables import streams
from core.domain.stream_limits import (
    ASLEEP,
    BACKFILL,
    GAP,
    INBOX,
    INCOMPLETE,
    LEDGER,
    LIMITS,
    PASSING,
    REFRESH,
    RUNNING,
    STREAMS,
)
from core.reads.permissions import requires

State = Literal["fresh", "late", "stopped", "incomplete", "running"]

#: `error` of a stream that nothing was heard of; whose oldest waits too long; of a backfill that
#: was cut short.
SILENT = "silent"
BEHIND = "behind"
CUT_SHORT = "cut_short"


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream. `fresh_as_of`: all that Stripe had then is here; `behind` counts from there, but
    a backfill that ended is behind nothing.

    `late`, `stopped`: since `since`, for `error` (the code of one of our errors, or SILENT, BEHIND,
    CUT_SHORT, or what `core.domain.stream_limits` names), with what was said (`reason`) and the
    right that the key lacks (`permission`). `incomplete`: it goes on without what that right opens.
    `running` is a backfill's alone; its `reason` is how far it is in percent, if that is known.
    """

    name: str
    state: State
    fresh_as_of: datetime | None
    behind: timedelta | None
    since: datetime | None = None
    error: str | None = None
    reason: str | None = None
    permission: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to look."""
        return self.state in ("late", "stopped")


@requires("see_payments")
def stream_states(conn: Connection, *, livemode: bool, now: datetime) -> tuple[StreamState, ...]:
    """Every stream of a mode that a worker has written of, in their usual order."""
    rows = {row.name: row for row in conn.execute(select(streams).where(_mode(livemode)))}
    return tuple(_state(rows[name], now) for name in STREAMS if name in rows)


@requires("see_payments")
def ledger_as_of(conn: Connection, *, livemode: bool) -> datetime | None:
    """The ledger's own time: when its last complete walk began. None before the first."""
    name = streams.c.name == LEDGER
    found: datetime | None = conn.scalar(select(streams.c.fresh_as_of).where(name, _mode(livemode)))
    return found


@requires("see_payments")
def mirror_as_of(conn: Connection, *, livemode: bool) -> datetime | None:
    """The time as of which payments, refunds and disputes are shown: all that was told of them by
    then is applied and read again. None before a worker's first step."""
    name = streams.c.name.in_([INBOX, REFRESH])
    times = conn.scalars(select(streams.c.fresh_as_of).where(name, _mode(livemode))).all()
    known = [time for time in times if time is not None]
    return min(known) if len(known) == 2 else None


def _mode(livemode: bool) -> ColumnElement[bool]:
    return streams.c.livemode == livemode


def _state(row: Row[tuple[object, ...]], now: datetime) -> StreamState:
    from_when = row.fresh_as_of or row.failed_since or row.checked_at
    behind = max(now - from_when, timedelta(0)) if from_when else None

    def state(
        state: State,
        since: datetime | None = None,
        error: str | None = None,
        reason: str | None = None,
    ) -> StreamState:
        right = row.permission if error == row.error else None
        ended = row.name == BACKFILL and state in ("fresh", "incomplete", "running")
        return StreamState(
            row.name, state, row.fresh_as_of, None if ended else behind, since, error, reason, right
        )

    if row.name == BACKFILL:
        if row.error == RUNNING:
            asleep = now - row.checked_at > ASLEEP
            running = state("running", reason=row.reason)
            return state("late", row.checked_at, CUT_SHORT) if asleep else running
        if row.error == GAP:
            return state("stopped", row.failed_since, row.error)
    lacks = row.error == INCOMPLETE
    if row.name == BACKFILL and lacks:
        return state("incomplete", row.failed_since, row.error, row.reason)
    if row.failed_since is not None and not lacks and now - row.failed_since >= PASSING:
        return state("stopped", row.failed_since, row.error, row.reason)
    limits = LIMITS[row.name]
    if limits.silent and (row.checked_at is None or _is_off(row.checked_at, now, limits.silent)):
        return state("late", row.checked_at, SILENT)
    if limits.behind and row.fresh_as_of and _is_off(row.fresh_as_of, now, limits.behind):
        return state("late", row.fresh_as_of, BEHIND)
    if lacks:
        return state("incomplete", row.failed_since, row.error, row.reason)
    return state("fresh")


def _is_off(at: datetime, now: datetime, limit: timedelta) -> bool:
    """Whether it was longer ago; or lies ahead, so that nobody knows when it was."""
    return now - at > limit or at - now > max(limit, SLACK)
