"""Fills a database with generated payments, their ledger and all sums, once per size.

SQLite: a file under benchmarks/data/. MariaDB: a database of its own on the server that the engine
speaks to. What is there already is used again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, Index, MetaData, Table, func, inspect, select, text
from sqlalchemy.engine import Inspector

from benchmarks import generate
from benchmarks.bulk import load, load_all, loading
from core.db.engine import is_sqlite, open_engine, writing
from core.db.tables import (
    amount_hist,
    balance_transactions,
    email_prefix,
    facets,
    metadata,
    payment_words,
    payments,
    payments_daily,
    revenue_country_daily,
    revenue_daily,
)
from core.domain.search_histograms import amount_bucket

FOLDER = Path(__file__).parent / "data"
#: What is filled here: a set is made anew when the shape of one of these changes.
FILLED = (
    facets,
    payments,
    payment_words,
    balance_transactions,
    payments_daily,
    amount_hist,
    email_prefix,
    revenue_daily,
    revenue_country_daily,
)
#: The baseline of search: the same rows, an index per filter.
PLAIN_INDEXES = (
    ("created_at", "stripe_id"),
    *((name,) for name in ("status", "state", "currency", "method_type", "risk_level", "email")),
    *((name,) for name in ("card_last4", "amount_minor", "order_id", "user_id")),
)
#: The baseline of revenue: the ledger's rows, with an index that holds all that the sums need.
LEDGER_INDEX = "CREATE INDEX bb_day ON balance_transactions ({})".format(
    "livemode, business_day, currency, reporting_category, amount_minor, fee_minor, net_minor"
)


def plain_payments() -> Table:
    """`payments_plain`: the same columns as `payments`, one index per filter."""
    table = payments.to_metadata(MetaData(), name="payments_plain")
    table.indexes.clear()
    for number, names in enumerate(PLAIN_INDEXES):
        Index(f"pp_{number}", *(table.c[name] for name in names))
    return table


def prepare(engine: Engine, size: int) -> Engine:
    """An engine on a database that holds `size` payments; made now if it is not there."""
    url = _url(engine, size)
    filled = open_engine(url)
    if _is_full(filled, size):
        _renew_others(filled)
        return filled
    filled.dispose()
    rows = generate.draft(size)
    plain = plain_payments()
    with loading(url) as conn:
        _empty(conn, plain)
        numbers = _write_facets(conn, rows)
        load_all(conn, payments, generate.payments(rows, numbers, _order(conn, rows)))
        load_all(conn, payment_words, generate.words(rows, numbers))
        load_all(conn, balance_transactions, generate.ledger(rows))
        _write_counts(conn, rows, numbers)
        _write_revenue(conn, rows)
        columns = ", ".join(column.name for column in payments.columns)
        conn.execute(text(f"INSERT INTO payments_plain ({columns}) SELECT {columns} FROM payments"))
        for table in (payments, balance_transactions, plain):
            for index in table.indexes:
                index.create(conn)
        conn.execute(text(LEDGER_INDEX))
        _analyze(conn, plain)
    return open_engine(url)


def _url(engine: Engine, size: int) -> Any:
    name = f"tillwatch_bench_{size}_{_shape():08x}"
    if engine.dialect.name == "sqlite":
        FOLDER.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{FOLDER / name}.db"
    with engine.connect() as conn:
        conn.execute(text(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4"))
    url = engine.url.set(database=name).update_query_dict({"local_infile": "1"})
    return url.render_as_string(hide_password=False)


def _shape() -> int:
    """A number that changes with what is filled, so that no database of an older shape is used."""
    parts = [
        str([column.name for column in one.columns])
        for table in FILLED
        for one in (table, table.primary_key, *sorted(table.indexes, key=lambda i: str(i.name)))
    ]
    return crc32(" ".join([*parts, LEDGER_INDEX]).encode())


def _is_full(engine: Engine, size: int) -> bool:
    with engine.connect() as conn:
        if not {"payments_plain", "revenue_daily"} <= set(inspect(conn).get_table_names()):
            return False
        held = conn.scalar(select(func.coalesce(func.sum(payments_daily.c.count), 0)))
        # Indexes come last: without them an earlier load did not end.
        done = {index["name"] for index in inspect(conn).get_indexes("payments_plain")}
        wanted = {index["name"] for index in inspect(conn).get_indexes("payments")}
    return (
        held == size
        and len(done) >= len(PLAIN_INDEXES)
        and wanted >= {index.name for index in payments.indexes}
    )


def _renew_others(engine: Engine) -> None:
    """The tables that are not filled here as they are today: one that a migration changed since
    comes back empty, and who needs rows in it writes them."""
    others = [table for table in metadata.sorted_tables if table not in FILLED]
    with writing(engine) as conn:
        held = inspect(conn)
        there = set(held.get_table_names())
        changed = {table for table in others if table.name in there and _differs(held, table)}
        referring = {
            table for table in others for key in table.foreign_keys if key.column.table in changed
        }
        metadata.drop_all(conn, tables=[*changed | referring])
        metadata.create_all(conn, tables=others)


def _differs(held: Inspector, table: Table) -> bool:
    columns = [(one["name"], one["nullable"]) for one in held.get_columns(table.name)]
    indexes = {index["name"] for index in held.get_indexes(table.name)}
    return columns != [(column.name, bool(column.nullable)) for column in table.columns] or not (
        {index.name for index in table.indexes} <= indexes
    )


def _empty(conn: Connection, plain: Table) -> None:
    """Tables without their secondary indexes: those are made at once when the rows are there."""
    plain.drop(conn, checkfirst=True)
    metadata.drop_all(conn)
    metadata.create_all(conn)
    plain.create(conn)
    for table in (payments, balance_transactions, plain):
        for index in table.indexes:
            index.drop(conn)


def _order(conn: Connection, rows: generate.Draft) -> Any:
    """InnoDB keeps rows by key, so they are loaded so; SQLite keeps them as they came."""
    return np.arange(len(rows)) if is_sqlite(conn) else np.argsort(rows.ids, kind="stable")


def _write_facets(conn: Connection, rows: generate.Draft) -> Any:
    """Number the combinations that occur, and give each payment its number."""
    keys = generate.facet_keys(rows)
    distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    states = list(generate.STATES)
    written = [
        {
            "id": number + 1,
            "livemode": True,
            "status": states[rows.kind[place]][0],
            "state": states[rows.kind[place]][1],
            "currency": list(generate.CURRENCIES)[rows.currency[place]],
            "method": list(generate.METHODS)[rows.method[place]],
            "risk_level": [*generate.RISKS, ""][rows.risk[place]],
            "dispute": "open" if states[rows.kind[place]][1] == "disputed" else "",
        }
        for number, place in enumerate(first[: len(distinct)])
    ]
    conn.execute(facets.insert(), written)
    return inverse.astype(np.int64) + 1


def _write_counts(conn: Connection, rows: generate.Draft, numbers: Any) -> None:
    """The counts that search plans by, and the first three letters of addresses."""
    frame = pd.DataFrame(
        {"day": generate.days_of(rows.created), "facet": numbers, "amount_minor": rows.amount}
    )
    sums = frame.groupby(["day", "facet"])["amount_minor"].agg(["count", "sum"]).reset_index()
    named = pd.DataFrame([row._asdict() for row in conn.execute(select(facets))])
    daily = sums.merge(named, left_on="facet", right_on="id").drop(columns="id")
    daily = daily.rename(columns={"sum": "amount_minor"}).assign(slot=0)
    paid = daily["status"] == "succeeded"
    daily = daily.assign(captured_minor=daily["amount_minor"].where(paid, 0))
    load(conn, payments_daily, daily.assign(livemode=1))
    codes = np.array(list(generate.CURRENCIES), object)[rows.currency]
    distinct = pd.Series(rows.amount).groupby([codes, rows.amount]).count()
    buckets: dict[tuple[str, int], int] = {}
    for (currency, amount), n in distinct.items():
        key = (currency, amount_bucket(int(amount)))
        buckets[key] = buckets.get(key, 0) + n
    hist = pd.DataFrame([(*key, 0, n) for key, n in buckets.items()])
    load(conn, amount_hist, hist.set_axis(["currency", "bucket", "slot", "n"], axis=1))
    starts = np.array([f"{name}."[:3] for name in generate.NAMES], object)
    p3 = pd.Series(starts[rows.user % len(generate.NAMES)]).value_counts()
    prefixes = pd.DataFrame({"p3": p3.index, "slot": 0, "n": p3.to_numpy()})
    load(conn, email_prefix, prefixes)


def _write_revenue(conn: Connection, rows: generate.Draft) -> None:
    """Daily sums of the ledger, folded, by method and by country."""
    keys = ["livemode", "business_day", "currency", "reporting_category"]
    for table, dimension in ((revenue_daily, "method"), (revenue_country_daily, "card_country")):
        parts = [
            frame.groupby([*keys, dimension], as_index=False).agg(
                gross_minor=("amount_minor", "sum"),
                fee_minor=("fee_minor", "sum"),
                net_minor=("net_minor", "sum"),
                count=("amount_minor", "count"),
            )
            for frame in generate.ledger(rows)
        ]
        whole = pd.concat(parts).groupby([*keys, dimension], as_index=False).sum()
        load(conn, table, whole.rename(columns={"business_day": "day"}).assign(slot=0))


def _analyze(conn: Connection, plain: Table) -> None:
    for name in (plain.name, "payments", "payment_words", "balance_transactions"):
        conn.execute(text(f"ANALYZE {name}" if is_sqlite(conn) else f"ANALYZE TABLE {name}"))
