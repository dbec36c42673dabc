"""Which days are closed, and where a fact that comes late to one of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, select

from core.db.tables import periods
from core.errors import InvalidInput
from core.states import PeriodState

#: First and last day of a closed month.
Closed = tuple[date, date]


def closed_days(connection: Connection, *, livemode: bool) -> list[Closed]:
    """The closed months of a mode, the earliest first."""
    p = periods.c
    query = select(p.first_day, p.last_day).where(
        p.livemode == livemode, p.state == PeriodState.CLOSED
    )
    return sorted((row[0], row[1]) for row in connection.execute(query))


def check_zone(connection: Connection, zone: str) -> None:
    """`InvalidInput` where a month was closed by the days of another zone: in this one its rows
    would be of other days."""
    p = periods.c
    query = select(p.month, p.zone).where(p.state == PeriodState.CLOSED, p.zone != zone)
    if (found := connection.execute(query.order_by(p.month).limit(1)).first()) is not None:
        raise InvalidInput(
            "REPORTING_TIMEZONE",
            f"is {found.zone} in {found.month}, which is closed: reopen it, or keep that zone",
        )


def booked_day(day: date, closed: Sequence[Closed]) -> date | None:
    """The first open day from this one on, where the day itself is closed; None where it is not."""
    found = day
    for first, last in closed:
        if first <= found <= last:
            found = last + timedelta(days=1)
    return found if found != day else None
