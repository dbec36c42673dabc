"""Fraud: figures by currency, cases that are worked, rules and lists that are changed, the past
that rules are tried on. Foreign text stays text."""

from __future__ import annotations

from datetime import timedelta

import pytest
import streamlit as st

from core.db.tables import case_notes, cases, list_entries
from core.risk.cases import follow_sources
from tests.support.fixtures_access import person
from tests.support.fraud_rows import a_case, kept, scored, warned
from tests.support.kit_parts import parts, tables

HOSTILE = "**x** <script>alert(1)</script> [a](http://evil.example)"


@pytest.fixture
def risk(console):
    return person(console, "risk", email="ria@shop.example")


@pytest.fixture
def fraud(risk, screen_as):
    """The screen: `fraud(tab="cases")`."""

    def run(**query):
        test = screen_as(risk, "fraud", **query)
        assert not test.exception
        return test

    return run


def texts(test):
    kinds = (test.markdown, test.caption, test.success, test.error, test.warning, test.info)
    return " ".join(element.value for kind in kinds for element in kind)


def links(test):
    return [link.proto.label for link in test.get("page_link")]


def button(test, label):
    return next(b for b in test.button if b.label == label)


@pytest.mark.parametrize(
    "tab", ["overview", "scored", "cases", "rules", "lists", "backtest", "programmes"]
)
def test_each_room_says_what_is_missing_where_nothing_is(fraud, tab):
    test = fraud(tab=tab)
    assert [title.value for title in test.title] == ["Fraud"]


def test_figures_stand_by_currency_and_are_not_summed(console, fraud):
    scored(console, currency="usd", amount_minor=1000)
    scored(console, currency="jpy", amount_minor=1000)
    scored(console, currency="jpy", level="low")
    figures, flagged = (frame.value for frame in tables(fraud()))
    assert list(figures["currency"]) == ["JPY", "USD"]
    assert list(figures["scored"]) == ["2", "1"]
    assert list(figures["high"]) == ["1", "1"]
    assert sorted(flagged["amount"]) == ["$10.00", "¥1,000"]
    assert set(flagged["why"]) == {"Large payment +20"}


def test_a_case_shows_its_factors_and_what_a_refund_saves(console, fraud):
    payment = scored(console, level="low", settlement_currency="usd", amount_minor=5000)
    warned(console, payment)
    follow_sources(console.engine)
    (row,) = kept(console, cases)
    test = fraud(tab="cases", case=row.id)
    factors = next(f.value for f in tables(test) if "points" in f.value)
    assert factors["values"][0] == "amount: $50.00 USD, limit: $0.01 USD"
    plain = texts(test).replace("\\", "")
    assert "its fee of $15.00 USD" in plain
    assert "Made with stolen card" in plain


def test_the_head_of_the_queue_says_how_many_and_the_money_at_risk(console, fraud):
    a_case(console)
    said = [caption.value for caption in fraud(tab="cases").caption]
    assert "In all: 1 · \\$10.00 USD" in said


def test_a_case_that_is_open_is_unsettled_in_chinese(console, risk, fraud):
    console.set_language(risk, "zh-CN")
    test = fraud(tab="cases", case=a_case(console), cases="all")
    said = " ".join(one.value for one in test.markdown)
    assert "未结" in said
    assert "进行中" not in said
    choices = [one.content for group in test.get("button_group") for one in group.proto.options]
    assert {"未结", "已结"} < {*choices}


def test_a_case_is_taken_written_to_and_approved(console, fraud):
    case_id = a_case(console)
    test = fraud(tab="cases", case=case_id)
    button(test, "Take it").click().run()
    assert kept(console, cases)[0].assigned_to is not None
    test.text_input(key="case_note").input("paid with 4242 4242 4242 4242")
    button(test, "Add note").click().run()
    assert kept(console, case_notes)[0].text == "paid with •••• 4242"
    button(test, "Approve").click().run()
    assert kept(console, cases)[0].state == "approved"
    done = [one["title"] for one in parts(test, "timeline")[0].data["entries"]]
    assert [one.partition(" ")[2] for one in done[:3]] == [
        "approved the payment as good",
        "wrote",
        "gave it to " + done[0].partition(" ")[0],
    ]
    assert done[3] == "The case was opened"
    assert not any(b.label == "Approve" for b in test.button)


def test_a_case_is_dismissed_with_a_reason_only(console, fraud):
    case_id = a_case(console)
    test = fraud(tab="cases", case=case_id)
    button(test, "Dismiss").click().run()
    button(test, "Dismiss the case").click().run()
    assert "Nothing was changed" in texts(test)
    assert kept(console, cases)[0].state == "open"
    button(test, "Dismiss").click().run()
    test.text_input(key="case_why").input("a known customer")
    button(test, "Dismiss the case").click().run()
    assert kept(console, cases)[0].state == "dismissed"


def test_a_case_is_worked_by_keys(console, fraud):
    case_id = a_case(console)
    scored(console)
    follow_sources(console.engine)
    test = fraud(tab="cases", case=case_id)
    keys = {one.label: one.proto.shortcut for one in test.button if one.proto.shortcut}
    assert keys == {
        "Approve": "shift+a",
        "Refund as fraud": "f",
        "Dismiss": "d",
        "Take it": "t",
        "Previous case": "k",
        "Next case": "j",
    }


def test_a_case_that_is_not_here_says_so(fraud):
    assert "There is no such case here" in " ".join(
        element.value for element in fraud(tab="cases", case="nothing").markdown
    )


def test_foreign_text_in_a_case_is_no_markdown(console, fraud):
    case_id = a_case(console, email=HOSTILE, customer_name=HOSTILE, user_id="[u](http://e.example)")
    test = fraud(tab="cases", case=case_id)
    assert any(HOSTILE in element.value for element in test.text)
    assert "<script>" not in texts(test)


def test_a_past_without_scores_says_so_and_what_to_change(fraud):
    test = fraud(tab="backtest")
    button(test, "Run backtest").click().run()
    assert not test.exception
    assert "No paid payment of this window has a score" in texts(test) + " ".join(
        element.value for element in test.text
    )


def test_an_entry_is_put_on_a_list_and_a_bad_one_is_named(console, fraud):
    test = fraud(tab="lists")
    test.text_input(key="add_value").input("203.0.113")
    test.text_input(key="add_reason").input("bots")
    button(test, "Add").click().run()
    assert "value: must be an IP address" in texts(test).replace("\\", "")
    test.text_input(key="add_value").input("203.0.113.0/24")
    button(test, "Add").click().run()
    assert [row.value for row in kept(console, list_entries)] == ["203.0.113.0/24"]
    assert list(tables(test)[0].value["value"]) == ["203.0.113.0/24"]


def test_the_payment_shows_its_score_to_who_may_see_payments(console, screen_as):
    payment = scored(console)
    test = screen_as(person(console, "viewer"), "payment", id=payment)
    assert not test.exception
    factors = next(f.value for f in tables(test) if "points" in f.value)
    assert list(factors["rule"]) == ["Large payment"]


@pytest.mark.usefixtures("within_a_day")
def test_open_cases_wait_for_risk_on_the_overview(console, screen_as, risk):
    a_case(console, age=timedelta(0))  # The overview is of today.
    st.cache_resource.clear()  # What the screen shows is kept for a minute, here from another test.
    assert "Fraud cases open" in links(screen_as(risk))
    assert "Fraud cases open" not in links(screen_as(person(console, "support")))
