"""Rules as sentences: built, tried on the past, and put in force only as they were tried."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from core.db.tables import rule_sets, settings_table
from core.risk.rules import DEFAULT
from tests.support.fixtures_access import audited, person
from tests.support.fraud_rows import kept, scored, warned
from tests.support.kit_parts import parts, tables
from tests.support.rule_screen import paste, put_in_force

RULES = {"tab": "rules"}


@pytest.fixture
def risk(console):
    return person(console, "risk", email="ria@shop.example")


@pytest.fixture
def rules(risk, screen_as):
    """The Rules tab, for who works on fraud."""

    def run(user=risk, **query):
        test = screen_as(user, "fraud", tab="rules", **query)
        assert not test.exception
        return test

    return run


def table(test, key):
    return next(one for one in tables(test) if one.part is not None and one.part.key == key)


def in_words(test):
    """The rules as they stand in the table: the sentence of each."""
    return [cells["cells"][0] for cells in table(test, "rules").rows]


def sentences(test):
    return [
        cell if isinstance(cell, str) else cell.get("note") or cell["text"]
        for cell in in_words(test)
    ]


def errors(test):
    return [one.value.replace("\\", "") for one in test.markdown if ":red[" in one.value]


def field(test, kind, label, at=0):
    """A field of the open rule by what it is called."""
    return [one for one in getattr(test, kind) if one.label == label][at]


def typed(test, kind, label, value, at=0):
    found = field(test, kind, label, at)
    (found.input if kind == "text_input" else found.set_value)(value)
    test.run()
    assert not test.exception
    return test


def body(console):
    return json.loads(kept(console, rule_sets)[-1].body)


def test_the_rules_in_force_are_sentences(rules):
    assert sentences(rules()) == [
        "Number of earlier payments by this user within an hour is at least 5",
        "Total of this user's day in any currency is over 50,000",
        "Amount in any currency is over 10,000",
        "The IP address is on a block list",
    ]


def test_a_new_rule_is_a_sentence_with_amounts_typed_in_major_units(console, rules):
    scored(console, currency="usd")
    test = rules()
    test.button(key="rule_new").click().run()
    typed(test, "text_input", "Amount in USD", "500.00")
    typed(test, "text_input", "Points", "30")
    assert sentences(test)[-1] == "Amount in USD is over 500.00"
    test.button(key="rule_add").click().run()
    typed(test, "selectbox", "Signal", "card_country", at=1)
    typed(test, "text_input", "Value", "us, ca")
    put_in_force(test, "large ones from elsewhere")
    assert body(console)["rules"][-1] == {
        "name": "rule_5",
        "when": 'amount > amount_limit and card_country in ("US", "CA")',
        "points": 30,
        "on": True,
    }
    assert body(console)["thresholds"]["amount_limit"] == {"usd": "500.00"}


def test_a_rule_is_changed_switched_off_and_removed(console, rules):
    test = rules(rule="3")
    typed(test, "text_input", "Amount in any other currency", "7500")
    test.query_params["rule"] = "1"
    test.run()
    typed(test, "toggle", "Switched on", False)
    test.query_params["rule"] = "4"
    test.run()
    test.button(key="rule_remove").click().run()
    states = table(test, "rules").value["state"].tolist()
    assert states == [["Changed", "Off"], "", ["Changed"]]
    put_in_force(test)
    found = body(console)
    assert [one["on"] for one in found["rules"]] == [False, True, True]
    assert found["thresholds"]["large_amount"] == {"default": "7500"}


def test_a_mistake_stands_at_its_field_and_what_was_typed_stays(console, rules, screen_as, risk):
    test = rules(rule="3")
    typed(test, "text_input", "Amount in any other currency", "12,5x")
    typed(test, "text_input", "Points", "many")
    assert errors(test) == [
        ":small[:red[Amount in any other currency must be a number such as 12.34]]",
        ":small[:red[This field must be a whole number up to 1000]]",
    ]
    assert field(test, "text_input", "Points").value == "many"
    test.button(key="rules_try").click().run()
    assert test.button(key="rules_save").disabled
    later = rules(rule="3")
    assert field(later, "text_input", "Amount in any other currency").value == "12,5x"
    assert kept(console, rule_sets) == []
    later.button(key="rules_reset").click().run()
    assert errors(later) == []
    assert not [row for row in kept(console, settings_table) if "draft" in row.name]


def test_only_what_was_tried_is_put_in_force(console, rules):
    test = rules(rule="3")
    typed(test, "text_input", "Points", "80")
    assert test.button(key="rules_save").disabled
    test.button(key="rules_try").click().run()
    assert not test.button(key="rules_save").disabled
    typed(test, "text_input", "Points", "90")
    assert test.button(key="rules_save").disabled
    assert "The draft changed since it was tried." in [one.value for one in test.caption]
    # Not even by a browser that opens the button by itself.
    opened = test.button(key="rules_save")
    opened.proto.disabled = False
    opened.click().run()
    assert kept(console, rule_sets) == []
    test.button(key="rules_try").click().run()
    test.button(key="rules_save").click().run()
    assert errors(test) == [":small[:red[Say why: it stands with the version for good.]]"]
    put_in_force(test)
    assert body(console)["rules"][2]["points"] == 90


def test_what_it_would_have_done_stands_beside_the_rules_in_force(console, rules):
    bad = scored(console, currency="usd", amount_minor=1_500_000, age=timedelta(days=3))
    scored(console, currency="usd", amount_minor=1_200_000, age=timedelta(days=2))
    scored(console, currency="jpy", amount_minor=900, age=timedelta(days=1))
    warned(console, bad)
    test = rules(rule="3")
    typed(test, "text_input", "Points", "70")
    test.button(key="rules_try").click().run()
    shown = {
        card["label"]: (card["value"], card["change"])
        for card in parts(test, "cards")[0].data["cards"]
    }
    assert shown == {
        "Fraud caught": ("1", "+1"),
        "Fraud missed": ("0", "-1"),
        "Good ones stopped": ("1", "+1"),
        "Flagged, medium or high": ("2", "+2"),
    }
    money = table(test, "preview_money").value
    assert money.to_numpy().tolist() == [
        ["Fraud caught, USD", "$15,000.00", "in force: $0.00"],
        ["Fraud missed, USD", "$0.00", "in force: $15,000.00"],
        ["Good ones stopped, USD", "$12,000.00", "in force: $0.00"],
    ]
    assert table(test, "newly").value["was"].tolist() == [["Good"], ["Fraud"]]
    assert any("3 paid payments with a score" in one.value for one in test.caption)


def test_old_history_is_tried_without_its_young_end(console, rules):
    scored(console, age=timedelta(days=400))
    scored(console, age=timedelta(days=90))
    scored(console, age=timedelta(days=5))
    test = rules()
    test.button(key="rules_try").click().run()
    said = [one.value for one in test.caption]
    assert any("1 paid payment with a score" in one for one in said)
    assert "Younger ones are left out: a dispute may still come." in said


@pytest.mark.parametrize("days", [1, 90, 400])
def test_the_backtest_begins_with_a_window_that_holds_payments(console, risk, screen_as, days):
    scored(console, age=timedelta(days=days))
    test = screen_as(risk, "fraud", tab="backtest")
    next(one for one in test.button if one.label == "Run backtest").click().run()
    assert not test.exception
    assert any(one.value.startswith("1 paid payment, of which") for one in test.caption)


def test_json_that_cannot_be_read_stays_with_what_is_wrong(console, rules):
    test = rules()
    test.text_area(key="rules_text").input('{"rules": [').run()
    test.button(key="rules_take").click().run()
    assert "line 1" in errors(test)[0]
    assert test.text_area(key="rules_text").value == '{"rules": ['
    unsaid = {"name": "Odd ones", "when": "amount > user_usual or first_payment", "points": 5}
    paste(test, DEFAULT | {"rules": [unsaid]})
    assert sentences(test) == [
        "Amount is over usual amount of this user or this user has no succeeded payment before"
    ]
    put_in_force(test)
    assert body(console)["rules"] == [unsaid | {"on": True}]


def test_rules_wait_for_another_person_where_that_is_set(console, rules, monkeypatch):
    from dashboard.ui import viewer

    first, second = person(console, "risk"), person(console, "risk")
    settings = console.settings.model_copy(update={"rules_approval": "second_person"})
    there = replace(console, settings=settings)

    def shown(user):
        test = rules(user)
        monkeypatch.setattr(viewer, "current_console", lambda: there)
        test.run()
        assert not test.exception
        return test

    test = shown(first)
    paste(test, DEFAULT | {"high_at": 80})
    assert test.button(key="rules_save").label == "Ask a second person to put it in force"
    put_in_force(test)
    assert [one.value for one in test.info] == [
        "The rules wait\\: another person puts them in force\\."
    ]
    assert test.button(key="rules_confirm").disabled
    test = shown(second)
    assert "Levels: medium from 30, high from 80" in [one.value for one in test.text]
    test.button(key="rules_confirm").click().run()
    assert not test.exception
    (row,) = audited(console, "rules.change")
    assert row.actor == second
