"""Identities 4 and 5: the kept sums are the rows' (`bridge`), and the rows come to Stripe's balance
(`balance`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from core.db.tables import (
    balance_checks,
    balance_readings,
    balance_transactions,
    revenue_daily,
)
from core.proof.breaks import Break, Delta
from core.proof.rows import of_span
from core.proof.span import Span

BRIDGE, BALANCE = "bridge", "balance"
_B = balance_transactions.c
#: Currency and balance type.
Key = tuple[str, str]
#: Stripe makes funds available at an hour of its own of the day.
_BY_BUCKET = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Closing:
    """The bridge of one balance over a span, in minor units: `opening` and each category's net
    come to `closing`. `opening` holds what was there before the mirror began."""

    currency: str
    balance_type: str
    opening_minor: int
    by_category: tuple[tuple[str, int], ...]
    closing_minor: int


def closings(connection: Connection, span: Span) -> list[Closing]:
    """The bridge of each currency and balance type."""
    c = balance_checks.c
    before = {
        (row[0], row[1]): int(row[2])
        for row in connection.execute(
            select(c.currency, c.balance_type, c.opening_minor).where(c.livemode == span.livemode)
        )
    }
    opening = _sums(connection, (_B.livemode == span.livemode) & (_B.created_at < span.start))
    moved: dict[Key, dict[str, int]] = defaultdict(dict)
    query = (
        select(_B.currency, _B.balance_type, _B.reporting_category, func.sum(_B.net_minor))
        .where(of_span(span))
        .group_by(_B.currency, _B.balance_type, _B.reporting_category)
    )
    for currency, kind, category, net in connection.execute(query):
        moved[currency, kind][category] = int(net)
    return [
        _closing(key, before.get(key, 0) + opening.get(key, 0), moved.get(key, {}))
        for key in sorted({*before, *opening, *moved})
    ]


def _closing(key: Key, opening: int, moved: dict[str, int]) -> Closing:
    steps = tuple(sorted(moved.items()))
    return Closing(*key, opening, steps, opening + sum(moved.values()))


def _sums(connection: Connection, where: object) -> dict[Key, int]:
    query = (
        select(_B.currency, _B.balance_type, func.sum(_B.net_minor))
        .where(where)  # type: ignore[arg-type] # a condition
        .group_by(_B.currency, _B.balance_type)
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def bridge_breaks(connection: Connection, span: Span, deltas: Iterable[Delta]) -> Iterator[Break]:
    """The daily sums that the screens show, beside their rows, by category.

    What is known to be wrong in the rows themselves is taken off: the sums were right when they
    were kept.
    """
    r = revenue_daily.c
    kept_query = (
        select(
            r.currency,
            r.reporting_category,
            func.sum(r.gross_minor),
            func.sum(r.fee_minor),
            func.sum(r.net_minor),
            func.sum(r.count),
        )
        .where(r.livemode == span.livemode, r.day.between(span.first, span.last))
        .group_by(r.currency, r.reporting_category)
    )
    rows_query = (
        select(
            _B.currency,
            _B.reporting_category,
            func.sum(_B.amount_minor),
            func.sum(_B.fee_minor),
            func.sum(_B.net_minor),
            func.count(),
        )
        .where(of_span(span))
        .group_by(_B.currency, _B.reporting_category)
    )
    figures: dict[tuple[str, str], list[list[int]]] = defaultdict(lambda: [[0] * 4, [0] * 4])
    for side, query in enumerate((kept_query, rows_query)):
        for row in connection.execute(query):
            figures[row[0], row[1]][side] = [int(one) for one in row[2:]]
    wrong: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 4)
    for delta in deltas:
        found = wrong[delta.currency, delta.category]
        for place, minor in enumerate(
            (delta.gross_minor, delta.fee_minor, delta.net_minor, delta.count)
        ):
            found[place] += minor
    for key in sorted({*figures, *wrong}):
        kept, rows = figures[key]
        meant = [one - off for one, off in zip(rows, wrong[key], strict=True)]
        if kept not in (rows, meant):
            yield Break(
                BRIDGE,
                "amount",
                key[1],
                key[0],
                span.last,
                "daily_sum",
                ours_minor=kept[2],
                theirs_minor=meant[2],
            )


def balance_breaks(
    connection: Connection, span: Span, deltas: Iterable[Delta], now: datetime
) -> Iterator[Break]:
    """The whole ledger beside Stripe's balance when it was read last.

    Rows that are known to be wrong explain their part; what is left is told as unexplained.
    """
    known: dict[str, int] = defaultdict(int)
    for delta in deltas:
        known[delta.currency] += delta.net_minor
    c = balance_checks.c
    query = select(balance_checks).where(c.livemode == span.livemode)
    for row in connection.execute(query):
        expected = row.opening_minor + row.ledger_minor
        explained = known[row.currency] if row.balance_type == "payments" else 0
        if expected - row.balance_minor not in (0, explained):
            yield Break(
                BALANCE,
                "unexplained",
                row.balance_type,
                row.currency,
                span.day(row.checked_at),
                "balance",
                ours_minor=expected - explained,
                theirs_minor=row.balance_minor,
            )


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """Stripe's balance when it was read last, in minor units: available and pending together."""

    currency: str
    balance_type: str
    amount_minor: int
    read_at: datetime


def last_readings(connection: Connection, livemode: bool, before: datetime) -> list[BalanceReading]:
    """The last balance that was read until a moment."""
    r = balance_readings.c
    last = (
        select(func.max(r.read_at))
        .where(r.livemode == livemode, r.read_at < before)
        .scalar_subquery()
    )
    query = (
        select(r.currency, r.balance_type, func.sum(r.amount_minor), func.max(r.read_at))
        .where(r.livemode == livemode, r.read_at == last)
        .group_by(r.currency, r.balance_type)
        .order_by(r.currency, r.balance_type)
    )
    return [
        BalanceReading(row[0], row[1], int(row[2]), row[3]) for row in connection.execute(query)
    ]
