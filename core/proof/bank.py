"""Identity 10, `bank`: each payout that was paid has its line, each line of Stripe's a payout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, func, select

from core.clock import NEVER
from core.db.tables import bank_accounts, bank_lines, bank_matches, bank_statements, payouts
from core.domain.bank_matching import business_days_after, due_on
from core.domain.open_bank_items import open_lines, open_payouts
from core.proof.breaks import Break
from core.proof.span import Span

IDENTITY = "bank"
#: A line is looked at for so many business days before it is told that no payout fits it.
_LOOKED_AT = 5


def has_statement(connection: Connection, span: Span) -> bool:
    """Whether a statement has a day of the span: without one the bank says nothing of it."""
    a, s = bank_accounts.c, bank_statements.c
    query = (
        select(s.id)
        .join(bank_accounts, a.id == s.account_id)
        .where(a.livemode == span.livemode, s.opened_on <= span.last, s.closed_on >= span.first)
    )
    return connection.scalar(query.limit(1)) is not None


def bank_breaks(connection: Connection, span: Span, now: datetime) -> Iterator[Break]:
    """Where statements of a currency were imported; other currencies say nothing."""
    covered = _covered(connection, span.livemode)
    if not covered:
        return
    unpaid = open_payouts(connection, livemode=span.livemode)
    for one in unpaid:
        arrives = one.arrives_on
        if one.status != "paid" or arrives is None or not span.first <= arrives <= span.last:
            continue
        until = covered.get(one.currency)
        if until is not None:
            yield Break(
                IDENTITY,
                "bank_missing",
                one.payout_id,
                one.currency,
                arrives,
                "no_line",
                ours_minor=one.amount_minor,
                theirs_minor=0,
                # Before the statements reach its day nobody can tell.
                due=_after(due_on(arrives)) if until >= due_on(arrives) else NEVER,
            )
    for line in open_lines(connection, unpaid, livemode=span.livemode):
        if line.is_stripes and span.first <= line.booked_on <= span.last:
            yield Break(
                IDENTITY,
                "bank_unknown",
                f"line {line.line_id}",
                line.currency,
                line.booked_on,
                "no_payout",
                ours_minor=0,
                theirs_minor=line.amount_minor,
                due=_after(business_days_after(line.booked_on, _LOOKED_AT)),
            )
    yield from _amounts(connection, span)


def _after(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _covered(connection: Connection, livemode: bool) -> dict[str, date]:
    a, s = bank_accounts.c, bank_statements.c
    query = (
        select(a.currency, func.max(s.closed_on))
        .join(bank_accounts, a.id == s.account_id)
        .where(a.livemode == livemode)
        .group_by(a.currency)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _amounts(connection: Connection, span: Span) -> Iterator[Break]:
    """The lines of a payout come to its amount, unless somebody accepted what they differ by."""
    m, p = bank_matches.c, payouts.c
    total = func.sum(m.amount_minor)
    query = (
        select(p.stripe_id, p.currency, p.amount_minor, func.min(bank_lines.c.booked_on), total)
        .join(payouts, p.stripe_id == m.payout_id)
        .join(bank_lines, bank_lines.c.id == m.line_id)
        .where(m.undone_at.is_(None), m.reason == "", p.livemode == span.livemode)
        .group_by(p.stripe_id, p.currency, p.amount_minor)
        .having(total != p.amount_minor)
    )
    for payout_id, currency, amount, booked_on, lines in connection.execute(query):
        if span.first <= booked_on <= span.last:
            yield Break(
                IDENTITY,
                "bank_amount",
                payout_id,
                currency,
                booked_on,
                "line_amount",
                ours_minor=amount,
                theirs_minor=int(lines),
            )
