"""What Stripe's report, the bank's statements and the exported books say of one currency.

Each is held against what the ledger or the payouts make it, of the same moment or the same days;
None where nothing was imported or exported. Amounts are minor units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from core.db.tables import (
    balance_transactions,
    bank_accounts,
    bank_matches,
    bank_statements,
    journal_batches,
    journal_lines,
    payouts,
    stripe_report_rows,
)
from core.domain.bank_matching import due_on
from core.domain.closings import openings
from core.domain.open_bank_items import open_lines, open_payouts
from core.domain.stripe_reports import current_reports, report_closings
from core.states import ReportFigure, ReportType

_B = balance_transactions.c
PAYMENTS = "payments"


@dataclass(frozen=True, slots=True)
class Heard:
    """A figure beside the one that is expected; `read_at` (UTC) is when it was taken in or
    exported. `counted` of `of`: payouts that have a line, or entries of the books."""

    figure_minor: int
    expected_minor: int
    read_at: datetime
    counted: int = 0
    of: int = 0

    @property
    def difference_minor(self) -> int:
        """By how much it differs from what is expected."""
        return self.figure_minor - self.expected_minor


def report_heard(
    connection: Connection, *, livemode: bool, currency: str, start: datetime, end: datetime
) -> Heard | None:
    """The ending balance of the last of Stripe's balance summaries that ends after `start` and not
    after `end` (UTC), beside the ledger and the payouts under way then."""
    for report in reversed(current_reports(connection, livemode)):
        fits = report.report_type == ReportType.BALANCE_SUMMARY and start < report.end <= end
        if fits and currency in report.currencies:
            t = stripe_report_rows.c
            theirs = connection.scalar(
                select(t.net_minor).where(
                    t.report_id == report.report_id,
                    t.currency == currency,
                    t.category == ReportFigure.ENDING.value,
                )
            )
            ours = report_closings(connection, livemode, report.end).get(currency, 0)
            return Heard(int(theirs or 0), ours, report.imported_at)
    return None


def bank_heard(
    connection: Connection, *, livemode: bool, currency: str, first: date, last: date
) -> Heard | None:
    """The bank's lines of the payouts that arrived on these days (both included), beside their
    amounts, where statements of the currency have one of these days.

    A payout whose last day no statement reaches is left out; a line of Stripe's without a payout
    counts by itself. Where a person accepted another amount, that is what is expected.
    """
    statements = _statements(connection, livemode, currency, first, last)
    if statements is None:
        return None
    covered_until, read_at = statements
    unmatched = open_payouts(connection, livemode=livemode)
    lacking = [
        one.amount_minor
        for one in unmatched
        if one.currency == currency
        and one.status == "paid"
        and one.arrives_on is not None
        and first <= one.arrives_on <= last
        and due_on(one.arrives_on) <= covered_until
    ]
    extra = sum(
        line.amount_minor
        for line in open_lines(connection, unmatched, livemode=livemode)
        if line.currency == currency and line.is_stripes and first <= line.booked_on <= last
    )
    figure = expected = count = 0
    for arrived, amount, accepted, in_lines in _matched(connection, livemode, currency):
        if first <= arrived <= last:
            count += 1
            figure += in_lines
            expected += in_lines if accepted else amount
    return Heard(figure + extra, expected + sum(lacking), read_at, count, count + len(lacking))


def _statements(
    connection: Connection, livemode: bool, currency: str, first: date, last: date
) -> tuple[date, datetime] | None:
    """How far the statements of a currency reach, and when the last with one of these days was
    taken in."""
    a, s = bank_accounts.c, bank_statements.c
    mine = (
        select(func.max(s.closed_on), func.max(s.imported_at))
        .join(bank_accounts, a.id == s.account_id)
        .where(a.livemode == livemode, a.currency == currency)
    )
    of_days = mine.where(s.opened_on <= last, s.closed_on >= first)
    read_at = connection.execute(of_days).one()[1]
    return None if read_at is None else (connection.execute(mine).one()[0], read_at)


def _matched(
    connection: Connection, livemode: bool, currency: str
) -> list[tuple[date, int, bool, int]]:
    """Of each paid payout with a line: arrival, amount, whether a person accepted another one, and
    what its lines come to."""
    m, p = bank_matches.c, payouts.c
    query = (
        select(p.arrival_at, p.amount_minor, func.max(m.reason), func.sum(m.amount_minor))
        .join(payouts, p.stripe_id == m.payout_id)
        .where(m.undone_at.is_(None), p.livemode == livemode, p.currency == currency)
        .where(p.status == "paid", p.arrival_at.is_not(None))
        .group_by(p.stripe_id, p.arrival_at, p.amount_minor)
    )
    return [(row[0].date(), row[1], bool(row[2]), int(row[3])) for row in connection.execute(query)]


def books_heard(
    connection: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> Heard | None:
    """What the entries that were exported of these booked days (`until` not included) make the
    balance at Stripe, beside the ledger's rows that are booked until then."""
    b, n = journal_batches.c, journal_lines.c
    mine = (
        b.livemode == livemode,
        b.currency == currency,
        b.balance_type == PAYMENTS,
        b.day >= since,
        b.day < until,
    )
    exported = connection.execute(select(func.count(), func.max(b.exported_at)).where(*mine)).one()
    if not exported[0]:
        return None
    # The line without a name is the balance at Stripe.
    lines = connection.scalar(
        select(func.sum(n.amount_minor))
        .join(journal_batches, b.id == n.batch_id)
        .where(*mine, n.what == "")
    )
    booked = func.coalesce(_B.booked_day, _B.business_day)
    rows = select(func.sum(_B.net_minor)).where(
        _B.livemode == livemode, _B.currency == currency, _B.balance_type == PAYMENTS
    )
    opening = openings(connection, livemode)[currency, PAYMENTS]
    before = opening + int(connection.scalar(rows.where(booked < since)) or 0)
    expected = opening + int(connection.scalar(rows.where(booked < until)) or 0)
    return Heard(before + int(lines or 0), expected, exported[1], int(exported[0]))
