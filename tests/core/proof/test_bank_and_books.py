"""The bank's lines against the payouts, and what was exported against what was kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from core import clock
from core.books import batches, journal
from core.books.batches import Batch
from core.books.journal import Entry, Key, Line
from core.db.engine import one_picture, writing
from core.db.tables import journal_lines, payouts
from core.proof.bank import bank_breaks
from core.proof.books import book_breaks
from core.proof.span import Span
from tests.support.bank_files import DAY, line, statement

UTC_ZONE = ZoneInfo("UTC")
LATER = 30


def span():
    return Span(False, DAY - timedelta(days=20), DAY + timedelta(days=20), UTC_ZONE)


def found(books, *, at=None):
    at = at or datetime.combine(DAY, time(), UTC) + timedelta(days=60)
    with one_picture(books.console.engine) as connection:
        breaks = list(bank_breaks(connection, span(), at))
    return sorted((one.kind, one.object_id) for one in breaks if not one.is_expected(at))


def with_statement(books, *lines, closed_on=DAY + timedelta(days=LATER)):
    """A statement whose last day lies well behind every payout's due day."""
    books.take_in(statement(lines, opened_on=DAY, closed_on=closed_on))


def test_without_a_statement_the_bank_says_nothing(bank):
    bank.paid_out(5000)
    assert found(bank) == []


def test_a_payout_that_came_in_is_no_break(bank):
    bank.paid_out(5000)
    with_statement(bank, line(5000, name="STRIPE", text="STRIPE"))
    bank.match()
    assert found(bank) == []


def test_a_payout_without_a_line_and_a_line_without_a_payout(bank):
    lost = bank.paid_out(7000)
    with_statement(
        bank,
        line(5001, name="STRIPE", text="STRIPE"),
        line(-80, name="LANDLORD", text="RENT", references=()),
    )
    bank.match()
    kinds = found(bank)
    assert ("bank_missing", lost) in kinds
    assert [kind for kind, _ in kinds] == ["bank_missing", "bank_unknown"]


def test_before_the_statement_reaches_its_day_nothing_is_told(bank):
    bank.paid_out(7000)
    with_statement(bank, line(-80, name="LANDLORD", text="RENT", references=()), closed_on=DAY)
    assert found(bank) == []


def test_a_payout_whose_amount_changed_after_it_was_matched(bank):
    payout = bank.paid_out(5000)
    with_statement(bank, line(5000, name="STRIPE", text="STRIPE"))
    bank.match()
    with writing(bank.console.engine) as connection:
        connection.execute(update(payouts).values(amount_minor=4999))
    assert found(bank) == [("bank_amount", payout)]


@pytest.mark.parametrize("column", ["amount_minor", "account"])
def test_an_exported_batch_that_was_changed_is_found(bank, column):
    engine = bank.console.engine
    key = Key(date(2026, 3, 4), "eur", journal.PAYMENTS)
    own = journal.entry_id(key, livemode=False)
    lines = (Line("Assets:Stripe:EUR", 970), Line("Income:Sales:EUR", -1000), Line("Fees", 30))
    with writing(engine) as connection:
        batches.write(connection, [Batch(Entry(own, key, lines), 1, clock.now())], livemode=False)
    march = Span(False, date(2026, 3, 1), date(2026, 3, 31), UTC_ZONE)
    with one_picture(engine) as connection:
        assert list(book_breaks(connection, march)) == []
    n = journal_lines.c
    changed = n.amount_minor + 1 if column == "amount_minor" else "Elsewhere"
    with writing(engine) as connection:
        connection.execute(update(journal_lines).where(n.position == 2).values({column: changed}))
    with one_picture(engine) as connection:
        (one,) = book_breaks(connection, march)
    assert (one.kind, one.object_id, one.currency) == ("amount", own, "eur")
