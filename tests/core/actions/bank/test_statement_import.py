"""Files taken in: whole or not at all, no booking twice, none lost, and who did it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select

from core.access.principals import Caller
from core.actions.bank import accounts, statement_import
from core.actions.bank.accounts import NewAccount
from core.db.engine import reading
from core.db.tables import bank_accounts, bank_lines, bank_matches, bank_statements
from core.errors import NotFound, NotPermitted, StatementRefused, StatementUnbalanced
from core.reads.bank.statements import statements
from tests.support import bank_files
from tests.support.bank_files import (
    ACCOUNT,
    DAY,
    PROFILE,
    any_statement,
    camt053,
    csv_file,
    line,
    mt940,
    ofx,
    statement,
)
from tests.support.fixtures_access import audited, person

TABLES = (bank_accounts, bank_statements, bank_lines, bank_matches)
NEXT = DAY + timedelta(days=1)


def rows(bank):
    with reading(bank.console.engine) as connection:
        return [connection.scalar(select(func.count()).select_from(one)) for one in TABLES]


def test_a_file_is_kept_with_all_that_it_says(bank):
    one = statement([line(500), line(-20, name="SHOP", text="RENT", references=())])
    made = bank.take_in(one, file_name="november.xml")
    assert (made.is_known, made.new_lines) == (False, 2)
    with reading(bank.console.engine) as connection:
        (kept,) = statements(connection, livemode=False)
    assert (kept.account, kept.currency, kept.format) == (ACCOUNT, "eur", "camt.053")
    assert (kept.opening_minor, kept.closing_minor, kept.is_proved) == (10_000, 10_480, True)
    assert (kept.file_name, kept.imported_by) == ("november.xml", bank.finance.actor)
    debit, credit = bank.lines()
    assert (credit.amount_minor, credit.name, credit.references) == (500, "STRIPE", ("B1", "E1"))
    assert (debit.amount_minor, debit.text, debit.references) == (-20, "RENT", ())
    assert (debit.booked_on, debit.value_on, debit.state) == (DAY, DAY, "open")
    (log,) = audited(bank.console, "bank.import")
    assert (log.actor, log.target) == (bank.finance.actor, "november.xml")
    assert '"new_lines":2' in log.details


def test_the_same_file_twice_writes_nothing_and_says_so(bank):
    data = camt053(statement([line(500)]))
    bank.import_bytes(data)
    before = rows(bank)
    again = bank.import_bytes(data, file_name="copy")
    assert (again.is_known, again.statements, again.new_lines) == (True, (), 0)
    assert rows(bank) == before
    assert len(audited(bank.console, "bank.import")) == 1


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(found=any_statement())
def test_any_statement_in_another_file_writes_no_line(bank, found):
    bank.take_in(found)
    before = rows(bank)
    again = bank.import_bytes(camt053(found) + b"\n")
    assert again.is_known or [one.is_known for one in again.statements] == [True]
    assert rows(bank) == before


def test_overlapping_statements_do_not_double_lines(bank):
    first = line(500, references=("B1",))
    second = line(700, booked_on=NEXT, references=("B2",))
    third = line(900, booked_on=NEXT, references=("B3",))
    bank.take_in(statement([first, second], number="1"))
    made = bank.take_in(statement([second, third], opening=105_00, number="2"))
    assert made.new_lines == 1
    assert sorted(one.amount_minor for one in bank.lines()) == [500, 700, 900]


def test_equal_bookings_of_one_statement_are_all_kept_and_not_doubled(bank):
    same = [line(500, references=()), line(500, references=())]
    assert bank.take_in(statement(same, number="1")).new_lines == 2
    more = [*same, line(500, references=())]
    assert bank.take_in(statement(more, number="2")).new_lines == 1


@pytest.mark.parametrize("backwards", [False, True])
def test_equal_bookings_of_statements_that_follow_each_other_are_two(bank, backwards):
    one = line(500, references=())
    pages = [statement([one], opening=opening, number=str(opening)) for opening in (0, 500)]
    for page in reversed(pages) if backwards else pages:
        assert bank.take_in(page).new_lines == 1
    assert [found.amount_minor for found in bank.lines()] == [500, 500]


def test_a_day_that_closes_as_it_opened_is_not_doubled_when_sent_again(bank):
    swept = [line(500, references=()), line(-500, references=())]
    assert bank.take_in(statement(swept, opening=0, number="1")).new_lines == 2
    assert bank.take_in(statement(swept, opening=0, number="2")).new_lines == 0


@pytest.mark.parametrize("other", [mt940, ofx])
def test_a_statement_that_was_there_in_another_format_is_known(bank, other):
    one = statement([line(500), line(700, booked_on=NEXT)], number="5/1")
    bank.take_in(one)
    before = rows(bank)
    (found,) = bank.import_bytes(other(one)).statements
    assert (found.is_known, found.new_lines) == (True, 0)
    assert rows(bank) == before
    longer = replace(one, lines=(*one.lines, line(900, booked_on=NEXT)), closing_minor=121_00)
    assert not bank.import_bytes(other(longer)).statements[0].is_known


def test_a_file_of_which_one_statement_is_wrong_is_not_taken_in_at_all(bank):
    right = statement([line(500)])
    wrong = replace(statement([line(1)], number="2"), closing_minor=0)
    with pytest.raises(StatementUnbalanced, match=r"is 0\.00 EUR, but 100\.00 and its lines make"):
        bank.take_in(right, wrong)
    assert rows(bank) == [0, 0, 0, 0]
    assert audited(bank.console, "bank.import") == []


def test_modes_have_accounts_of_their_own(bank):
    one = statement([line(500)])
    for livemode in (False, True):
        made = bank.take_in(one, livemode=livemode)
        assert (made.is_known, made.new_lines) == (False, 1)
    assert len(bank.lines()) == len(bank.lines(livemode=True)) == 1


def test_two_that_import_one_file_at_once_write_it_once(bank):
    data = camt053(statement([line(500), line(700)]))
    gate, made = threading.Barrier(4), []

    def run():
        gate.wait()
        made.append(bank.import_bytes(data))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.is_known for one in made) == [False, True, True, True]
    assert rows(bank)[:3] == [1, 1, 2]


def test_csv_is_read_by_the_profile_of_its_account(bank):
    new = NewAccount("shop 1", "eur", csv_profile=PROFILE)
    account_id = accounts.save(bank.context, bank.finance, new, livemode=False)
    one = statement([line(500), line(-700)])
    made = bank.import_bytes(csv_file(one), account_id=account_id)
    assert made.new_lines == 2
    assert made.statements[0].account == "SHOP1"
    with pytest.raises(StatementRefused, match="CSV needs an account with a column profile"):
        bank.import_bytes(csv_file(one) + b"\n")


def test_an_account_that_is_named_stands_for_the_number_in_the_file(bank):
    account_id = bank.take_in(statement([line(500)])).statements[0].account_id
    other = statement([line(700)], account="37040044/0532013000", number="5/1")
    made = bank.import_bytes(mt940(other), account_id=account_id)
    assert made.statements[0].account_id == account_id
    assert rows(bank)[0] == 1
    dollars = statement([line(700, currency="usd")])
    with pytest.raises(StatementRefused, match="is USD within a statement in EUR"):
        bank.take_in(dollars, account_id=account_id)
    with pytest.raises(NotFound):
        bank.take_in(other, account_id=account_id + 1)
    with pytest.raises(NotFound):
        bank.take_in(other, account_id=account_id, livemode=True)


def test_a_long_statement_is_written_in_parts(bank):
    many = [line(at, references=(f"B{at}",)) for at in range(1, 1_203)]
    assert bank.take_in(statement(many)).new_lines == 1_202
    assert bank.take_in(statement([*many, line(5)], number="2")).new_lines == 1


@pytest.mark.parametrize("role", ["viewer", "support_lead", "risk", "developer"])
def test_who_may_not_is_refused_before_the_file_is_read(bank, role):
    caller = Caller(person(bank.console, role))
    with pytest.raises(NotPermitted):
        statement_import.import_file(bank.context, caller, b"none", livemode=False)
    (log,) = audited(bank.console, "bank.import")
    assert (log.outcome, log.actor) == ("refused", caller.actor)


def test_an_administrator_may_import(bank):
    caller = Caller(person(bank.console, "admin"))
    data = bank_files.camt053(statement([line(1)]))
    made = statement_import.import_file(bank.context, caller, data, livemode=False)
    assert made.new_lines == 1
