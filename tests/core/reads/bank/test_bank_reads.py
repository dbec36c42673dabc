"""What finance sees of the bank: pages, states, and payouts whose line is missing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.db.engine import reading
from core.errors import NotPermitted
from core.reads.bank import lines as line_reads
from core.reads.bank.missing_payouts import missing_payouts
from core.reads.bank.proposals import proposals
from core.reads.bank.statements import accounts, statements
from tests.support.bank_files import DAY, line, statement
from tests.support.fixtures_access import person

NEXT = DAY + timedelta(days=1)


def read(bank, fn, **named):
    with reading(bank.console.engine) as connection:
        return fn(connection, **{"livemode": False} | named)


def test_a_bank_without_statements_is_empty(bank):
    for fn in (accounts, statements, line_reads.lines, line_reads.matches, proposals):
        assert read(bank, fn) == ()
    assert read(bank, missing_payouts, today=DAY) == ()


def test_lines_are_paged_from_the_newest_and_filtered(bank):
    payout = bank.paid_out(3)
    rows = [
        line(at, booked_on=DAY if at < 4 else NEXT, references=(str(at),)) for at in range(1, 7)
    ]
    made = bank.take_in(statement(rows)).statements[0]
    other = bank.take_in(statement([line(50)], account="OTHER1")).statements[0]
    bank.match()

    def amounts(**named):
        return [one.amount_minor for one in read(bank, line_reads.lines, **named)]

    assert amounts() == [6, 5, 4, 50, 3, 2, 1]
    first = read(bank, line_reads.lines, limit=4)
    last = first[-1]
    assert amounts(before=(last.booked_on, last.line_id)) == [3, 2, 1]
    assert amounts(state="matched") == [3]
    assert amounts(state="open", account_id=made.account_id) == [6, 5, 4, 2, 1]
    assert amounts(since=NEXT) == [6, 5, 4]
    assert amounts(until=DAY, account_id=other.account_id) == [50]
    assert amounts(livemode=True) == []
    (match,) = read(bank, line_reads.matches, payout_id=payout)
    assert (match.matched_by, match.undone_at) == (bank.finance.actor, None)


def test_statements_are_listed_by_their_last_day(bank):
    for day, number in ((DAY, "1"), (NEXT, "2")):
        one = statement([line(500, booked_on=day)], number=number)
        account_id = bank.take_in(one).statements[0].account_id
    bank.take_in(statement([line(7)], account="OTHER1"))
    found = read(bank, statements, account_id=account_id)
    assert [(one.number, one.closed_on, one.lines) for one in found] == [
        ("2", NEXT, 1),
        ("1", DAY, 1),
    ]
    assert len(read(bank, statements)) == 3
    assert len(read(bank, statements, limit=1)) == 1
    assert [one.covered_until for one in read(bank, accounts)] == [NEXT, DAY]


def test_a_paid_payout_is_missing_once_it_is_past_due(bank):
    late = bank.paid_out(500)
    negative = bank.paid_out(-300)
    for status in ("in_transit", "failed", "canceled", "pending"):
        bank.paid_out(700, status=status)
    bank.paid_out(900, arrival_at=None)
    bank.paid_out(900, livemode=True)
    due = date(2026, 11, 16)
    assert read(bank, missing_payouts, today=due) == ()
    found = read(bank, missing_payouts, today=due + timedelta(days=1))
    assert [(one.payout_id, one.amount_minor, one.due_on) for one in found] == [
        (late, 500, due),
        (negative, -300, due),
    ]
    assert {one.is_covered for one in found} == {False}
    # In its currency, to its last day: now the money is missing, for this month at least.
    before = bank.paid_out(400, date(2026, 10, 30))
    bank.take_in(statement([line(1, currency="usd")], number="2", currency="usd"))
    bank.take_in(statement([line(1, booked_on=due)], number="1"))
    found = read(bank, missing_payouts, today=due + timedelta(days=1))
    covered = [(one.payout_id, one.is_covered) for one in found]
    assert covered == [(before, False), (late, True), (negative, True)]
    bank.take_in(statement([line(1, booked_on=date(2026, 10, 30))], number="0"))
    found = read(bank, missing_payouts, today=due + timedelta(days=1))
    assert {one.is_covered for one in found} == {True}
    bank.take_in(statement([line(500, references=("B7",))], number="3"))
    bank.match()
    found = read(bank, missing_payouts, today=due + timedelta(days=1))
    assert [one.payout_id for one in found] == [before, negative]


@pytest.mark.parametrize("role", ["viewer", "support", "risk", "developer"])
def test_who_may_not_sees_nothing(bank, role):
    caller = person(bank.console, role)
    with pytest.raises(NotPermitted):
        bank.console.read(caller, statements, livemode=False)
