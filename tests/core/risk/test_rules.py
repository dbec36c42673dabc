"""Rule sets: the commission's four rules at each boundary, and what a set may not be."""

from __future__ import annotations

import copy

import pytest

from core import money
from core.errors import InvalidInput
from core.money import Money
from core.risk.rules import DEFAULT, read, read_text

RULES = read(DEFAULT)
CURRENCIES = ("usd", "eur", "cny", "gbp", "jpy", "kwd", "isk")


def minor(major: str, currency: str, extra: int = 0) -> int:
    return money.parse(major, currency).minor + extra


def points(currency="usd", **signals) -> int:
    quiet = {"attempts_hour_user": 0, "day_total": 100, "amount": 100, "blocked_ip": False}
    return RULES.score(quiet | signals, currency).points


@pytest.mark.parametrize(("attempts", "expected"), [(0, 0), (4, 0), (5, 50), (6, 50), (None, 0)])
def test_five_attempts_in_an_hour(attempts, expected):
    assert points(attempts_hour_user=attempts) == expected


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize(("extra", "expected"), [(-1, 0), (0, 0), (1, 30)])
def test_the_day_passes_fifty_thousand(currency, extra, expected):
    assert points(currency, day_total=minor("50000", currency, extra)) == expected


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize(("extra", "expected"), [(-1, 0), (0, 0), (1, 20)])
def test_an_amount_over_ten_thousand(currency, extra, expected):
    assert points(currency, amount=minor("10000", currency, extra)) == expected


def test_a_listed_address():
    assert points(blocked_ip=True) == 40


@pytest.mark.parametrize(
    ("signals", "score", "level", "allowed"),
    [
        ({}, 0, "low", True),
        ({"amount": 1_000_001}, 20, "low", True),
        ({"day_total": 5_000_001}, 30, "medium", True),
        ({"attempts_hour_user": 5}, 50, "medium", True),
        ({"blocked_ip": True, "amount": 1_000_001}, 60, "medium", True),
        ({"attempts_hour_user": 5, "amount": 1_000_001}, 70, "high", False),
        ({"blocked_ip": True, "day_total": 5_000_001}, 70, "high", False),
        ({"attempts_hour_user": 5, "blocked_ip": True}, 90, "high", False),
    ],
)
def test_levels_and_refusal(signals, score, level, allowed):
    found = RULES.score(signals, "usd")
    assert (found.points, found.level, found.allowed) == (score, level, allowed)


def test_shadow_keeps_scores_and_refuses_nothing():
    found = read(DEFAULT | {"shadow": True}).score(
        {"attempts_hour_user": 9, "blocked_ip": True}, "usd"
    )
    assert (found.points, found.level, found.allowed) == (90, "high", True)


def test_factors_keep_the_values_that_were_asked_for():
    (factor,) = RULES.score({"amount": 2_000_000, "day_total": 1}, "usd").factors
    assert (factor.rule, factor.points) == ("large_payment", 20)
    assert factor.values == {"amount": 2_000_000, "large_amount": 1_000_000}


def test_a_threshold_of_its_own_goes_before_the_others():
    given = copy.deepcopy(DEFAULT)
    given["thresholds"]["large_amount"] = {"jpy": "1500000"}
    found = read(given)
    assert found.amounts("jpy")["large_amount"] == 1_500_000
    assert found.amounts("usd")["large_amount"] is None
    assert found.score({"amount": 10**9}, "usd").points == 0


def test_a_threshold_with_decimals_is_exact_in_each_currency():
    found = read(DEFAULT | {"thresholds": DEFAULT["thresholds"] | {"x": {"default": "12.345"}}})
    assert [found.amounts(c)["x"] for c in ("jpy", "usd", "kwd")] == [12, 1234, 12345]
    assert found.amounts("usd")["most_a_day"] == Money(5_000_000, "usd").minor


def test_a_set_comes_back_as_it_went():
    assert read(RULES.as_json()) == RULES
    assert [rule.on for rule in RULES.rules] == [True] * 4


def test_a_rule_that_is_off_gives_nothing():
    given = copy.deepcopy(DEFAULT)
    given["rules"][0]["on"] = False
    assert read(given).score({"attempts_hour_user": 9}, "usd").points == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rules": []}, "rules"),
        ({"rules": "x"}, "rules"),
        ({"rules": [{"name": "a"}]}, "rules"),
        ({"rules": [{"name": " A b", "when": "blocked_ip"}]}, "name"),
        ({"rules": [{"name": "a\nb", "when": "blocked_ip"}]}, "name"),
        ({"rules": [{"name": "b" * 51, "when": "blocked_ip"}]}, "name"),
        ({"rules": [{"name": "a", "when": "blocked_ip", "points": 1.5}]}, "a.points"),
        ({"rules": [{"name": "a", "when": "blocked_ip", "points": 10**6}]}, "a.points"),
        ({"rules": [{"name": "a", "when": "blocked_ip", "on": 1}]}, "a.on"),
        ({"rules": [{"name": "a", "when": "secret > 1"}]}, "a.when"),
        ({"rules": [{"name": "a", "when": 5}]}, "a.when"),
        ({"rules": [{"name": "a", "when": "blocked_ip"}] * 2}, "rules"),
        ({"medium_at": 80}, "medium_at"),
        ({"medium_at": True}, "medium_at"),
        ({"shadow": 1}, "shadow"),
        ({"extra": 1}, "rules"),
        ({"thresholds": {"amount": {"usd": "1"}}}, "thresholds"),
        ({"thresholds": {"x": {}}}, "x"),
        ({"thresholds": {"x": {"dollars": "1"}}}, "x"),
        ({"thresholds": {"x": {"usd": 5}}}, "x.usd"),
        ({"thresholds": {"x": {"usd": "1.234"}}}, "x.usd"),
        ({"thresholds": {"x": {"usd": "-1"}}}, "x.usd"),
    ],
)
def test_what_is_no_rule_set_is_named(change, field):
    with pytest.raises(InvalidInput) as caught:
        read(DEFAULT | change)
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "[", "[]", "null", "[" * 10**5, "NaN"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(InvalidInput):
        read_text(text)
