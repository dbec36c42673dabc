"""Identity 1, `row`: what one ledger row says of itself holds together."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, select

from core.db.tables import balance_transaction_fees, balance_transactions
from core.domain.closings import rows_between
from core.proof.breaks import Break
from core.proof.span import Span
from core.reads.revenue.categories import KNOWN

IDENTITY = "row"
_B, _F = balance_transactions.c, balance_transaction_fees.c


def of_span(span: Span) -> ColumnElement[bool]:
    """The ledger rows of a span, by when they happened."""
    return rows_between(span.livemode, span.start, span.end)


def row_breaks(connection: Connection, span: Span) -> Iterator[Break]:
    """Net is amount less fee; the fee is the sum of its parts; the day is that of its time; the
    category is one that is known."""
    yield from _fees(connection, span)
    yield from _nets(connection, span)
    yield from _days(connection, span)
    yield from _categories(connection, span)


def _fees(connection: Connection, span: Span) -> Iterator[Break]:
    parts = _sum_of_parts()
    query = select(_B.stripe_id, _B.currency, _B.created_at, _B.fee_minor, parts).where(
        of_span(span), _B.fee_minor != parts
    )
    for row in connection.execute(query):
        yield Break(
            IDENTITY,
            "fee",
            row[0],
            row[1],
            span.day(row[2]),
            "fee_parts",
            ours_minor=row[3],
            theirs_minor=int(row[4]),
        )


def _nets(connection: Connection, span: Span) -> Iterator[Break]:
    """A fee that is off moves the net by as much, and is told as a fee."""
    parts = _sum_of_parts()
    off = _B.net_minor != _B.amount_minor - _B.fee_minor
    query = select(
        _B.stripe_id, _B.currency, _B.created_at, _B.net_minor, _B.amount_minor, parts
    ).where(of_span(span), off)
    for row in connection.execute(query):
        if row.net_minor == row.amount_minor - int(row[5]):
            continue
        yield Break(
            IDENTITY,
            "amount",
            row.stripe_id,
            row.currency,
            span.day(row.created_at),
            "arithmetic",
            ours_minor=row.net_minor,
            theirs_minor=row.amount_minor - int(row[5]),
        )


def _sum_of_parts() -> ScalarSelect[int]:
    return (
        select(func.coalesce(func.sum(_F.amount_minor), 0))
        .where(_F.transaction_id == _B.stripe_id)
        .scalar_subquery()
    )


def _days(connection: Connection, span: Span) -> Iterator[Break]:
    for day, start, end in span.days():
        query = select(_B.stripe_id, _B.currency).where(
            _B.created_at >= start,
            _B.created_at < end,
            _B.livemode == span.livemode,
            _B.business_day != day,
        )
        for row in connection.execute(query):
            yield Break(IDENTITY, "day", row.stripe_id, row.currency, day, "zone")


def _categories(connection: Connection, span: Span) -> Iterator[Break]:
    """One break for each row of a category that nobody mapped: it could be any part of revenue."""
    query = select(_B.stripe_id, _B.currency, _B.created_at, _B.net_minor).where(
        of_span(span), _B.reporting_category.not_in(sorted(KNOWN))
    )
    for row in connection.execute(query):
        yield Break(
            IDENTITY,
            "unmapped",
            row.stripe_id,
            row.currency,
            span.day(row.created_at),
            "unmapped_category",
            ours_minor=row.net_minor,
        )
