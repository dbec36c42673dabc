"""Reconciliations: the last one, how each identity stands, and the one that is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core import clock
from core.db.tables import breaks, reconcile_runs
from core.domain import cursors
from core.domain.first_day import first_day
from core.reads.permissions import requires
from core.reads.search.logs.names import names_of
from core.states import BreakState

#: Of runs that hold the first of the days so many are looked at: the one wanted is seldom far back.
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Run:
    """A reconciliation of the days `first` to `last`, both included. `outcome` is agrees, differs
    or unknown; `unknown` names the identities that could not be held."""

    number: int
    first: date
    last: date
    outcome: str
    open: int
    expected: int
    asked_by: str
    started_at: datetime
    ended_at: datetime
    unknown: tuple[str, ...]

    @property
    def lasted(self) -> timedelta:
        """How long it took."""
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class Asked:
    """A reconciliation that a person asked for. `done` of `whole` days of Stripe's list are read;
    `error` is why it ended without a result."""

    asked_at: datetime
    began: bool
    ended: bool
    done: int
    whole: int
    error: str | None


@requires("see_revenue")
def last(conn: Connection, *, livemode: bool, since: date, until: date) -> Run | None:
    """The last run that held these days, from `since` until before `until`, or those of them that
    there were when it ran."""
    r = reconcile_runs.c
    query = (
        select(reconcile_runs)
        .where(r.livemode == livemode, r.first_day <= since, r.last_day >= since)
        .order_by(r.ended_at.desc(), r.id.desc())
    )
    for row in conn.execute(query.limit(_LOOKED_AT)):
        today = clock.business_day(row.ended_at, ZoneInfo(row.zone))
        if row.last_day >= min(until - timedelta(days=1), today):
            found = json.loads(row.witnesses)
            return Run(
                row.id,
                row.first_day,
                row.last_day,
                row.outcome,
                row.open,
                row.expected,
                names_of(conn, [row.asked_by]).get(row.asked_by, row.asked_by),
                row.started_at,
                row.ended_at,
                tuple(found.get("unknown", ())),
            )
    return None


@requires("see_revenue")
def counts(conn: Connection, *, livemode: bool) -> dict[str, dict[str, int]]:
    """By identity, how many differences there are in each state but those that are gone."""
    c = breaks.c
    query = (
        select(c.identity, c.state, func.count())
        .where(c.livemode == livemode, c.state != BreakState.CLOSED)
        .group_by(c.identity, c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for identity, state, count in conn.execute(query):
        found.setdefault(identity, {})[state] = int(count)
    return found


@requires("see_revenue")
def asked(conn: Connection, *, livemode: bool) -> Asked | None:
    """The last reconciliation that was asked for, if there was one."""
    kept = cursors.position(conn, cursors.reconcile_request(livemode))
    if kept is None:
        return None
    return Asked(
        datetime.fromisoformat(kept["asked_at"]),
        kept.get("fence") is not None,
        kept.get("ended_at") is not None,
        kept.get("done", 0),
        kept.get("whole", 0),
        kept.get("error"),
    )


@requires("see_revenue")
def months(conn: Connection, *, livemode: bool, today: date) -> tuple[date, ...]:
    """The first days of the months that there is anything of, this month first."""
    oldest = first_day(conn, livemode)
    found = [today.replace(day=1)]
    while oldest is not None and found[-1] > oldest.replace(day=1):
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return tuple(found)
