"""Rule sets as people write them: sentences whose fields hold what was typed, right or wrong.

A rule of a draft is a row of conditions that all have to hold. What no such row says (brackets,
`or`, two signals compared) stays in the language of rules, and only its points are changed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, count
from typing import Any

from core import money
from core.errors import InvalidInput
from core.risk.ast import Comparison, Constant, Every, Kind, Membership, Name, Node, Not
from core.risk.parser import MOST_WORDS, parse
from core.risk.rules import LONGEST_NAME, MOST_POINTS, MOST_RULES, OTHERS, Rule, RuleSet, read
from core.risk.values import KINDS

#: What a signal may be asked, by its kind; `yes` and `no` stand for what has no value beside it.
SIGNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.NUMBER: (">=", ">", "<=", "<", "==", "!="),
    Kind.MONEY: (">", ">=", "<", "<="),
    Kind.TEXT: ("==", "!=", "in", "not in"),
    Kind.FLAG: ("yes", "no"),
}
MOST_CONDITIONS = 10
#: The place of a mistake: the rule's number (0: the set's own), and the field in it.
Place = tuple[int, str]
#: A rule without a name of its own: what is shown in its place is its sentence.
UNNAMED = re.compile(r"rule_\d+")
_COMMAS = re.compile(r"[,，、]")
_PLAIN = re.compile(r"\d{1,15}(\.\d{1,3})?", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_POINTS = re.compile(r"[+-]?\d{1,6}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Condition:
    """A signal, what it is asked (`SIGNS`), and as typed what with.

    `amounts` are of signals that are money: major units by currency, or by `OTHERS`; `threshold`
    is what they were called in the set.
    """

    signal: str
    sign: str
    value: str = ""
    amounts: Mapping[str, str] = field(default_factory=dict)
    threshold: str = ""


@dataclass(frozen=True, slots=True)
class DraftRule:
    """A rule by its number in the draft; `points` as typed. `conditions` None: no sentence says
    it. `source` is the condition as it stood in the set that the draft was made of."""

    number: int
    name: str = ""
    points: str = "10"
    on: bool = True
    conditions: tuple[Condition, ...] | None = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A set that is being written, and why; `thresholds` are those of the set that it was made
    of."""

    rules: tuple[DraftRule, ...]
    medium_at: str
    high_at: str
    shadow: bool
    thresholds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reason: str = ""

    def rule(self, number: int) -> DraftRule | None:
        """The rule with a number, if it is there."""
        return next((one for one in self.rules if one.number == number), None)

    def name_of(self, rule: DraftRule) -> str:
        """What a rule is called in the set: one without a name by a number that is free."""
        if given := " ".join(rule.name.split()):
            return given
        taken = {one.name for one in self.rules}
        names = (f"rule_{number}" for number in count(rule.number))
        return next(name for name in names if name not in taken)

    def with_rule(self, changed: DraftRule) -> Draft:
        """The draft with this rule in the place of the one of its number."""
        rules = (changed if one.number == changed.number else one for one in self.rules)
        return replace(self, rules=tuple(rules))

    def with_new_rule(self, condition: Condition) -> tuple[Draft, int]:
        """The draft with a rule more, and the rule's number."""
        number = max((one.number for one in self.rules), default=0) + 1
        return replace(
            self, rules=(*self.rules, DraftRule(number, conditions=(condition,)))
        ), number

    def without(self, number: int) -> Draft:
        """The draft without a rule."""
        return replace(self, rules=tuple(one for one in self.rules if one.number != number))


@dataclass(frozen=True, slots=True)
class Checked:
    """What a draft comes to: the set, or what is wrong with it by its place."""

    rules: RuleSet | None
    problems: Mapping[Place, InvalidInput]


def draft_of(found: RuleSet) -> Draft:
    """The draft that a rule set is changed in."""
    rules = tuple(
        DraftRule(
            number,
            rule.name,
            str(rule.points),
            rule.on,
            sentence_of(rule.node, found.thresholds),
            rule.when,
        )
        for number, rule in enumerate(found.rules, 1)
    )
    levels = str(found.medium_at), str(found.high_at)
    return Draft(rules, *levels, found.shadow, dict(found.thresholds))


def sentence_of(
    node: Node, thresholds: Mapping[str, Mapping[str, str]]
) -> tuple[Condition, ...] | None:
    """A condition as a row of parts that all hold; None where it is none."""
    parts = node.parts if isinstance(node, Every) else (node,)
    found = [_part(part, thresholds) for part in parts]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) <= MOST_CONDITIONS else None


