"""The day on which a mode's ledger begins."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, bindparam, select

from core.db.tables import revenue_daily

_R = revenue_daily.c
#: The next currency with its first day, as the key of the sums has them: rows are not read.
_NEXT = (
    select(_R.currency, _R.day)
    .where(_R.livemode == bindparam("livemode"), _R.currency > bindparam("after"))
    .order_by(_R.currency, _R.day)
    .limit(1)
)


def first_day(connection: Connection, livemode: bool) -> date | None:
    """The first business day with a row of any currency; None where there is none."""
    found: list[date] = []
    after = ""
    while row := connection.execute(_NEXT, {"livemode": livemode, "after": after}).first():
        after, day = row
        found.append(day)
    return min(found, default=None)
