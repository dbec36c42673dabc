"""Stripe's ledger in a stretch of days: its rows, revenue by day, currency and category, fees.

The figures are those of the screen Revenue (`core.reads.revenue`), with their signs: what leaves is
negative, what Stripe and others take is positive when taken.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select

from core.db.tables import balance_transactions, revenue_daily
from core.reads.frames.columns import Column, Columns, Kind, Stretch, frame
from core.reads.permissions import requires
from core.reads.revenue import revenue
from core.reads.revenue.categories import PARTS, REVENUE, kind_of

LEDGER: Columns = (
    Column("transaction_id", Kind.TEXT, "the balance transaction at Stripe"),
    Column("created_at", Kind.TIME, "when it happened"),
    Column("available_on", Kind.TIME, "when its net may be paid out"),
    Column("business_day", Kind.DAY, "the day of `created_at`"),
    Column("type", Kind.TEXT, "Stripe's type"),
    Column("reporting_category", Kind.TEXT, "Stripe's category, by which revenue is told"),
    Column("source_id", Kind.TEXT, "the charge, refund, dispute, payout and so on"),
    Column("payment_id", Kind.TEXT, "the payment behind it"),
    Column("payout_id", Kind.TEXT, "the automatic payout that paid it out"),
    Column("balance_type", Kind.TEXT, "payments, issuing and so on"),
    Column("currency", Kind.TEXT, "what it was booked in"),
    Column("amount", Kind.MONEY, "by how much it moves the balance, before fees"),
    Column("fee", Kind.MONEY, "what is taken off it"),
    Column("net", Kind.MONEY, "amount less fee"),
)
_B = balance_transactions.c
_LEDGER = (
    *(_B.stripe_id, _B.created_at, _B.available_on, _B.business_day, _B.type),
    *(_B.reporting_category, _B.source_id, _B.payment_id, _B.payout_id, _B.balance_type),
    *(_B.currency, _B.amount_minor, _B.fee_minor, _B.net_minor),
)

_PART_MEANINGS = {
    "gross": "what was sold",
    "refund": "what went back; negative",
    "dispute": "what disputes took, less what they gave back",
    "platform_earning": "application fees that were earned",
    "fee": "what Stripe took; positive when taken",
    "network_cost": "what card networks took; positive when taken",
    "tax": "tax on those; positive when taken",
}
_FIGURES: Columns = (
    *(Column(part, Kind.MONEY, _PART_MEANINGS[part]) for part in PARTS),
    Column("net", Kind.MONEY, "revenue: the parts before, less fee, network cost and tax"),
    Column("other", Kind.MONEY, "payouts and all else that moved the balance and is no revenue"),
    Column("count", Kind.COUNT, "charges"),
)
REVENUE_BY_DAY: Columns = (
    Column("day", Kind.DAY, "the business day"),
    Column("currency", Kind.TEXT, "what was settled in"),
    *_FIGURES,
)
REVENUE_BY_CURRENCY: Columns = (Column("currency", Kind.TEXT, "what was settled in"), *_FIGURES)
REVENUE_BY_CATEGORY: Columns = (
    Column("currency", Kind.TEXT, "what was settled in"),
    Column("reporting_category", Kind.TEXT, "Stripe's category"),
    Column("kind", Kind.TEXT, "the figure that it counts in; `unmapped` if in none"),
    Column("is_revenue", Kind.FLAG, "whether it is revenue, or only moves the balance"),
    Column("amount", Kind.MONEY, "by how much it moved the balance, before fees"),
    Column("fee", Kind.MONEY, "what was taken off it"),
    Column("net", Kind.MONEY, "amount less fee"),
    Column("count", Kind.COUNT, "rows of the ledger"),
)
FEES: Columns = (
    Column("currency", Kind.TEXT, "what was settled in"),
    Column("part", Kind.TEXT, "Stripe's type of a part of fees; `billed`; `unspecified`"),
    Column("amount", Kind.MONEY, "what was taken; all parts of a currency are its `fee`"),
)
_FIGURE_NAMES = tuple(one.read for one in _FIGURES)


@requires("see_revenue")
def ledger(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `LEDGER`, of what happened in the stretch, oldest first."""
    query = (
        select(*_LEDGER)
        .where(_B.livemode == livemode, _B.created_at >= stretch.start, _B.created_at < stretch.end)
        .order_by(_B.created_at, _B.stripe_id)
        .limit(stretch.limit + 1)
    )
    return frame(LEDGER, conn.execute(query).all(), stretch.limit)


@requires("see_revenue")
def revenue_by_day(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `REVENUE_BY_DAY`: each currency of the stretch in turn, with all its days."""
    rows: list[tuple[Any, ...]] = []
    for currency in _currencies(conn, livemode, stretch):
        found = revenue.series(conn, currency=currency, **_asked(livemode, stretch))
        for row in found:
            day = datetime.combine(row["period"], time())
            rows.append((day, currency, *(row[name] for name in _FIGURE_NAMES)))
    return frame(REVENUE_BY_DAY, rows, stretch.limit)


@requires("see_revenue")
def revenue_by_currency(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `REVENUE_BY_CURRENCY`: a row for each currency of the stretch."""
    rows: list[tuple[Any, ...]] = []
    for currency in _currencies(conn, livemode, stretch):
        found = revenue.summary(conn, currency=currency, **_asked(livemode, stretch)).current
        rows.append((currency, *(getattr(found, name) for name in _FIGURE_NAMES)))
    return frame(REVENUE_BY_CURRENCY, rows, stretch.limit)


@requires("see_revenue")
def revenue_by_category(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `REVENUE_BY_CATEGORY`: currencies and categories by name."""
    c = revenue_daily.c
    query = (
        select(
            *(c.currency, c.reporting_category),
            *(_sum(c.gross_minor), _sum(c.fee_minor), _sum(c.net_minor), _sum(c.count)),
        )
        .where(c.livemode == livemode, c.day >= stretch.since, c.day < stretch.until)
        .group_by(c.currency, c.reporting_category)
        .order_by(c.currency, c.reporting_category)
        .limit(stretch.limit + 1)
    )
    rows = [
        (currency, category, kind_of(category), category in REVENUE, *sums)
        for currency, category, *sums in conn.execute(query)
    ]
    return frame(REVENUE_BY_CATEGORY, rows, stretch.limit)


@requires("see_revenue")
def fees(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `FEES`: what fees of each currency went to, the largest first."""
    rows = [
        (currency, part.type, part.amount_minor)
        for currency in _currencies(conn, livemode, stretch)
        for part in revenue.fee_parts(conn, currency=currency, **_asked(livemode, stretch))
    ]
    return frame(FEES, rows, stretch.limit)


def _currencies(conn: Connection, livemode: bool, stretch: Stretch) -> tuple[str, ...]:
    return revenue.currencies(conn, **_asked(livemode, stretch))


def _asked(livemode: bool, stretch: Stretch) -> dict[str, Any]:
    return {"livemode": livemode, "since": stretch.since, "until": stretch.until}


def _sum(value: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.sum(value), BigInteger)