def _part(node: Node, thresholds: Mapping[str, Mapping[str, str]]) -> Condition | None:
    match node:
        case Name(name):
            return Condition(name, "yes")
        case Not(Name(name)):
            return Condition(name, "no")
        case Membership(Name(name, Kind.TEXT), among):
            return _listed(name, "in", among)
        case Not(Membership(Name(name, Kind.TEXT), among)):
            return _listed(name, "not in", among)
        case Comparison(Name(name, Kind.MONEY), sign, Name(other)):
            if name in KINDS and other in thresholds and sign in SIGNS[Kind.MONEY]:
                return Condition(name, sign, amounts=dict(thresholds[other]), threshold=other)
        case Comparison(Name(name, Kind.NUMBER), sign, Constant(value)):
            return Condition(name, sign, str(value))
        case Comparison(Name(name, Kind.TEXT), sign, Constant(value)):
            return _listed(name, sign, (str(value),))
    return None


def _listed(name: str, sign: str, among: Sequence[int | str]) -> Condition | None:
    """Words as they are typed; None where one of them could not be typed so."""
    words = [str(one) for one in among]
    if any(_COMMAS.search(word) or not _is_typed_so(name, word) for word in words):
        return None
    return Condition(name, sign, ", ".join(words))


def _is_typed_so(name: str, word: str) -> bool:
    try:
        return bool(word) and _word(name, word, name) == word
    except InvalidInput:
        return False


def check(draft: Draft) -> Checked:
    """The rule set that a draft says, or each mistake in it at its place."""
    problems: dict[Place, InvalidInput] = {}
    thresholds = _Thresholds(_of_the_unsaid(draft))
    rules = [_written(rule, draft, thresholds, problems) for rule in draft.rules]
    names: set[str] = set()
    for rule in rules:
        if rule["name"] in names:
            place = (int(rule.pop("number")), "name")
            problems[place] = InvalidInput("name", "must be another than those of the other rules")
        names.add(rule["name"])
        rule.pop("number", None)
    levels = {
        name: _whole(typed, name, 0, problems, most=MOST_RULES * MOST_POINTS)
        for name, typed in (("medium_at", draft.medium_at), ("high_at", draft.high_at))
    }
    if levels["medium_at"] < 1 and (0, "medium_at") not in problems:
        problems[0, "medium_at"] = InvalidInput("medium_at", "must be at least 1")
    if levels["medium_at"] > levels["high_at"] and (0, "high_at") not in problems:
        problems[0, "high_at"] = InvalidInput("high_at", "must not be below where medium begins")
    if problems:
        return Checked(None, problems)
    body = {"thresholds": thresholds.given, "shadow": draft.shadow, "rules": rules} | levels
    try:
        return Checked(read(body), {})
    except InvalidInput as error:
        return Checked(None, {(0, "rules"): error})


def _of_the_unsaid(draft: Draft) -> dict[str, Mapping[str, str]]:
    """The thresholds that rules ask for which no sentence says: they keep their names."""
    asked = {
        word
        for rule in draft.rules
        if rule.conditions is None
        for word in re.findall(r"[a-z_][a-z0-9_]*", rule.source)
    }
    return {name: given for name, given in draft.thresholds.items() if name in asked}


class _Thresholds:
    """The amounts of a set by their names: the same amounts may share one."""

    def __init__(self, given: Mapping[str, Mapping[str, str]]) -> None:
        self.given = dict(given)

    def named(self, condition: Condition, amounts: Mapping[str, str]) -> str:
        """The name of these amounts: the one they had, if it is free."""
        wanted = condition.threshold or f"{condition.signal}_limit"
        names = chain([wanted], (f"{wanted[:40]}_{number}" for number in count(2)))
        return next(name for name in names if self.given.setdefault(name, amounts) == amounts)


def _written(
    rule: DraftRule, draft: Draft, thresholds: _Thresholds, problems: dict[Place, InvalidInput]
) -> dict[str, Any]:
    """A rule as a set holds it."""
    if rule.conditions is None:
        when = rule.source
    else:
        if not 0 < len(rule.conditions) <= MOST_CONDITIONS:
            broken = InvalidInput("when", "needs 1 to {most} conditions", most=MOST_CONDITIONS)
            problems[rule.number, "when"] = broken
        parts = []
        for at, condition in enumerate(rule.conditions):
            try:
                parts.append(_said(condition, at, thresholds))
            except InvalidInput as error:
                problems[rule.number, error.field] = error
        when = _as_it_stood(rule, draft, " and ".join(parts))
    points = _whole(rule.points, "points", rule.number, problems, most=MOST_POINTS)
    name = draft.name_of(rule)
    if len(name) > LONGEST_NAME or not name.isprintable():
        broken = InvalidInput("name", "must be 1 to 50 printable characters")
        problems[rule.number, "name"] = broken
    written = {"name": name, "when": when, "points": points, "on": rule.on}
    return {"number": rule.number} | written


def _as_it_stood(rule: DraftRule, draft: Draft, when: str) -> str:
    """The condition in the words of the set that the draft was made of, where it says the same."""
    if not rule.source or not when:
        return when
    declared = KINDS | dict.fromkeys(draft.thresholds, Kind.MONEY)
    try:
        same = parse(rule.source, declared) == parse(when, declared)
    except InvalidInput:
        return when
    return rule.source if same else when


