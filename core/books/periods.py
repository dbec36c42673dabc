"""Whether a month is closed: only then is what is exported of it kept as a batch."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from core.db.tables import periods
from core.states import PeriodState


def is_closed(connection: Connection, month: date, *, livemode: bool) -> bool:
    """Whether the month that begins on this day is closed."""
    p = periods.c
    asked = select(p.id).where(
        p.livemode == livemode, p.first_day == month, p.state == PeriodState.CLOSED
    )
    return connection.execute(asked).first() is not None
