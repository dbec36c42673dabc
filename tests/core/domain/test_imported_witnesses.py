"""What the bank and the exported books say beside payouts and ledger, to the minor unit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.books.export import export, wanted
from core.db.engine import one_picture, reading, writing
from core.domain.imported_witnesses import bank_heard, books_heard
from core.proof import periods
from core.proof.span import Span
from tests.support.bank_files import DAY, line, statement
from tests.support.factories import add_ledger, close_month, fresh_engine, ledger_row, payment_row

FIRST, LAST = DAY - timedelta(days=10), DAY + timedelta(days=10)
AFTER = DAY + timedelta(days=30)
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def heard(books, currency="eur"):
    with one_picture(books.console.engine) as connection:
        return bank_heard(connection, livemode=False, currency=currency, first=FIRST, last=LAST)


def with_statement(books, *lines, closed_on=AFTER):
    books.take_in(statement(lines, opened_on=DAY, closed_on=closed_on))


def stripes(amount):
    return line(amount, name="STRIPE", text="STRIPE")


def test_without_a_statement_the_bank_is_not_heard(bank):
    bank.paid_out(5000)
    assert heard(bank) is None


def test_payouts_that_came_in_are_the_banks_figure(bank):
    bank.paid_out(5000)
    bank.paid_out(-700)
    with_statement(bank, stripes(5000), stripes(-700))
    bank.match()
    found = heard(bank)
    assert (found.figure_minor, found.difference_minor) == (4300, 0)
    assert (found.counted, found.of) == (2, 2)
    assert heard(bank, "usd") is None


def test_a_payout_without_a_line_is_less_and_a_line_without_a_payout_more(bank):
    bank.paid_out(5000)
    bank.paid_out(7000)
    with_statement(bank, stripes(5000))
    bank.match()
    found = heard(bank)
    assert (found.difference_minor, found.counted, found.of) == (-7000, 1, 2)
    with_statement(bank, stripes(5000), stripes(801))
    bank.match()
    assert heard(bank).difference_minor == 801 - 7000


def test_what_no_statement_reaches_yet_is_not_missed(bank):
    bank.paid_out(5000)
    bank.paid_out(7000)
    with_statement(bank, stripes(5000), closed_on=DAY)
    bank.match()
    found = heard(bank)
    assert (found.figure_minor, found.difference_minor, found.of) == (5000, 0, 1)


def test_another_amount_that_a_person_accepted_is_what_is_expected(bank):
    payout = bank.paid_out(5000)
    with_statement(bank, line(4990, name="BANK", text="payout less charge"))
    (one,) = bank.lines()
    bank.by_hand([one.line_id], [payout], accepts_difference=True)
    found = heard(bank)
    assert (found.figure_minor, found.difference_minor) == (4990, 0)


@pytest.mark.parametrize("account", [True, False], ids=["account", "none"])
def test_only_who_has_an_account_needs_a_statement_to_close(bank, account):
    """Payouts in a month, an account, and no statement of it."""
    bank.paid_out(5000)
    if account:
        far = AFTER + timedelta(days=90)
        bank.take_in(statement([], opened_on=far, closed_on=far))
    span = Span(False, FIRST, LAST, ZoneInfo("UTC"))

    def missing():
        now = datetime.combine(AFTER, NOON.time(), UTC)
        with one_picture(bank.console.engine) as connection:
            found = {one.id: one.count for one in periods.blockers(connection, span, now)}
        return found.get("statement_missing", 0)

    assert missing() == int(account)
    with_statement(bank, stripes(5000))
    assert missing() == 0


@pytest.fixture
def engine(database_url):
    engine = fresh_engine(database_url)
    close_month(engine, date(2026, 10, 1))
    yield engine
    engine.dispose()


def exported(engine):
    export(engine, wanted("2026-10", livemode=False), "csv")


def books(engine):
    with reading(engine) as connection:
        return books_heard(
            connection,
            livemode=False,
            currency="usd",
            since=date(2026, 10, 1),
            until=date(2026, 11, 1),
        )


def book(engine, amount, created_at=NOON):
    with writing(engine) as connection:
        row = ledger_row(payment_row(created_at=created_at), amount_minor=amount, fee_minor=7)
        add_ledger(connection, [row])


def test_the_books_are_heard_once_they_were_exported_for_good(engine):
    book(engine, 500, NOON - timedelta(days=40))
    book(engine, 1000)
    assert books(engine) is None
    exported(engine)
    found = books(engine)
    assert (found.figure_minor, found.difference_minor) == (493 + 993, 0)
    assert found.counted == 1


def test_what_changed_since_is_the_difference_until_it_is_exported_too(engine):
    book(engine, 1000)
    exported(engine)
    book(engine, -300)
    assert books(engine).difference_minor == 307
    exported(engine)
    assert books(engine).difference_minor == 0