def _said(condition: Condition, at: int, thresholds: _Thresholds) -> str:
    """A condition in the language of rules; `InvalidInput` has its place as its field."""
    name, sign, place = condition.signal, condition.sign, f"{at}.value"
    kind = KINDS.get(name)
    if kind is None or sign not in SIGNS[kind]:
        raise InvalidInput(f"{at}.signal", "must be one of those that rules may ask about")
    if kind is Kind.FLAG:
        return name if sign == "yes" else f"not {name}"
    if kind is Kind.MONEY:
        return f"{name} {sign} {thresholds.named(condition, _amounts(condition, at))}"
    if kind is Kind.NUMBER:
        typed = _folded(condition.value)
        if not _NUMBER.fullmatch(typed):
            raise InvalidInput(place, "must be a whole number, such as 5")
        return f"{name} {sign} {int(typed)}"
    words = [_word(name, word, place) for word in _COMMAS.split(condition.value) if word.strip()]
    single = sign in ("==", "!=")
    if not words or (single and len(words) > 1):
        one = "must be one word" if single else "must be words, with commas between them"
        raise InvalidInput(place, one)
    if len(words) > MOST_WORDS:
        raise InvalidInput(place, "must be at most {most} words", most=MOST_WORDS)
    listed = ", ".join(f'"{word}"' for word in words)
    return f"{name} {sign} {listed}" if single else f"{name} {sign} ({listed})"


def _word(name: str, typed: str, place: str) -> str:
    word = _folded(typed)
    if name == "currency":
        word = word.lower()
        if word not in money.CURRENCIES:
            raise InvalidInput(place, "must be a currency that Stripe charges in")
    elif name in ("card_country", "usual_country"):
        word = word.upper()
        if not _COUNTRY.fullmatch(word):
            raise InvalidInput(place, "must be two-letter country codes, such as US")
    elif '"' in word or "\\" in word or not word.isprintable():
        raise InvalidInput(place, "must not have quotes or backslashes in it")
    return word


def _amounts(condition: Condition, at: int) -> dict[str, str]:
    found = {}
    for currency, typed in condition.amounts.items():
        if not typed.strip():
            continue
        place = f"{at}.{currency}"
        read_in = "kwd" if currency == OTHERS else currency
        if read_in not in money.CURRENCIES:
            raise InvalidInput(place, "must be a currency that Stripe charges in")
        amount = money.parse(typed, read_in, field=place)
        if amount.minor < 0:
            raise InvalidInput(place, "must not be negative")
        found[currency] = typed.strip() if _PLAIN.fullmatch(typed.strip()) else money.plain(amount)
    if not found:
        raise InvalidInput(f"{at}.amounts", "needs an amount in one currency at least")
    return found


def _whole(
    typed: str, name: str, number: int, problems: dict[Place, InvalidInput], *, most: int
) -> int:
    folded = _folded(typed)
    if _POINTS.fullmatch(folded) and abs(int(folded)) <= most:
        return int(folded)
    problems[number, name] = InvalidInput(name, "must be a whole number up to {most}", most=most)
    return 0


def _folded(typed: str) -> str:
    """Full-width digits and letters, as Chinese input methods type them, become the usual ones."""
    return unicodedata.normalize("NFKC", typed).strip()


def as_text(draft: Draft) -> str:
    """A draft as it is kept."""
    return json.dumps(asdict(draft), ensure_ascii=False)


def from_text(text: str) -> Draft | None:
    """A draft that was kept; None for what is none."""
    try:
        given = json.loads(text)
        rules = tuple(_kept_rule(one) for one in given["rules"])
        levels = str(given["medium_at"]), str(given["high_at"])
        thresholds, reason = dict(given["thresholds"]), str(given["reason"])
        return Draft(rules, *levels, bool(given["shadow"]), thresholds, reason)
    except (ValueError, KeyError, TypeError):
        return None


def _kept_rule(given: Mapping[str, Any]) -> DraftRule:
    conditions = given["conditions"]
    if conditions is not None:
        conditions = tuple(Condition(**one) for one in conditions)
    return DraftRule(**dict(given) | {"conditions": conditions})


def same_rule(rule: Rule, found: RuleSet, other: RuleSet) -> bool:
    """Whether a rule of one set stands in another one just as it is, amounts and all."""
    twin = next((one for one in other.rules if one.name == rule.name), None)
    if twin is None or (twin.points, twin.on) != (rule.points, rule.on):
        return False
    mine, theirs = (
        sentence_of(one.node, in_set.thresholds) for one, in_set in ((rule, found), (twin, other))
    )
    if mine is None or theirs is None:
        return twin.node == rule.node
    return [replace(one, threshold="") for one in mine] == [
        replace(one, threshold="") for one in theirs
    ]
