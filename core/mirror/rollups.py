"""Proof that every sum equals its rows, and the repair when one does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    bindparam,
    delete,
    func,
    select,
    update,
)

from core import clock
from core.db import turns
from core.db.engine import alone, one_picture, retrying
from core.db.tables import (
    amount_hist,
    balance_transaction_fees,
    balance_transactions,
    facets,
    payments,
    payments_daily,
    revenue_country_daily,
    revenue_daily,
    revenue_fee_parts_daily,
)
from core.db.tables import email_prefix as email_prefixes
from core.domain.search_histograms import amount_bucket, email_prefix
from core.ledger import payment_words
from core.ledger.booking import ALL_BOOKS
from core.ledger.closed_days import check_zone
from core.risk import score_copies

Sums = dict[tuple[Any, ...], tuple[int, ...]]
_REVENUE = ("gross_minor", "fee_minor", "net_minor", "count")
_PART_KEYS = ("livemode", "day", "currency", "type")
_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum that is not what its rows say. Figures are minor units and counts, in key order."""

    table: str
    key: tuple[Any, ...]
    kept: tuple[int | None, ...]
    true: tuple[int | None, ...]


def differences(engine: Engine) -> list[Difference]:
    """`verify` on one picture of the database: writers may go on meanwhile."""
    with one_picture(engine) as connection:
        return verify(connection)


def rebuild_all(engine: Engine, zone: ZoneInfo) -> None:
    """`rebuild` in one transaction that keeps writers waiting."""

    def work() -> None:
        with alone(engine) as connection:
            turns.take(connection, *ALL_BOOKS)
            rebuild(connection, zone)

    retrying(work)


def verify(connection: Connection) -> list[Difference]:
    """Every difference between the sums and their rows; none when the books are right."""
    found: list[Difference] = []
    for table, dimension in _revenue_tables():
        kept = _kept_revenue(connection, table, dimension)
        found += _differences(table.name, kept, _true_revenue(connection, dimension))
    found += _differences(
        revenue_fee_parts_daily.name, _kept_parts(connection), _true_parts(connection)
    )
    found += _differences("payments_daily", _kept_days(connection), _true_days(connection))
    buckets, prefixes = _true_counts(connection)
    found += _differences("amount_hist", _kept_counts(connection, amount_hist), buckets)
    found += _differences("email_prefix", _kept_counts(connection, email_prefixes), prefixes)
    found += _differences(
        "payment_words", payment_words.kept(connection), payment_words.true(connection)
    )
    found += [
        Difference("risk_assessments", (payment,), kept, true)
        for payment, kept, true in score_copies.unlike(connection)
    ]
    return found


def rebuild(connection: Connection, zone: ZoneInfo) -> None:
    """Write all sums anew from their rows, by the days of `zone`; the caller commits.

    No other transaction may change payments or ledger meanwhile. `InvalidInput` where that would
    move rows of a closed month to other days.
    """
    check_zone(connection, str(zone))
    _redate(connection, balance_transactions, "business_day", zone)
    _redate(connection, payments, "day", zone)
    for table, dimension in _revenue_tables():
        keys = ("livemode", "day", "currency", "reporting_category", dimension)
        _replace(connection, table, keys, _REVENUE, _true_revenue(connection, dimension))
    parts = _true_parts(connection)
    _replace(connection, revenue_fee_parts_daily, _PART_KEYS, ("amount_minor",), parts)
    numbered = {row.id: row._asdict() for row in connection.execute(select(facets))}
    days = _true_days(connection)
    connection.execute(delete(payments_daily))
    for chunk in _chunks(list(days.items())):
        rows = [
            {k: v for k, v in numbered[facet].items() if k != "id"}
            | {"day": day, "facet": facet, "slot": 0, "count": count}
            | {"amount_minor": amount, "captured_minor": captured}
            for (day, facet), (count, amount, captured) in chunk
        ]
        connection.execute(payments_daily.insert(), rows)
    buckets, prefixes = _true_counts(connection)
    _replace(connection, amount_hist, ("currency", "bucket"), ("n",), buckets)
    _replace(connection, email_prefixes, ("p3",), ("n",), prefixes)
    payment_words.rebuild(connection)
    score_copies.repair(connection)


def _revenue_tables() -> tuple[tuple[Table, str], ...]:
    return (revenue_daily, "method"), (revenue_country_daily, "card_country")


