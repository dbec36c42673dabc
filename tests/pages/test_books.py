"""Books: a rule of the journal is looked at, changed, refused and taken back on the screen."""

from __future__ import annotations

import pytest

from dashboard.screens.books import rules
from tests.support.fixtures_access import audited, person
from tests.support.kit_parts import tables
from tests.support.translations import untranslated


@pytest.fixture
def screen(console, screen_as):
    def run(role="finance", **query):
        test = screen_as(person(console, role), "books", **query)
        assert not test.exception
        return test

    return run


def said(test):
    return " ".join(one.value for kind in (test.success, test.error) for one in kind).replace(
        "\\", ""
    )


def press(test, label):
    next(one for one in test.button if one.label == label).click().run()
    assert not test.exception


def row(test, name):
    table = tables(test)[0].value
    return table[table["rule"] == name].iloc[0]


def test_a_rule_is_changed_and_taken_back(console, screen):
    test = screen("admin", rule="refund")
    assert row(test, "refund")["account"] == "Income:Refunds"
    test.text_input(key="rule_category_refund_account").input("Income:Returns")
    press(test, "Save")
    assert "It is booked there from now on." in said(test)
    changed = row(test, "refund")
    assert (changed["account"], changed["usual"]) == ("Income:Returns", "Income:Refunds")
    press(test, "As usual again")
    assert row(test, "refund")["account"] == "Income:Refunds"
    assert len(audited(console, "journal.rule")) == 2


def test_an_account_that_no_file_carries_is_refused_with_its_rule(console, screen):
    test = screen(rule="refund")
    test.text_input(key="rule_category_refund_account").input("Returns")
    press(test, "Save")
    assert "Nothing was changed. Account in the books: must begin with one of Assets" in said(test)
    assert audited(console, "journal.rule") == []


def test_a_program_gets_its_own_number_of_an_account(screen):
    test = screen(kind="datev")
    test.text_input(key="rule_datev_new_name").input("Assets:Stripe:USD")
    test.text_input(key="rule_datev_new_account").input("1371")
    press(test, "Save")
    assert row(test, "Assets:Stripe:USD")["account"] == "1371"


def test_in_chinese_too(screen):
    test = screen()
    test.selectbox(key="language").set_value("zh-CN").run()
    assert not test.exception
    words = [*rules.SUBJECTS.values(), *rules.FIELDS.values()]
    assert untranslated(words) <= {"DATEV", "Xero", "QuickBooks"}
