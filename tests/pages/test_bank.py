"""Bank on the screen: a file is taken in, proposals are decided, a line is matched by hand."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.cache import ProcessCache
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from dashboard.screens.bank import labels, messages
from tests.support.bank_books import BankBooks
from tests.support.bank_files import ACCOUNT, DAY, PROFILE, camt053, line, statement
from tests.support.checkout_screens import badges
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_actions import RULES
from tests.support.kit_parts import tables
from tests.support.translations import untranslated


@pytest.fixture
def bank(console, nothing_cached):
    books = BookingContext(Scope(ZoneInfo("UTC")))
    context = ActionContext(console.engine, {}, books, RULES, ProcessCache(), "", step_up=None)
    return BankBooks(console, context, Caller(person(console, "finance")))


@pytest.fixture
def screen(bank, screen_as):
    def run(**query):
        test = screen_as(bank.finance.actor, "bank", **query)
        assert not test.exception
        return test

    return run


def words(test):
    kinds = (test.success, test.error, test.info, test.caption, test.markdown, test.text)
    said = " ".join(element.value for kind in kinds for element in kind)
    return said.replace("\\", "").replace("\N{WORD JOINER}", "")


def button(test, key):
    return next(one for one in test.button if (one.key or "").startswith(key))


def take_in(test, data, name="november.xml"):
    """Press the button, choose a file, and have it taken in."""
    button(test, "bank_import").click().run()
    test.file_uploader(key="bank_file").upload(name, data).run()
    button(test, "bank_import_now").click().run()
    assert not test.exception
    return test


def test_a_statement_is_taken_in_and_what_is_certain_is_matched(bank, screen):
    payout = bank.paid_out(500)
    bank.paid_out(700)
    test = screen()
    assert "Statements of your bank prove that payouts arrived." in words(test)
    take_in(test, camt053(statement([line(500), line(-30, name="Rent", text="RENT")])))
    said = words(test)
    assert "1 statement was read · 2 lines are new · 1 was matched with its payout" in said
    (found,) = audited(bank.console, "bank.import")
    assert found.target == "november.xml"
    assert [one.payout_id for row in bank.lines() for one in row.matches] == [payout]

    again = take_in(test, camt053(statement([line(500), line(-30, name="Rent", text="RENT")])))
    assert "This file was taken in before. Nothing was written." in words(again)
    assert len(bank.lines()) == 2


def test_a_statement_that_does_not_add_up_is_refused_with_its_figures(bank, screen):
    test = take_in(screen(), camt053(statement([line(500)], closing_minor=601)))
    said = words(test)
    assert "Nothing of the file was taken in. Closing balance: is 6.01 EUR" in said
    assert "100.00 and its lines make 105.00" in said
    assert bank.lines() == ()
    refused = take_in(screen(), b"no statement at all", "holiday.jpg")
    assert "Format: is none of camt.053, mt940, ofx, bai2" in words(refused)


def test_statements_show_the_balances_that_their_lines_lead_between(bank, screen):
    bank.take_in(statement([line(500), line(-30)]))
    (row,) = tables(screen(part="statements"))[0].value.to_dict("records")
    assert (row["opening"], row["moved"], row["closing"]) == ("€100.00", "€4.70", "€104.70")
    assert (row["lines"], row["proved"]) == ("2", ["Adds up"])


def test_a_combined_match_is_accepted_as_it_is_proposed(bank, screen):
    parts = [bank.paid_out(amount) for amount in (100, 200)]
    bank.take_in(statement([line(300)]))
    test = screen()
    said = words(test)
    assert "One line of several payouts" in said
    assert "€3.00 EUR" in said
    assert "€1.00 EUR" in said
    button(test, "proposal_accept").click().run()
    assert not test.exception
    assert "They are matched." in words(test)
    assert [one.payout_id for one in bank.lines()[0].matches] == parts
    assert bank.lines()[0].matches[0].reason == "proposed: combined"


def test_a_split_match_is_refused_and_not_proposed_again(bank, screen):
    bank.paid_out(300)
    bank.take_in(statement([line(100), line(200, references=("B2",))]))
    test = screen()
    assert "One payout in several lines" in words(test)
    button(test, "proposal_refuse").click().run()
    assert "It is not proposed any more." in words(test)
    assert bank.proposed() == []
    assert len(audited(bank.console, "bank.refuse")) == 1


def test_of_equal_payouts_the_person_chooses_one(bank, screen):
    _first, second = bank.paid_out(500), bank.paid_out(500, DAY + timedelta(days=1))
    bank.take_in(statement([line(500)]))
    test = screen()
    assert "Several have this amount" in words(test)
    box = next(one for one in test.selectbox if (one.key or "").startswith("proposal_payout"))
    box.select_index(1).run()
    button(test, "proposal_accept").click().run()
    assert [one.payout_id for one in bank.lines()[0].matches] == [second]


def test_amounts_that_differ_are_not_matched_without_a_reason(bank, screen):
    payout = bank.paid_out(500, trace_id="TRACE00-77")
    bank.take_in(statement([line(480, text="STRIPE TRACE00 77")]))
    test = screen()
    button(test, "proposal_accept").click().run()
    assert "Nothing was changed. The amounts differ: say why." in words(test)
    box = next(one for one in test.text_input if (one.key or "").startswith("proposal_reason"))
    box.input("the bank's charge").run()
    button(test, "proposal_accept").click().run()
    (made,) = bank.lines()[0].matches
    assert (made.payout_id, made.amount_minor, made.reason) == (payout, 480, "the bank's charge")


def test_a_line_is_matched_by_hand_and_the_match_undone(bank, screen):
    payout = bank.paid_out(500, DAY - timedelta(days=40))
    bank.paid_out(500, currency="usd")
    bank.take_in(statement([line(480, name="S", text="S")]))
    number = str(bank.lines()[0].line_id)
    test = screen(part="lines", line=number)
    box = test.multiselect(key=f"hand_{number}_payouts")
    assert len(box.options) == 1
    box.select(payout).run()
    button(test, f"hand_{number}_now").click().run()
    assert "Reason: must be a printable string" in words(test)
    test.text_input(key=f"hand_{number}_reason").input("told by the bank").run()
    button(test, f"hand_{number}_now").click().run()
    assert "make 5.00 EUR, but the lines 4.80" in words(test)
    test.checkbox(key=f"hand_{number}_accepts").check().run()
    button(test, f"hand_{number}_now").click().run()
    assert "They are matched." in words(test)
    (made,) = bank.lines()[0].matches
    assert made.payout_id == payout

    test = screen(part="lines", line=number)
    test.text_input(key=f"undo_reason_{made.decision}").input("another one's").run()
    button(test, f"undo_{made.decision}").click().run()
    assert "The match is undone." in words(test)
    assert f"{payout}: undone" in words(test)
    assert bank.lines()[0].matches == ()


def test_lines_are_filtered_by_their_state(bank, screen):
    bank.paid_out(500)
    bank.take_in(statement([line(500), line(-30)]))
    bank.match()
    everything = tables(screen(part="lines"))[0].value
    assert list(everything["amount"]) == ["-€0.30", "€5.00"]
    assert list(tables(screen(part="lines", view="matched"))[0].value["amount"]) == ["€5.00"]
    assert list(tables(screen(part="lines", view="open"))[0].value["amount"]) == ["-€0.30"]
    # An address that somebody typed by hand is no error.
    assert len(tables(screen(part="lines", before="then", account="x", line="y"))) == 1


def test_a_payout_past_its_day_stands_there_by_what_is_missing(bank, screen):
    """Where its statement is missing nobody can decide: it is folded, under its number."""
    late = bank.paid_out(500)
    bank.take_in(statement([line(1)]))
    test = screen()
    assert "Nothing is left to decide" in badges(test)
    assert [one.label for one in test.expander] == ["1 payout waits for a statement of its day"]
    assert tables(test)[0].names == [late]
    assert "In all: 1 · €5.00 EUR" in words(test)
    bank.take_in(statement([line(1, booked_on=date(2026, 11, 16))], number="2"))
    test = screen()
    assert "Payouts that the bank does not show" in [one.value for one in test.header]
    assert list(test.expander) == []
    assert tables(test)[0].names == [late]


def test_an_account_is_written_down_and_its_csv_read_by_its_profile(bank, screen):
    from core.bank import csv_profile

    test = screen(part="accounts")
    test.text_input(key="account_new_number").input(ACCOUNT)
    test.text_input(key="account_new_currency").input("eur")
    test.text_input(key="account_new_name").input("Operating")
    test.text_area(key="account_new_profile").input("{}")
    save = next(one for one in test.button if one.label == "Save")
    save.click().run()
    assert "Column profile: must have the field booked_on" in words(test)
    test.text_area(key="account_new_profile").input(csv_profile.to_json(PROFILE))
    next(one for one in test.button if one.label == "Save").click().run()
    assert "The account is written down." in words(test)
    (row,) = tables(test)[0].value.to_dict("records")
    assert (row["name"], row["csv"]) == ("Operating", "Column profile")


def test_an_administrator_decides_without_seeing_money_elsewhere(bank, screen_as):
    bank.paid_out(100), bank.paid_out(200)
    bank.take_in(statement([line(300)]))
    test = screen_as(person(bank.console, "admin"), "bank")
    assert not test.exception
    assert "One line of several payouts" in words(test)


def test_in_chinese_too(bank, screen):
    bank.paid_out(100), bank.paid_out(200)
    bank.take_in(statement([line(300)]))
    test = screen()
    test.selectbox(key="language").set_value("zh-CN").run()
    assert not test.exception
    assert "一笔流水对应多笔出款" in words(test)
    said = [*labels.WHY.values(), *labels.HOW.values(), *messages.FIELDS.values()]
    assert untranslated(said) == set()
    assert badges(test)