def _differences(name: str, kept: Sums, true: Sums) -> list[Difference]:
    return [
        Difference(name, key, kept.get(key, ()), true.get(key, ()))
        for key in sorted(kept.keys() | true.keys(), key=str)
        if kept.get(key) != true.get(key)
    ]


def _grouped(
    connection: Connection,
    keys: Sequence[ColumnElement[Any]],
    sums: Sequence[ColumnElement[Any]],
    *where: ColumnElement[bool],
) -> Sums:
    rows = connection.execute(select(*keys, *sums).where(*where).group_by(*keys))
    found = {tuple(r[: len(keys)]): tuple(int(n) for n in r[len(keys) :]) for r in rows}
    # What came and went again leaves a row of zeros; it says the same as no row.
    return {key: figures for key, figures in found.items() if any(figures)}


def _kept_revenue(connection: Connection, table: Table, dimension: str) -> Sums:
    keys = ("livemode", "day", "currency", "reporting_category", dimension)
    return _grouped(
        connection, [table.c[name] for name in keys], [func.sum(table.c[n]) for n in _REVENUE]
    )


def _true_revenue(connection: Connection, dimension: str) -> Sums:
    b = balance_transactions.c
    keys = [b.livemode, b.business_day, b.currency, b.reporting_category, b[dimension]]
    sums = [func.sum(b.amount_minor), func.sum(b.fee_minor), func.sum(b.net_minor), func.count()]
    return _grouped(connection, keys, sums)


def _kept_parts(connection: Connection) -> Sums:
    c = revenue_fee_parts_daily.c
    return _grouped(connection, [c[name] for name in _PART_KEYS], [func.sum(c.amount_minor)])


def _true_parts(connection: Connection) -> Sums:
    b, f = balance_transactions.c, balance_transaction_fees.c
    keys = [b.livemode, b.business_day, f.currency, f.type]
    behind = b.stripe_id == f.transaction_id
    return _grouped(connection, keys, [func.sum(f.amount_minor)], behind)


def _kept_days(connection: Connection) -> Sums:
    d = payments_daily.c
    sums = [func.sum(d[name]) for name in ("count", "amount_minor", "captured_minor")]
    return _grouped(connection, [d.day, d.facet], sums)


def _true_days(connection: Connection) -> Sums:
    p = payments.c
    sums = [func.count(), func.sum(p.amount_minor), func.sum(p.amount_captured_minor)]
    return _grouped(connection, [p.day, p.facet], sums)


def _kept_counts(connection: Connection, table: Table) -> Sums:
    keys = [column for column in table.c if column.name not in ("slot", "n")]
    return _grouped(connection, keys, [func.sum(table.c.n)])


def _true_counts(connection: Connection) -> tuple[Sums, Sums]:
    p = payments.c
    buckets: Counter[tuple[Any, ...]] = Counter()
    amounts = select(p.currency, p.amount_minor, func.count()).group_by(p.currency, p.amount_minor)
    for currency, amount, n in connection.execute(amounts):
        buckets[currency, amount_bucket(amount)] += n
    prefixes: Counter[tuple[Any, ...]] = Counter()
    emails = select(p.email, func.count()).where(p.email.is_not(None)).group_by(p.email)
    for email, n in connection.execute(emails):
        if email:
            prefixes[(email_prefix(email),)] += n
    return {k: (n,) for k, n in buckets.items()}, {k: (n,) for k, n in prefixes.items()}


def _replace(
    connection: Connection, table: Table, keys: Sequence[str], names: Sequence[str], sums: Sums
) -> None:
    connection.execute(delete(table))
    rows = [
        dict(zip(keys, key, strict=True)) | dict(zip(names, figures, strict=True)) | {"slot": 0}
        for key, figures in sums.items()
    ]
    for chunk in _chunks(rows):
        connection.execute(table.insert(), chunk)


def _redate(connection: Connection, table: Table, column: str, zone: ZoneInfo) -> None:
    """Set the day of each row whose day is another one in this zone."""
    last = ""
    while True:
        rows = connection.execute(
            select(table.c.stripe_id, table.c.created_at, table.c[column])
            .where(table.c.stripe_id > last)
            .order_by(table.c.stripe_id)
            .limit(_CHUNK)
        ).all()
        if not rows:
            return
        last = rows[-1][0]
        moved = [
            {"id_": row[0], "day_": clock.business_day(row[1], zone)}
            for row in rows
            if clock.business_day(row[1], zone) != row[2]
        ]
        if moved:
            statement = update(table).where(table.c.stripe_id == bindparam("id_"))
            connection.execute(statement.values({column: bindparam("day_")}), moved)


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]
