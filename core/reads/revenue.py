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
from typing import Any, Literal

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, Table, case, func, select

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
    day = revenue_daily.c.day
    asked = _asked(revenue_daily, [day], livemode, currency, since, until)
    sums = {period: [0] * len(FIGURES) for period in _periods(since, until, by)}
    for row in conn.execute(asked.group_by(day)):
        into = sums[_period(row[0], by)]
        for place, value in enumerate(row[1:]):
            into[place] += int(value)
    rows = [(period, *figures) for period, figures in sums.items()]
    return _frame(rows, "period")


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


def _asked(
    table: Table,
    keys: list[ColumnElement[Any]],
    livemode: bool,
    currency: str,
    since: date,
    until: date,
) -> Select[Any]:
    return select(*keys, *_figures(table)).where(
        table.c.livemode == livemode,
        table.c.day >= since,
        table.c.day < until,
        table.c.currency == currency,
        table.c.reporting_category.not_in(MOVED),
    )


def _figures(table: Table) -> list[ColumnElement[Any]]:
    category, gross = table.c.reporting_category, table.c.gross_minor

    def of(categories: Iterable[str], value: ColumnElement[Any] = gross) -> ColumnElement[Any]:
        return func.coalesce(func.sum(case((category.in_(list(categories)), value), else_=0)), 0)

    known = [*GROSS, *REFUNDS, *DISPUTES, *FEES]
    other = func.coalesce(func.sum(case((category.not_in(known), gross), else_=0)), 0)
    fee = func.coalesce(func.sum(table.c.fee_minor), 0) - of(FEES)
    net = func.coalesce(func.sum(table.c.net_minor), 0)
    return [of(GROSS), fee, of(REFUNDS), of(DISPUTES), other, net, of(["charge"], table.c.count)]


def _revenue(conn: Connection, livemode: bool, currency: str, since: date, until: date) -> Revenue:
    row = conn.execute(_asked(revenue_daily, [], livemode, currency, since, until)).one()
    return Revenue(currency, since, until, *(int(value) for value in row))


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
    key = table.c[name]
    asked = _asked(table, [key], livemode, currency, since, until).group_by(key)
    rows = [(row[0], *(int(value) for value in row[1:])) for row in conn.execute(asked)]
    return _frame(sorted(rows, key=lambda row: (-row[1], row[0])), name)


def _frame(rows: list[tuple[Any, ...]], key: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[key, *FIGURES])
    return frame.astype(dict.fromkeys(FIGURES, "int64"))


def _period(day: date, by: Step) -> date:
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by == "month" else day


def _periods(since: date, until: date, by: Step) -> list[date]:
    days = ((since + timedelta(days=n)) for n in range((until - since).days))
    return list(dict.fromkeys(_period(day, by) for day in days))
