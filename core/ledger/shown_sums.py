"""The sums that payments stand in, told by words: for showing how a write would change them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, func, select

from core.db.tables import amount_hist, payments_daily
from core.db.tables import email_prefix as email_prefixes
from core.domain.search_histograms import amount_bucket, email_prefix
from core.ledger.payment_rollups import facet_of

#: Rows or sums by table and key.
Picture = dict[tuple[str, str], Mapping[str, Any]]

_FACET = ("day", "livemode", "status", "state", "currency", "method", "risk_level", "dispute")
_COUNTS = ("count", "amount_minor", "captured_minor")


def read_sums(
    connection: Connection, rows: Iterable[Mapping[str, Any]], slot: int | None = None
) -> Picture:
    """The daily counts, amounts and search counts in which payments rows stand; zero where
    nothing stands yet. Over all slots, or in one. Other rows are passed over."""
    stand = [row for row in rows if "facet" in row]
    days = {(row["day"], *facet_of(row)) for row in stand}
    buckets = {(row["currency"], amount_bucket(row["amount_minor"])) for row in stand}
    prefixes = {(email_prefix(row["email"]),) for row in stand if row["email"]}
    return (
        _read(connection, payments_daily, _FACET, _COUNTS, days, slot)
        | _read(connection, amount_hist, ("currency", "bucket"), ("n",), buckets, slot)
        | _read(connection, email_prefixes, ("p3",), ("n",), prefixes, slot)
    )


def _read(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    sums: tuple[str, ...],
    wanted: set[tuple[Any, ...]],
    slot: int | None,
) -> Picture:
    found: Picture = {_key(table, key): dict.fromkeys(sums, 0) for key in wanted}
    if not wanted:
        return found
    keys = [table.c[name] for name in names]
    totals = [func.sum(table.c[name]) for name in sums]
    asked = select(*keys, *totals).where(keys[0].in_({key[0] for key in wanted})).group_by(*keys)
    if slot is not None:
        asked = asked.where(table.c.slot == slot)
    for row in connection.execute(asked):
        key = tuple(row[: len(keys)])
        if key in wanted:
            values = map(int, row[len(keys) :])
            found[_key(table, key)] = dict(zip(sums, values, strict=True))
    return found


def _key(table: Table, key: tuple[Any, ...]) -> tuple[str, str]:
    words = ["live" if part is True else "test" if part is False else str(part) for part in key]
    return table.name, " ".join(word for word in words if word)
