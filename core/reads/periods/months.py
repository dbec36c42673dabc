"""The months there are, and how the closing of each stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from core.db.tables import periods, users
from core.domain.first_day import first_day
from core.reads.permissions import requires
from core.states import PeriodState


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the ledger. `state`: open, asked (a second person is to confirm), closed; a month
    that was opened again is open. `asked_by`, `closed_by` are names, or what else did it."""

    month: str
    first_day: date
    state: str
    number: int
    asked_by: str | None
    asked_at: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    digest: str | None
    certificate: str | None
    asked_by_id: str | None


OPEN = "open"


@requires("see_revenue")
def months(conn: Connection, *, livemode: bool, today: date) -> tuple[Month, ...]:
    """Every month from the ledger's first row to that of `today`, the newest first."""
    p = periods.c
    first = first_day(conn, livemode)
    known = {
        row.month: row
        for row in conn.execute(
            select(periods).where(p.livemode == livemode).order_by(p.month, p.number)
        )
    }
    people = select(users.c.id, users.c.name, users.c.email)
    names = {row[0]: row[1] or row[2] for row in conn.execute(people)}
    return tuple(_month(one, known.get(f"{one:%Y-%m}"), names) for one in _back(today, first))


def _back(today: date, first: date | None) -> Iterator[date]:
    month = today.replace(day=1)
    yield month
    while first is not None and month > first:
        month = (month - timedelta(days=1)).replace(day=1)
        yield month


def _month(first: date, row: Any, names: dict[str, str]) -> Month:
    name = f"{first:%Y-%m}"
    if row is None or row.state == PeriodState.REOPENED:
        number = 0 if row is None else row.number
        return Month(name, first, OPEN, number, None, None, None, None, None, None, None)
    return Month(
        name,
        first,
        row.state,
        row.number,
        names.get(row.asked_by, row.asked_by),
        row.asked_at,
        names.get(row.closed_by, row.closed_by) if row.closed_by else None,
        row.closed_at,
        row.digest,
        row.certificate,
        row.asked_by,
    )
