"""Rule sets: named conditions with points, thresholds by currency, and the levels of a score."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import money
from core.errors import InvalidAmount, InvalidInput, UnknownCurrency
from core.risk.ast import Kind, Node, holds, names_in
from core.risk.parser import parse
from core.risk.values import KINDS

MOST_RULES = 100
MOST_POINTS = 1000
LONGEST_NAME = 50
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
#: The amount of a threshold in currencies that have none of their own.
OTHERS = "default"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition: where it holds, its points are added."""

    name: str
    when: str
    points: int
    on: bool
    node: Node


@dataclass(frozen=True, slots=True)
class Factor:
    """A rule that held, its points, and the values that it asked for."""

    rule: str
    points: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """Points, their level (low, medium, high), what gave them, and whether it may go on."""

    points: int
    level: str
    factors: tuple[Factor, ...]
    allowed: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules with their thresholds (major units by currency) and levels.

    From `medium_at` points a payment is medium, from `high_at` high; high ones are refused unless
    `shadow` is set: then scores are kept and nothing is refused.
    """

    rules: tuple[Rule, ...]
    thresholds: Mapping[str, Mapping[str, str]]
    medium_at: int
    high_at: int
    shadow: bool

    def score(self, signals: Mapping[str, Any], currency: str) -> Score:
        """The score of a payment with these signals."""
        values = dict(signals) | self.amounts(currency)
        factors = tuple(
            Factor(rule.name, rule.points, {name: values.get(name) for name in asked(rule)})
            for rule in self.rules
            if rule.on and holds(rule.node, values)
        )
        points = sum(factor.points for factor in factors)
        return Score(points, self.level(points), factors, self.shadow or points < self.high_at)

    def level(self, points: int) -> str:
        """low, medium or high."""
        if points < self.medium_at:
            return "low"
        return "medium" if points < self.high_at else "high"

    def amounts(self, currency: str) -> dict[str, int | None]:
        """The thresholds in minor units of a currency; unknown where none is set."""
        return {
            name: _minor(given.get(currency, given.get(OTHERS)), currency)
            for name, given in self.thresholds.items()
        }

    def as_json(self) -> Json:
        """The set as it is kept and as `read` takes it."""
        return {
            "thresholds": {name: dict(given) for name, given in self.thresholds.items()},
            "medium_at": self.medium_at,
            "high_at": self.high_at,
            "shadow": self.shadow,
            "rules": [
                {"name": r.name, "when": r.when, "points": r.points, "on": r.on} for r in self.rules
            ],
        }


def asked(rule: Rule) -> list[str]:
    """The names that a rule asks for, in order."""
    return sorted(names_in(rule.node))


def read_text(text: str) -> RuleSet:
    """A rule set from JSON text."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("rules", "must be JSON") from None
    return read(given)


def read(given: Any) -> RuleSet:
    """A rule set from its JSON; `InvalidInput` names the rule or threshold and what is wrong."""
    known = {"thresholds", "medium_at", "high_at", "shadow", "rules"}
    if not isinstance(given, Mapping) or set(given) - known:
        raise InvalidInput("rules", "must be an object of {known}", known=", ".join(sorted(known)))
    thresholds = _thresholds(given.get("thresholds", {}))
    medium_at, high_at = given.get("medium_at", 30), given.get("high_at", 70)
    if not (_whole(medium_at) and _whole(high_at) and 0 < medium_at <= high_at):
        raise InvalidInput("medium_at", "must be a whole number from 1 to high_at")
    shadow = given.get("shadow", False)
    if not isinstance(shadow, bool):
        raise InvalidInput("shadow", "must be true or false")
    listed = given.get("rules")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_RULES:
        raise InvalidInput("rules", "must list 1 to {most} rules", most=MOST_RULES)
    declared = KINDS | dict.fromkeys(thresholds, Kind.MONEY)
    rules = tuple(_rule(one, declared) for one in listed)
    if len({rule.name for rule in rules}) < len(rules):
        raise InvalidInput("rules", "must have different names")
    return RuleSet(rules, thresholds, medium_at, high_at, shadow)


def _rule(given: Any, declared: Mapping[str, Kind]) -> Rule:
    keys = {"name", "when", "points", "on"}
    if not isinstance(given, Mapping) or set(given) - keys or not {"name", "when"} <= set(given):
        raise InvalidInput("rules", "each has a name, a condition `when`, points, and on or off")
    name = given["name"]
    if not isinstance(name, str) or not _is_name(name):
        raise InvalidInput("name", "must be 1 to 50 printable characters")
    points, on = given.get("points", 0), given.get("on", True)
    if not _whole(points) or abs(points) > MOST_POINTS:
        raise InvalidInput(
            f"{name}.points", "must be a whole number up to {most}", most=MOST_POINTS
        )
    if not isinstance(on, bool):
        raise InvalidInput(f"{name}.on", "must be true or false")
    node = parse(given["when"], declared, field=f"{name}.when")
    return Rule(name, given["when"], points, on, node)


def _is_name(text: str) -> bool:
    """Words as people say them; spaces around them would make two names of one."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()


def _thresholds(given: Any) -> dict[str, dict[str, str]]:
    if not isinstance(given, Mapping) or len(given) > MOST_RULES:
        raise InvalidInput("thresholds", "must be an object of amounts by currency")
    for name, amounts in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in KINDS:
            raise InvalidInput(
                "thresholds", "{name} is no free lower-case name", name=f"{name!r:.60}"
            )
        if not isinstance(amounts, Mapping) or not amounts:
            raise InvalidInput(name, "must be an object of amounts by currency")
        for currency, amount in amounts.items():
            _check_amount(name, currency, amount)
    return {name: dict(amounts) for name, amounts in given.items()}


def _check_amount(name: str, currency: Any, amount: Any) -> None:
    field = f"{name}.{currency!s:.20}"
    try:
        read_in = "kwd" if currency == OTHERS else currency
        if money.parse(amount, read_in, field=field).minor < 0:
            raise InvalidAmount(field, "must not be negative")
    except UnknownCurrency:
        raise InvalidInput(
            name,
            "{currency} is no currency, nor `{others}`",
            currency=f"{currency!s:.20}",
            others=OTHERS,
        ) from None


def _minor(amount: str | None, currency: str) -> int | None:
    """The threshold in a currency; decimals that the currency has not are cut, never rounded up.

    Unknown in a currency that is new at Stripe: it must not hold up the others.
    """
    if amount is None or currency not in money.CURRENCIES:
        return None
    shift = money.exponent("kwd") - money.exponent(currency)
    return int(money.parse(amount, "kwd").minor // 10**shift)


def _whole(value: Any) -> bool:
    return type(value) is int


#: The commission's four rules; amounts in major units of each currency.
DEFAULT: Json = {
    "thresholds": {"most_a_day": {OTHERS: "50000"}, "large_amount": {OTHERS: "10000"}},
    "medium_at": 30,
    "high_at": 70,
    "shadow": False,
    "rules": [
        {"name": "too_many_attempts", "when": "attempts_hour_user >= 5", "points": 50},
        {"name": "day_total", "when": "day_total > most_a_day", "points": 30},
        {"name": "large_payment", "when": "amount > large_amount", "points": 20},
        {"name": "listed_ip", "when": "blocked_ip", "points": 40},
    ],
}
