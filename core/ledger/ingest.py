"""Balance transactions into the ledger, once each, with their sums in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Table,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
    update,
)

from core import clock
from core.db.bulk import insert_rows
from core.db.tables import (
    balance_transaction_fees,
    balance_transactions,
    charges,
    disputes,
    payments,
    refunds,
    revenue_country_daily,
    revenue_daily,
    revenue_fee_parts_daily,
)
from core.db.turns import hold
from core.db.upsert import add_to, insert_new
from core.gateway.ledger_entries import DISPUTE_IDS, REFUND_IDS, source_kind
from core.gateway.snapshots import LedgerEntry
from core.ledger.booking import Scope
from core.ledger.closed_days import booked_day, closed_days
from core.ledger.stored_entries import Booked, keep_entries

#: What a captured authorization was written as, before a part of it was let go.
REVERSAL = "partial_capture_reversal"
#: The categories of the rows that pay for a payment: one a capture, and what takes one back.
PAID_BY = ("charge", REVERSAL, "charge_failure")
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


_P, _B = payments.c, balance_transactions.c
_PRESENT = hold(select(_P.stripe_id).where(_P.stripe_id.in_(_IDS)).order_by(_P.stripe_id))
_ITS = (_B.payment_id == _P.stripe_id) & _B.reporting_category.in_(
    bindparam("paid_by", expanding=True)
)
_ALIKE = func.min(_B.currency) == func.max(_B.currency)
_FIGURES = (
    update(payments)
    .where(_P.stripe_id.in_(_IDS))
    .values(
        {
            column: select(case((_ALIKE, total))).where(_ITS).scalar_subquery()
            for column, total in (
                (_P.fee_minor, func.sum(_B.fee_minor)),
                (_P.net_minor, func.sum(_B.net_minor)),
                (_P.settlement_currency, func.min(_B.currency)),
            )
        }
    )
)


class Origin(NamedTuple):
    """What stands behind a ledger row: `method` and `card_country` are '' where there is none."""

    payment_id: str | None
    method: str
    card_country: str


_NO_ORIGIN = Origin(None, "", "")


class Ingested(NamedTuple):
    """`new` rows were written. `unlinked` payments have a charge row but are not mirrored yet;
    `sources` (kind, id) stand behind rows and are not either; `reversed` payments had a part of
    their authorization let go."""

    new: int
    unlinked: list[str]
    sources: list[tuple[str, str]]
    reversed: list[str]


_NOTHING = Ingested(0, [], [], [])


def sources_behind(
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


def ingest(
    connection: Connection,
    entries: Sequence[LedgerEntry],
    scope: Scope,
    booked: Mapping[str, Booked] | None = None,
) -> Ingested:
    """Write the entries that are not there yet, whatever is known of the charges behind them.

    `booked` says how they were booked when they came first; else they are booked now.
    Raises `InsertRace` when another worker wrote one of them meanwhile: the caller tries again,
    for else its rows would enter the sums twice.
    """
    if not entries:
        return _NOTHING
    scope.take_turn(connection)
    kept, origins = sources_behind(connection, entries)
    fresh = {entry.stripe_id: entry for entry in entries if entry.stripe_id not in kept}
    if not fresh:
        return _NOTHING
    found = origins | _indirect(connection, fresh.values(), origins)
    rows = [_row(entry, _origin(entry, found), scope) for entry in fresh.values()]
    if booked is None:
        booked = _booked(connection, rows)
    for row in rows:
        one = booked[row["stripe_id"]]
        row["first_seen_at"], row["booked_day"] = one.first_seen_at, one.booked_day
    insert_new(connection, balance_transactions, sorted(rows, key=lambda row: row["stripe_id"]))
    keep_entries(connection, fresh.values(), booked)
    parts = _fee_rows(fresh.values())
    if parts:
        insert_rows(connection, balance_transaction_fees, parts)
        write_fee_sums(connection, rows, parts, scope.slot)
    unlinked = _link(connection, rows)
    write_sums(connection, rows, scope.slot)
    return Ingested(len(rows), unlinked, _missing(fresh.values(), found), _reversed(rows))


def relink(connection: Connection, ids: Iterable[str], scope: Scope) -> Ingested:
    """Link ledger rows that were booked before these charges, refunds or disputes were mirrored.

    Their sums move with them. What is still missing behind them is returned as by `ingest`.
    """
    wanted = set(ids)
    scope.take_turn(connection)
    r, d, b = refunds.c, disputes.c, balance_transactions.c
    for column in (r, d):
        query = select(column.stripe_id).where(column.charge_id.in_(sorted(wanted)))
        wanted |= set(connection.scalars(query))
    if not wanted:
        return _NOTHING
    waiting = hold(
        select(balance_transactions)
        .where(b.source_id.in_(sorted(wanted)), b.payment_id.is_(None))
        .order_by(b.stripe_id)
    )
    before = [dict(row) for row in connection.execute(waiting).mappings()]
    origins = _through_parts(connection, {row["source_id"] for row in before})
    origins |= _of_charges(connection, {row["source_id"] for row in before})
    after = [
        row | origins[row["source_id"]]._asdict() for row in before if row["source_id"] in origins
    ]
    before = [row for row in before if row["source_id"] in origins]
    if not after:
        return _NOTHING
    connection.execute(
        update(balance_transactions)
        .where(b.stripe_id == bindparam("own"))
        .values(payment_id=bindparam("of"), method=bindparam("by"), card_country=bindparam("from")),
        [
            {"own": row["stripe_id"], "of": row["payment_id"]}
            | {"by": row["method"], "from": row["card_country"]}
            for row in after
        ],
    )
    unlinked = _link(connection, after)
    write_sums(connection, before, scope.slot, times=-1)
    write_sums(connection, after, scope.slot)
    return Ingested(0, unlinked, [], _reversed(after))


def _origin(entry: LedgerEntry, found: Mapping[str, Origin]) -> Origin:
    return found.get(entry.charge_id or entry.source_id or "", _NO_ORIGIN)


def _indirect(
    connection: Connection, entries: Iterable[LedgerEntry], origins: Mapping[str, Origin]
) -> dict[str, Origin]:
    """What stands behind rows whose source Stripe did not show: through the mirrored source."""
    sources = {
        entry.source_id
        for entry in entries
        if entry.source_id and entry.charge_id is None and _kind_of(entry.source_id) != "charge"
    }
    return _through_parts(connection, sources)


def _through_parts(connection: Connection, sources: set[str]) -> dict[str, Origin]:
    found: dict[str, Origin] = {}
    for table, starts in ((refunds, REFUND_IDS), (disputes, DISPUTE_IDS)):
        ids = sorted(one for one in sources if one.startswith(starts))
        if not ids:
            continue
        c = charges.c
        query = (
            select(table.c.stripe_id, c.payment_id, c.method_type, c.card_country)
            .join(charges, c.stripe_id == table.c.charge_id)
            .where(table.c.stripe_id.in_(ids))
        )
        found |= {
            row[0]: Origin(row[1], row[2] or "", row[3] or "") for row in connection.execute(query)
        }
    return found


def _of_charges(connection: Connection, sources: set[str]) -> dict[str, Origin]:
    c = charges.c
    query = select(c.stripe_id, c.payment_id, c.method_type, c.card_country).where(
        c.stripe_id.in_(sorted(sources))
    )
    return {row[0]: Origin(row[1], row[2] or "", row[3] or "") for row in connection.execute(query)}


def _kind_of(source_id: str) -> str | None:
    """The kind of object that leads to a payment; None for one that does not."""
    kind = source_kind(source_id)
    return None if kind == "payout" else kind


def _missing(entries: Iterable[LedgerEntry], found: Mapping[str, Origin]) -> list[tuple[str, str]]:
    """What must be read so that these rows can be linked: their sources, and charges by name."""
    wanted: set[tuple[str, str]] = set()
    for entry in entries:
        if (entry.charge_id or entry.source_id or "") in found:
            continue
        for one in (entry.charge_id, entry.source_id):
            if one and (kind := _kind_of(one)):
                wanted.add((kind, one))
    return sorted(wanted)


def _reversed(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(
        {
            row["payment_id"]
            for row in rows
            if row["reporting_category"] == REVERSAL and row["payment_id"]
        }
    )


def _row(entry: LedgerEntry, origin: Origin, scope: Scope) -> dict[str, Any]:
    row = dict(vars(entry))
    del row["charge_id"], row["fee_parts"]
    row["payment_id"], row["method"], row["card_country"] = origin
    row["business_day"] = scope.day(entry.created_at)
    return row


def _booked(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, Booked]:
    """When each row was seen first, and on which day it counts: a closed month stays."""
    now = clock.now()
    closed = {
        livemode: closed_days(connection, livemode=livemode)
        for livemode in {row["livemode"] for row in rows}
    }
    return {
        row["stripe_id"]: Booked(now, booked_day(row["business_day"], closed[row["livemode"]]))
        for row in rows
    }


def _fee_rows(entries: Iterable[LedgerEntry]) -> list[dict[str, Any]]:
    return [
        {
            "transaction_id": entry.stripe_id,
            "position": position,
            "type": part.type,
            "amount_minor": part.amount_minor,
            "currency": part.currency,
            "application": part.application,
            "description": part.description,
        }
        for entry in entries
        for position, part in enumerate(entry.fee_parts)
    ]


def _link(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put fee and net on the payments that these rows pay for: the sums of all such rows.

    Rows in two currencies have no sum: such a payment shows none.
    """
    wanted = sorted(
        {r["payment_id"] for r in rows if r["reporting_category"] in PAID_BY and r["payment_id"]}
    )
    if not wanted:
        return []
    present = list(connection.scalars(_PRESENT, {"ids": wanted}))
    connection.execute(_FIGURES, {"ids": present, "paid_by": PAID_BY})
    return sorted(set(wanted) - set(present))


