"""Balance transactions into the ledger, once each, with their sums in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Table,
    bindparam,
    literal_column,
    select,
    union_all,
    update,
)

from core.db.tables import (
    balance_transactions,
    charges,
    payments,
    revenue_country_daily,
    revenue_daily,
)
from core.db.upsert import add_to, insert_new
from core.gateway.snapshots import LedgerEntry
from core.ledger.scope import Scope

#: The category of the row that pays for a charge.
CHARGE = "charge"
_SUMS = ("gross_minor", "fee_minor", "net_minor", "count")


# Built once: putting a statement together takes longer than running it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CHARGES: BindParameter[Any] = bindparam("charges", expanding=True)
#: Rows that are there, and the charges behind rows, in one trip to the database.
_BEHIND = union_all(
    select(
        balance_transactions.c.stripe_id,
        *(literal_column("NULL").label(name) for name in ("payment_id", "method", "country")),
        literal_column("1").label("kept"),
    ).where(balance_transactions.c.stripe_id.in_(_IDS)),
    select(
        charges.c.stripe_id,
        charges.c.payment_id,
        charges.c.method_type,
        charges.c.card_country,
        literal_column("0"),
    ).where(charges.c.stripe_id.in_(_CHARGES)),
)


class Origin(NamedTuple):
    """What stands behind a ledger row: `method` and `card_country` are '' where there is none."""

    payment_id: str | None
    method: str
    card_country: str


_NO_ORIGIN = Origin(None, "", "")


class Ingested(NamedTuple):
    """`new` rows were written; `unlinked` payments have a charge row but are not mirrored yet."""

    new: int
    unlinked: list[str]


def behind(
    connection: Connection, entries: Sequence[LedgerEntry]
) -> tuple[set[str], dict[str, Origin]]:
    """Which of these rows are in the ledger, and what is known of the charges behind them all.

    Charges that are not mirrored are left out.
    """
    asked = {
        "ids": [entry.stripe_id for entry in entries],
        "charges": sorted({entry.charge_id for entry in entries if entry.charge_id}),
    }
    kept: set[str] = set()
    origins: dict[str, Origin] = {}
    for stripe_id, payment_id, method, country, is_row in connection.execute(_BEHIND, asked):
        if is_row:
            kept.add(stripe_id)
        else:
            origins[stripe_id] = Origin(payment_id, method or "", country or "")
    return kept, origins


def ingest(connection: Connection, entries: Sequence[LedgerEntry], scope: Scope) -> Ingested:
    """Write the entries that are not there yet. The charges behind them must be mirrored.

    Raises `InsertRace` when another worker wrote one of them meanwhile: the caller tries again,
    for else its rows would enter the sums twice.
    """
    if not entries:
        return Ingested(0, [])
    kept, origins = behind(connection, entries)
    fresh = {entry.stripe_id: entry for entry in entries if entry.stripe_id not in kept}
    if not fresh:
        return Ingested(0, [])
    rows = [
        _row(entry, origins.get(entry.charge_id or "", _NO_ORIGIN), scope)
        for entry in fresh.values()
    ]
    insert_new(connection, balance_transactions, sorted(rows, key=lambda row: row["stripe_id"]))
    unlinked = _link(connection, rows)
    write_sums(connection, rows, scope.slot)
    return Ingested(len(rows), unlinked)


def _row(entry: LedgerEntry, origin: Origin, scope: Scope) -> dict[str, Any]:
    row = dict(vars(entry))
    del row["charge_id"], row["fee_parts"]
    row["payment_id"], row["method"], row["card_country"] = origin
    row["business_day"] = scope.day(entry.created_at)
    return row


def _link(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put fee and net on the payments whose latest charge these rows pay for."""
    wanted = sorted(
        {r["payment_id"] for r in rows if r["reporting_category"] == CHARGE and r["payment_id"]}
    )
    if not wanted:
        return []
    p, b = payments.c, balance_transactions.c
    locked = select(p.stripe_id).where(p.stripe_id.in_(wanted)).order_by(p.stripe_id)
    present = list(connection.scalars(locked.with_for_update()))
    of_charge = (b.source_id == p.latest_charge_id) & (b.reporting_category == CHARGE)
    figure = {
        column: select(source).where(of_charge).limit(1).scalar_subquery()
        for column, source in (
            (p.fee_minor, b.fee_minor),
            (p.net_minor, b.net_minor),
            (p.settlement_currency, b.currency),
        )
    }
    connection.execute(
        update(payments).where(p.stripe_id.in_(present)).values(figure),
        execution_options={"synchronize_session": False},
    )
    return sorted(set(wanted) - set(present))


def write_sums(connection: Connection, rows: Sequence[Mapping[str, Any]], slot: int) -> None:
    """Add ledger rows to the daily sums, by method and by card country."""
    for table, dimension in (
        (revenue_daily, "method"),
        (revenue_country_daily, "card_country"),
    ):
        _write_sum(connection, table, dimension, rows, slot)


def _write_sum(
    connection: Connection,
    table: Table,
    dimension: str,
    rows: Sequence[Mapping[str, Any]],
    slot: int,
) -> None:
    sums: dict[tuple[Any, ...], list[int]] = {}
    key_of = itemgetter("livemode", "business_day", "currency", "reporting_category", dimension)
    figures_of = itemgetter("amount_minor", "fee_minor", "net_minor")
    for row in rows:
        total = sums.setdefault(key_of(row), [0, 0, 0, 0])
        amount, fee, net = figures_of(row)
        total[0] += amount
        total[1] += fee
        total[2] += net
        total[3] += 1
    keys = ("livemode", "day", "currency", "reporting_category", dimension)
    written = [
        dict(zip(keys, key, strict=True)) | dict(zip(_SUMS, total, strict=True)) | {"slot": slot}
        for key, total in sums.items()
    ]
    add_to(connection, table, written, _SUMS)
