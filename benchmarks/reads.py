"""Reads over 100k to 10M payments: revenue, list pages, search, counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.orm import Session, registry

from benchmarks import generate
from benchmarks.dataset import plain_payments, prepare
from benchmarks.report import clocked, in_turns, row
from benchmarks.searches import NOW, search_rows
from core.db.engine import is_sqlite, reading
from core.db.tables import balance_transactions
from core.reads.payments import list as payment_list
from core.reads.payments.list import UTC_ZONE
from core.reads.revenue import revenue
from core.reads.search.paging import Position, write_cursor
from core.reads.search.payments import stats
from core.reads.search.payments.count import count_matches
from core.reads.search.payments.fields import parse
from core.reads.search.payments.filters import resolve

END = date(2026, 11, 21)
YEAR = END - timedelta(days=365)
TEN_MILLION = 10_000_000
SMALL = 100_000


class LedgerObject:
    """What an ORM makes of a balance transaction (the usual way to compute revenue)."""


registry().map_imperatively(LedgerObject, balance_transactions)


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """All rows of this module for one size; fills the database first when it is empty."""
    filled = prepare(engine, size)
    stats.forget()
    with reading(filled) as conn:
        found = [
            _revenue(conn, size),
            *_pages(conn, size),
            _count(conn, size),
            *search_rows(conn, size),
        ]
        if size >= TEN_MILLION:
            found += _growth(engine, conn)
    filled.dispose()
    label = f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1000}k"
    return [one | {"name": f"{label}: {one['name']}"} for one in found]


def _growth(engine: Engine, large: Connection) -> list[dict[str, Any]]:
    """What should hardly grow with the number of payments: a year's revenue, and list pages.

    Both sizes are read in turns: the machine has other things to do.
    """
    asked = {"query": parse(""), "livemode": True, "with_count": False}
    deep = write_cursor(Position(NOW - timedelta(days=500), ""))
    reads: list[tuple[str, Callable[[Connection], object], int, float]] = [
        ("revenue from sums", _from_sums, 15, 4),
        ("first list page", lambda conn: payment_list.page(conn, **asked), 50, 1.5),
        ("deep list page", lambda conn: payment_list.page(conn, cursor=deep, **asked), 50, 1.5),
    ]
    filled = prepare(engine, SMALL)
    found = []
    with reading(filled) as small:
        for name, read, times, most in reads:
            taken = in_turns(partial(read, large), partial(read, small), times=times)
            ratio = taken[0] / taken[1]
            found.append(row(f"{name}, t(10M)/t(100k)", ratio, at_most=most))
    filled.dispose()
    return found


def _from_sums(conn: Connection) -> dict[str, int]:
    """Net of a year by currency, through the series by day."""
    asked = {"livemode": True, "since": YEAR, "until": END}
    return {
        currency: sum(day["net_minor"] for day in revenue.series(conn, currency=currency, **asked))
        for currency in generate.CURRENCIES
    }


def _revenue(conn: Connection, size: int) -> dict[str, Any]:
    """A year of revenue by day, every currency: from the sums, beside from the rows."""
    value, ours = clocked(lambda: _from_sums(conn), times=5)
    baseline, theirs = clocked(lambda: _by_rows(conn, size), times=1)
    assert ours == theirs, "revenue from sums differs from revenue from rows"
    wanted = {True: 15, False: 200} if is_sqlite(conn) else {True: 10, False: 100}
    ratio = wanted[size >= TEN_MILLION]
    named = "raw rows, covering index" if size >= TEN_MILLION else "pandas over ORM rows"
    # A tenth of the rows makes the baseline ten times as fast and ours no faster.
    ratio = ratio if size >= 1_000_000 else ratio // 10
    return row(
        f"revenue of a year by day from folded sums, ms (baseline: {named})",
        value,
        baseline,
        at_least=ratio,
    )


def _by_rows(conn: Connection, size: int) -> dict[str, int]:
    table = balance_transactions
    within = (
        (table.c.livemode == True)  # noqa: E712 # SQL
        & (table.c.business_day >= YEAR)
        & (table.c.business_day < END)
    )
    if size >= TEN_MILLION:
        keys = (table.c.business_day, table.c.currency, table.c.reporting_category)
        figures = [func.sum(table.c[name]) for name in ("amount_minor", "fee_minor", "net_minor")]
        sums: dict[str, int] = {}
        for found in conn.execute(select(*keys, *figures).where(within).group_by(*keys)):
            sums[found[1]] = sums.get(found[1], 0) + int(found[5])
        return sums
    with Session(conn) as session:
        objects: list[Any] = list(session.scalars(select(LedgerObject).where(within)))
    frame = pd.DataFrame(
        {
            name: [getattr(one, name) for one in objects]
            for name in ("business_day", "currency", "reporting_category", "net_minor")
        }
    )
    by_day = frame.groupby(["business_day", "currency", "reporting_category"])["net_minor"].sum()
    return {str(k): int(v) for k, v in by_day.groupby("currency").sum().items()}


def _pages(conn: Connection, size: int) -> list[dict[str, Any]]:
    """The first page and one half-way, by key, beside OFFSET half-way."""
    plain = plain_payments()
    newest = [plain.c.created_at.desc(), plain.c.stripe_id.desc()]
    half = select(plain).order_by(*newest).limit(50).offset(size // 2)
    baseline, rows = clocked(lambda: conn.execute(half).all(), times=1)
    middle = Position(rows[0].created_at, rows[0].stripe_id)
    cursors = {"first": None, "deep": write_cursor(middle)}
    found = []
    for name, cursor in cursors.items():

        def read(cursor: str | None = cursor) -> payment_list.PaymentPage:
            asked = {"query": parse(""), "livemode": True, "with_count": False}
            return payment_list.page(conn, cursor=cursor, **asked)

        value, page = clocked(read, times=50)
        assert len(page.rows) == 50
        # Ours hardly grows with the size, OFFSET does: the ratio is promised for ten million.
        big = size >= TEN_MILLION
        named = f"{name} list page, ms (baseline: OFFSET half-way)"
        found.append(row(named, value, baseline, at_least=500 if big else None, at_most=20))
    return found


def _count(conn: Connection, size: int) -> dict[str, Any]:
    """An exact count with facet filters, beside count(*) with the same filters."""
    query = parse("status:succeeded currency:eur")
    plain = plain_payments()
    asked = select(func.count()).where(
        plain.c.livemode == True,  # noqa: E712 # SQL
        plain.c.state == "succeeded",
        plain.c.currency == "eur",
    )
    baseline, wanted = clocked(lambda: conn.scalar(asked), times=1)
    filters = resolve(query, livemode=True, zone=UTC_ZONE, now=NOW)

    def counted() -> Any:
        return count_matches(conn, filters, zone=UTC_ZONE)

    value, found = clocked(counted, times=20)
    assert (found.n, found.exact) == (wanted, True)
    ratio = 100 if size >= TEN_MILLION else None
    named = "exact count of status and currency, ms (baseline: count(*))"
    return row(named, value, baseline, at_least=ratio, at_most=20)
