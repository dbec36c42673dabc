"""Stripe's reports that were taken in and count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core.db.tables import stripe_reports, users
from core.domain.stripe_reports import current_reports
from core.reads.permissions import requires

_R = stripe_reports.c


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report of the days `first` to `last` of `zone`, both included. `currencies`: those that no
    later report of the same kind and days speaks for."""

    number: int
    report_type: str
    first: date
    last: date
    zone: str
    currencies: tuple[str, ...]
    rows: int
    file_name: str
    imported_by: str
    imported_at: datetime


@requires("see_revenue")
def reports(conn: Connection, *, livemode: bool) -> tuple[ReportRow, ...]:
    """The reports of a mode that count, the last days first."""
    current = {one.report_id: one for one in current_reports(conn, livemode)}
    who = func.coalesce(func.nullif(users.c.name, ""), users.c.email, _R.imported_by)
    asked = (
        select(_R.id, _R.row_count, _R.file_name, who)
        .outerjoin(users, users.c.id == _R.imported_by)
        .where(_R.livemode == livemode, _R.superseded_at.is_(None))
        .order_by(_R.end_at.desc(), _R.id.desc())
    )
    return tuple(
        ReportRow(
            number,
            current[number].report_type,
            *_days(current[number].start, current[number].end, current[number].zone),
            current[number].zone,
            current[number].currencies,
            rows,
            file_name,
            by,
            current[number].imported_at,
        )
        for number, rows, file_name, by in conn.execute(asked)
        if number in current
    )


def _days(start: datetime, end: datetime, zone: str) -> tuple[date, date]:
    own = ZoneInfo(zone)
    return start.astimezone(own).date(), (end - timedelta(seconds=1)).astimezone(own).date()
