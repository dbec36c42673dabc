"""Revenue from Stripe's ledger: gross, refunds, disputes, fees and net, by day, method, country.

All figures are minor units of one settlement currency. `gross + refund + dispute + other - fee`
is `net`, which is the sum of `net_minor` of every balance transaction but payouts and transfers.
What leaves (refunds, disputes) is negative; `fee_minor` is positive when Stripe took it. A period
is business days from `since` up to, not including, `until`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    case,
    cast,
    func,
    select,
)

from core.db.tables import revenue_country_daily, revenue_daily
from core.errors import InvalidInput
from core.reads.categories import DISPUTES, FEES, GROSS, MOVED, REFUNDS
from core.reads.needs import needs

#: The columns of every figure here, in this order; `count` counts charges.
FIGURES = (
    "gross_minor",
    "fee_minor",
    "refund_minor",
    "dispute_minor",
    "other_minor",
    "net_minor",
    "count",
)
Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Revenue:
    """One period's figures in one settlement currency, minor units."""

    currency: str
    since: date
    until: date
    gross_minor: int
    fee_minor: int
    refund_minor: int
    dispute_minor: int
    other_minor: int
    net_minor: int
    count: int

    @property
    def fee_rate(self) -> Fraction | None:
        """Fees as an exact share of gross; None without gross."""
        return Fraction(self.fee_minor, self.gross_minor) if self.gross_minor else None


@dataclass(frozen=True, slots=True)
class Compared:
    """A period beside the one of the same length just before it."""

    current: Revenue
    previous: Revenue


@needs("see_revenue")
def summary(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> Compared:
    """The period's figures, and those of as many days before `since`."""
    _check(since, until)
    before = since - (until - since)
    return Compared(
        _revenue(conn, livemode, currency, since, until),
        _revenue(conn, livemode, currency, before, since),
    )


@needs("see_revenue")
def series(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date, by: Step = "day"
) -> pd.DataFrame:
    """A row per day, week (its Monday) or month (its first) of the period, without gaps.

    Columns: `period` (date) and `FIGURES` (whole minor units).
    """
    _check(since, until)
    if by not in ("day", "week", "month"):
        raise InvalidInput("by", "must be day, week or month")
    sums = {period: [0] * len(FIGURES) for period in _periods(since, until, by)}
    rows = _read(conn, revenue_daily, "day", livemode, currency, since, until)
    if by == "day":
        sums.update(rows)
    else:
        for day, figures in rows.items():
            period = _period(day, by)
            sums[period] = [a + b for a, b in zip(sums[period], figures, strict=True)]
    return _frame("period", sums)


@needs("see_revenue")
def by_method(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> pd.DataFrame:
    """Columns `method` ('' where there is none) and `FIGURES`, largest gross first."""
    return _by(conn, revenue_daily, "method", livemode, currency, since, until)


@needs("see_revenue")
def by_country(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> pd.DataFrame:
    """Columns `card_country` ('' where there is no card) and `FIGURES`, largest gross first."""
    return _by(conn, revenue_country_daily, "card_country", livemode, currency, since, until)


@needs("see_revenue")
def currencies(
    conn: Connection, *, livemode: bool, since: date | None = None, until: date | None = None
) -> tuple[str, ...]:
    """Settlement currencies with revenue in the period (all time without), busiest first."""
    table = revenue_daily
    asked = (
        select(table.c.currency)
        .where(table.c.livemode == livemode, table.c.reporting_category.not_in(MOVED))
        .group_by(table.c.currency)
        .order_by(func.sum(table.c.count).desc(), table.c.currency)
    )
    if since is not None:
        asked = asked.where(table.c.day >= since)
    if until is not None:
        asked = asked.where(table.c.day < until)
    return tuple(conn.scalars(asked))


def _check(since: date, until: date) -> None:
    if until <= since:
        raise InvalidInput("until", "must be after the period's first day")


def _read(
    conn: Connection,
    table: Table,
    key: str,
    livemode: bool,
    currency: str,
    since: date,
    until: date,
) -> dict[Any, list[int]]:
    """The `FIGURES` of each value of `key` that the period has."""
    given = {"livemode_": livemode, "currency_": currency, "since": since, "until": until}
    rows = conn.execute(_asked(table, key), given).all()
    return {found: figures for found, *figures in rows}


@cache
def _asked(table: Table, key: str) -> Select[Any]:
    """Rows of `key` and the `FIGURES` under it. Built once: it takes longer than running it."""
    return (
        select(table.c[key], *_figures(table))
        .where(
            table.c.livemode == bindparam("livemode_"),
            table.c.day >= bindparam("since"),
            table.c.day < bindparam("until"),
            table.c.currency == bindparam("currency_"),
            table.c.reporting_category.not_in(sorted(MOVED)),
        )
        .group_by(table.c[key])
    )


def _figures(table: Table) -> list[ColumnElement[int]]:
    category, gross = table.c.reporting_category, table.c.gross_minor

    def of(categories: Iterable[str], value: Column[Any] = gross) -> ColumnElement[int]:
        return _sum(case((category.in_(sorted(categories)), value), else_=0))

    known = sorted(GROSS | REFUNDS | DISPUTES | FEES)
    return [
        of(GROSS),
        _sum(table.c.fee_minor) - of(FEES),
        of(REFUNDS),
        of(DISPUTES),
        _sum(case((category.not_in(known), gross), else_=0)),
        _sum(table.c.net_minor),
        of(["charge"], table.c.count),
    ]


def _sum(value: ColumnElement[Any]) -> ColumnElement[int]:
    # MySQL's sums are DECIMAL: as text on the wire, and slow to read.
    return cast(func.sum(value), BigInteger)


def _revenue(conn: Connection, livemode: bool, currency: str, since: date, until: date) -> Revenue:
    found = _read(conn, revenue_daily, "currency", livemode, currency, since, until)
    return Revenue(currency, since, until, *found.get(currency, [0] * len(FIGURES)))


def _by(
    conn: Connection,
    table: Table,
    name: str,
    livemode: bool,
    currency: str,
    since: date,
    until: date,
) -> pd.DataFrame:
    _check(since, until)
    rows = _read(conn, table, name, livemode, currency, since, until)
    return _frame(name, dict(sorted(rows.items(), key=lambda row: (-row[1][0], row[0]))))


def _frame(key: str, rows: dict[Any, list[int]]) -> pd.DataFrame:
    figures = np.array(list(rows.values()), dtype=np.int64).reshape(len(rows), len(FIGURES))
    frame = pd.DataFrame(figures, columns=list(FIGURES))
    frame.insert(0, key, pd.Series(list(rows), dtype=object))
    return frame


def _period(day: date, by: Step) -> date:
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by == "month" else day


def _periods(since: date, until: date, by: Step) -> list[date]:
    days = map(date.fromordinal, range(since.toordinal(), until.toordinal()))
    if by == "day":
        return list(days)
    return list(dict.fromkeys(_period(day, by) for day in days))
