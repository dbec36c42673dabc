"""Reads Stripe's ledger for the books: the rows of booked days, and what they came to before.

A conversion is shown only where the mirror's charge, refund or dispute ties to the ledger row by
its exchange rate, to one minor unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, cast, func, or_, select

from core.books.journal import Key, LedgerRow, Parts
from core.db.tables import (
    balance_transaction_fees,
    balance_transactions,
    charges,
    disputes,
    refunds,
)
from core.domain.exchange import converted
from core.money import Money

_B = balance_transactions.c
#: A business day of any zone lies within so much of the same day of UTC.
_MOST_AHEAD = timedelta(days=1)
_BATCH = 5_000
#: What came late to a closed month counts on the first open day.
_booked = func.coalesce(_B.booked_day, _B.business_day)
_KEY = (_booked, _B.currency, _B.balance_type)


def rows(
    connection: Connection, *, livemode: bool, since: date, until: date, currency: str | None = None
) -> Iterator[LedgerRow]:
    """The ledger rows booked on days from `since` up to, not including, `until`; no order."""
    objects = (
        (charges, charges.c.amount_captured_minor),
        (refunds, refunds.c.amount_minor),
        (disputes, disputes.c.amount_minor),
    )
    joined: Any = balance_transactions
    for table, _ in objects:
        behind = and_(_B.exchange_rate.is_not(None), table.c.stripe_id == _B.source_id)
        joined = joined.outerjoin(table, behind)
    asked = (
        select(
            *_KEY,
            _B.reporting_category,
            _B.source_id,
            _B.amount_minor,
            _B.fee_minor,
            _B.net_minor,
            _B.exchange_rate,
            func.coalesce(*(amount for _, amount in objects)),
            func.coalesce(*(table.c.currency for table, _ in objects)),
        )
        .select_from(joined)
        .where(_within(livemode, since, until, currency))
        .execution_options(yield_per=_BATCH)
    )
    for *facts, rate, presented, of in connection.execute(asked):
        row = LedgerRow(*facts)
        shown = None if rate is None else _presented(row, rate, presented, of)
        yield row if shown is None else replace(row, presented=shown)


def fee_parts(
    connection: Connection, *, livemode: bool, since: date, until: date, currency: str | None = None
) -> Parts:
    """What the fees of the same rows went to, by entry and type."""
    f = balance_transaction_fees.c
    asked = (
        select(*_KEY, f.type, _sum(f.amount_minor))
        .join(balance_transaction_fees, f.transaction_id == _B.stripe_id)
        .where(_within(livemode, since, until, currency))
        .group_by(*_KEY, f.type)
    )
    found: dict[Key, dict[str, int]] = defaultdict(dict)
    for day, own, balance_type, type_, amount in connection.execute(asked):
        found[Key(day, own, balance_type)][type_] = amount
    return found


def nets(
    connection: Connection, *, livemode: bool, since: date, until: date, currency: str | None = None
) -> dict[Key, int]:
    """By how much each day changed each balance at Stripe, summed by the database."""
    asked = (
        select(*_KEY, _sum(_B.net_minor))
        .where(_within(livemode, since, until, currency))
        .group_by(*_KEY)
    )
    return {Key(*key): net for *key, net in connection.execute(asked)}


def amounts(
    connection: Connection, *, livemode: bool, since: date, until: date, categories: Iterable[str]
) -> dict[Key, int]:
    """What the rows of some categories came to on each day, before fees."""
    asked = (
        select(*_KEY, _sum(_B.amount_minor))
        .where(_within(livemode, since, until, None), _B.reporting_category.in_(list(categories)))
        .group_by(*_KEY)
    )
    return {Key(*key): amount for *key, amount in connection.execute(asked)}


def before(
    connection: Connection, *, livemode: bool, until: date, currency: str | None = None
) -> list[LedgerRow]:
    """The sums of all ledger rows booked before a day, by currency, balance and category."""
    keys = (_B.currency, _B.balance_type, _B.reporting_category)
    asked = (
        select(*keys, _sum(_B.amount_minor), _sum(_B.fee_minor), _sum(_B.net_minor))
        .where(
            _B.livemode == livemode,
            _booked < until,
            _B.created_at < _start(until) + _MOST_AHEAD,
            *_of(currency),
        )
        .group_by(*keys)
    )
    last = until - timedelta(days=1)
    return [
        LedgerRow(last, own, balance_type, category, None, amount, fee, net)
        for own, balance_type, category, amount, fee, net in connection.execute(asked)
    ]


def _within(livemode: bool, since: date, until: date, currency: str | None) -> ColumnElement[bool]:
    return and_(
        _B.livemode == livemode,
        _booked >= since,
        _booked < until,
        # The index is by time: a day has none of its own. What counts later was created before.
        or_(_B.created_at >= _start(since) - _MOST_AHEAD, _B.booked_day.is_not(None)),
        _B.created_at < _start(until) + _MOST_AHEAD,
        *_of(currency),
    )


def _of(currency: str | None) -> list[ColumnElement[bool]]:
    return [] if currency is None else [_B.currency == currency]


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _sum(value: ColumnElement[Any]) -> ColumnElement[int]:
    # MySQL's sums are DECIMAL: as text on the wire, and slow to read.
    return cast(func.sum(value), BigInteger)


def _presented(row: LedgerRow, rate: str, amount: int | None, currency: str | None) -> Money | None:
    """What the customer's side was, if the rate makes the row's amount of it."""
    if amount is None or currency is None or currency == row.currency or not row.amount_minor:
        return None
    ways = converted(amount, currency, row.currency, rate)
    if not any(abs(way - abs(row.amount_minor)) <= 1 for way in ways):
        return None
    return Money(amount if row.amount_minor > 0 else -amount, currency)
