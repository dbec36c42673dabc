"""Drafts of rules: a set survives being made a draft, and each mistake is told at its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from core.risk.drafts import Condition, Draft, DraftRule, as_text, check, draft_of, from_text
from core.risk.rules import DEFAULT, read
from tests.support.risk_samples import CURRENCIES, rule_sets, signal_sets

RULES = read(DEFAULT)


def drafted(*conditions, **given):
    rule = DraftRule(1, conditions=conditions, **given)
    return Draft((rule,), "30", "70", shadow=False)


def mistakes(draft):
    return {place: error.rule for place, error in check(draft).problems.items()}


def when(*conditions):
    found = check(drafted(*conditions)).rules
    return found.rules[0].when if found else None


@settings(max_examples=60)
@given(rule_sets, signal_sets)
def test_a_set_that_was_a_draft_gives_the_same_points(given_set, signals):
    before = read(given_set)
    draft = from_text(as_text(draft_of(before)))
    assert draft == draft_of(before)
    after = check(draft).rules
    assert [rule.when for rule in after.rules] == [rule.when for rule in before.rules]
    for currency in CURRENCIES:
        assert after.score(signals, currency).points == before.score(signals, currency).points


def test_rules_in_force_that_nobody_touched_are_no_change():
    assert check(draft_of(RULES)).rules == RULES


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition("radar_score", ">=", "75"), "radar_score >= 75"),
        (Condition("radar_score", ">=", " ７５ "), "radar_score >= 75"),
        (Condition("card_country", "in", "us，ca"), 'card_country in ("US", "CA")'),
        (Condition("currency", "not in", "USD"), 'currency not in ("usd")'),
        (Condition("blocked_ip", "no"), "not blocked_ip"),
        (Condition("amount", ">", amounts={"usd": "1,500.00"}), "amount > amount_limit"),
    ],
)
def test_what_is_typed_is_read_as_people_write_it(condition, said):
    assert when(condition) == said


def test_amounts_stand_under_their_currency_and_equal_ones_share_a_name():
    one = Condition("amount", ">", amounts={"usd": "500", "jpy": "¥7,5000", "eur": ""})
    other = replace(one, amounts={"usd": "9"})
    rules = tuple(DraftRule(n, conditions=(c,)) for n, c in enumerate((one, other, one), 1))
    found = check(Draft(rules, "30", "70", shadow=False)).rules
    assert found.thresholds == {
        "amount_limit": {"usd": "500", "jpy": "75000"},
        "amount_limit_2": {"usd": "9"},
    }
    assert [rule.when.split()[-1] for rule in found.rules] == [
        "amount_limit",
        "amount_limit_2",
        "amount_limit",
    ]
    assert found.amounts("jpy")["amount_limit"] == 75000


@pytest.mark.parametrize(
    ("condition", "place", "rule"),
    [
        (Condition("radar_score", ">=", "high"), "0.value", "whole number"),
        (Condition("radar_score", ">=", ""), "0.value", "whole number"),
        (Condition("card_country", "in", "USA"), "0.value", "two-letter"),
        (Condition("currency", "in", "dollars"), "0.value", "currency"),
        (Condition("method", "in", 'ca"rd'), "0.value", "quotes"),
        (Condition("method", "in", " , "), "0.value", "commas"),
        (Condition("method", "==", "card, link"), "0.value", "one word"),
        (Condition("amount", ">", amounts={"jpy": "1.5"}), "0.jpy", "decimals for JPY"),
        (Condition("amount", ">", amounts={"usd": "-1"}), "0.usd", "negative"),
        (Condition("amount", ">", amounts={"usd": " "}), "0.amounts", "at least"),
        (Condition("nothing", ">", "1"), "0.signal", "may ask about"),
    ],
)
def test_a_mistake_is_told_at_its_place(condition, place, rule):
    ((at, said),) = mistakes(drafted(condition)).items()
    assert at == (1, place)
    assert rule in said


def test_every_mistake_of_a_draft_is_told_at_once():
    good = Condition("blocked_ip", "yes")
    draft = Draft(
        (
            DraftRule(1, "twice", "1001", conditions=(good,)),
            DraftRule(2, "twice", "5", conditions=()),
            DraftRule(3, "x" * 51, "1.5", conditions=(good,)),
        ),
        "0",
        "many",
        shadow=False,
    )
    assert mistakes(draft).keys() == {
        (1, "points"),
        (2, "name"),
        (2, "when"),
        (3, "name"),
        (3, "points"),
        (0, "medium_at"),
        (0, "high_at"),
    }
    assert mistakes(Draft((), "30", "70", shadow=False)).keys() == {(0, "rules")}
    turned = replace(drafted(good), medium_at="80")
    assert mistakes(turned).keys() == {(0, "high_at")}


def test_a_rule_without_a_name_takes_a_number_that_is_free():
    good = Condition("blocked_ip", "yes")
    rules = (DraftRule(1, "rule_2", conditions=(good,)), DraftRule(2, conditions=(good,)))
    found = check(Draft(rules, "30", "70", shadow=False)).rules
    assert [rule.name for rule in found.rules] == ["rule_2", "rule_3"]


def test_what_is_no_draft_is_none():
    assert [from_text(text) for text in ("", "[]", "{}", '{"rules": 5}')] == [None] * 4
