"""Identities 4 and 5: the kept sums are the rows' (`bridge`), and the rows come to Stripe's balance
(`balance`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from core.db.tables import balance_checks, revenue_daily
from core.domain import closings as domain
from core.domain.closings import Closing
from core.proof.breaks import Break, Delta
from core.proof.span import Span

BRIDGE, BALANCE = "bridge", "balance"
#: Stripe makes funds available at an hour of its own of the day.
_BY_BUCKET = timedelta(days=1)


def closings(connection: Connection, span: Span) -> list[Closing]:
    """The bridge of each currency and balance type over a span."""
    return domain.closings(connection, span.livemode, span.start, span.end)


def bridge_breaks(
    connection: Connection, span: Span, deltas: Iterable[Delta], bridges: Iterable[Closing]
) -> Iterator[Break]:
    """The daily sums that the screens show, beside their rows, by category.

    `bridges`: `closings` of the span.

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
    figures: dict[tuple[str, str], list[list[int]]] = defaultdict(lambda: [[0] * 4, [0] * 4])
    for row in connection.execute(kept_query):
        figures[row[0], row[1]][0] = [int(one) for one in row[2:]]
    for bridge in bridges:
        for step in bridge.steps:
            sums = figures[bridge.currency, step.category][1]
            for place, minor in enumerate(
                (step.gross_minor, step.fee_minor, step.net_minor, step.count)
            ):
                sums[place] += minor
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
