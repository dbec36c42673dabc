"""Folding the slots of closed days into slot 0, so that reads touch fewer rows."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Table, and_, bindparam, delete, select

from core.db.tables import (
    payments_daily,
    revenue_country_daily,
    revenue_daily,
    revenue_fee_parts_daily,
)
from core.db.turns import hold
from core.db.upsert import add_to

_SUMS = {
    revenue_daily: ("gross_minor", "fee_minor", "net_minor", "count"),
    revenue_country_daily: ("gross_minor", "fee_minor", "net_minor", "count"),
    revenue_fee_parts_daily: ("amount_minor",),
    payments_daily: ("count", "amount_minor", "captured_minor"),
}


def fold(connection: Connection, *, before: date) -> int:
    """Sum the days before `before` into slot 0; how many rows that took away. Caller commits.

    A row that arrives late simply opens a slot again, until the next fold.
    """
    return sum(_fold(connection, table, names, before) for table, names in _SUMS.items())


def _fold(connection: Connection, table: Table, names: tuple[str, ...], before: date) -> int:
    open_slots = and_(table.c.day < before, table.c.slot > 0)
    keys = [c for c in table.c if c.name not in (*names, "slot")]
    # Locked one by one, and read as they then stand: a sum over unlocked rows could miss one.
    rows = connection.execute(hold(select(table).where(open_slots))).mappings().all()
    if not rows:
        return 0
    total: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        key = tuple(row[column.name] for column in keys)
        sums = total.setdefault(key, [0] * len(names))
        for place, name in enumerate(names):
            sums[place] += row[name]
    # Exactly the rows that were summed: one that another worker opens meanwhile must stay.
    primary = list(table.primary_key.columns)
    exactly = and_(*(column == bindparam(f"{column.name}_") for column in primary))
    gone = [{f"{column.name}_": row[column.name] for column in primary} for row in rows]
    connection.execute(delete(table).where(exactly), gone)
    folded = [
        dict(zip((c.name for c in keys), key, strict=True))
        | dict(zip(names, sums, strict=True))
        | {"slot": 0}
        for key, sums in total.items()
    ]
    add_to(connection, table, folded, names)
    return len(rows)