def write_sums(
    connection: Connection, rows: Sequence[Mapping[str, Any]], slot: int, *, times: int = 1
) -> None:
    """Add ledger rows to the daily sums, by method and by card country; -1 takes them out."""
    for table, dimension in (
        (revenue_daily, "method"),
        (revenue_country_daily, "card_country"),
    ):
        _write_sum(connection, table, dimension, rows, slot, times)


def write_fee_sums(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    parts: Sequence[Mapping[str, Any]],
    slot: int,
) -> None:
    """Add the parts of the fees of these ledger rows to the daily sums by part."""
    of = {row["stripe_id"]: row for row in rows}
    sums: Counter[tuple[Any, ...]] = Counter()
    for part in parts:
        row = of[part["transaction_id"]]
        key = (row["livemode"], row["business_day"], part["currency"], part["type"])
        sums[key] += part["amount_minor"]
    keys = ("livemode", "day", "currency", "type")
    written = [
        dict(zip(keys, key, strict=True)) | {"amount_minor": amount, "slot": slot}
        for key, amount in sums.items()
    ]
    add_to(connection, revenue_fee_parts_daily, written, ["amount_minor"])


def _write_sum(
    connection: Connection,
    table: Table,
    dimension: str,
    rows: Sequence[Mapping[str, Any]],
    slot: int,
    times: int,
) -> None:
    sums: dict[tuple[Any, ...], list[int]] = {}
    key_of = itemgetter("livemode", "business_day", "currency", "reporting_category", dimension)
    figures_of = itemgetter("amount_minor", "fee_minor", "net_minor")
    for row in rows:
        total = sums.setdefault(key_of(row), [0, 0, 0, 0])
        amount, fee, net = figures_of(row)
        total[0] += times * amount
        total[1] += times * fee
        total[2] += times * net
        total[3] += times
    keys = ("livemode", "day", "currency", "reporting_category", dimension)
    written = [
        dict(zip(keys, key, strict=True)) | dict(zip(_SUMS, total, strict=True)) | {"slot": slot}
        for key, total in sums.items()
    ]
    add_to(connection, table, written, _SUMS)
