"""Rules in words: each signal, what it is asked, and whole rules as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from core import money
from core.errors import InvalidInput
from core.risk.ast import Comparison, Constant, Every, Kind, Leaf, Membership, Name, Node, Not, Some
from core.risk.drafts import UNNAMED, Condition, DraftRule, sentence_of
from core.risk.parser import parse
from core.risk.rules import OTHERS, Rule
from core.risk.values import KINDS, SIGNALS
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, status_badges

#: What is no sentence of its own has a name; that of a yes or no is its meaning.
NAMES = {
    "amount": N_("amount"),
    "currency": N_("currency"),
    "method": N_("payment method"),
    "attempts_hour_user": N_("number of earlier payments by this user within an hour"),
    "attempts_day_user": N_("number of earlier payments by this user within 24 hours"),
    "attempts_hour_email": N_("number of earlier payments by this e-mail address within an hour"),
    "attempts_day_email": N_("number of earlier payments by this e-mail address within 24 hours"),
    "attempts_hour_card": N_("number of earlier payments by this card within an hour"),
    "attempts_day_card": N_("number of earlier payments by this card within 24 hours"),
    "attempts_hour_ip": N_("number of earlier payments by this IP address within an hour"),
    "attempts_day_ip": N_("number of earlier payments by this IP address within 24 hours"),
    "cards_day_user": N_("number of different cards of this user within 24 hours"),
    "users_day_card": N_("number of different users of this card within 24 hours"),
    "decline_streak": N_("number of this user's declines in a row just before"),
    "day_total": N_("total of this user's day"),
    "user_usual": N_("usual amount of this user"),
    "shop_usual": N_("usual amount of the shop"),
    "percent_of_user_usual": N_("amount in percent of this user's usual one"),
    "percent_of_shop_usual": N_("amount in percent of the shop's usual one"),
    "card_country": N_("country of the card"),
    "usual_country": N_("usual country of this user's cards"),
    "radar_score": N_("Radar's score"),
    "radar_level": N_("Radar's level"),
}
_MEANINGS = {signal.name: signal.meaning for signal in SIGNALS}
#: The rules that came with the program.
_TITLES = {
    "too_many_attempts": N_("Many attempts"),
    "day_total": N_("Large total of a day"),
    "large_payment": N_("Large payment"),
    "listed_ip": N_("IP address on the block list"),
}
ASKED = {
    ">=": N_("is at least"),
    ">": N_("is over"),
    "<=": N_("is at most"),
    "<": N_("is under"),
    "==": N_("is exactly"),
    "!=": N_("is known and not"),
    "in": N_("is one of"),
    "not in": N_("is none of"),
    "yes": N_("holds"),
    "no": N_("does not hold"),
}
_AMONG = N_("{signal} is one of {value}")
_SENTENCES = {
    ">=": N_("{signal} is at least {value}"),
    ">": N_("{signal} is over {value}"),
    "<=": N_("{signal} is at most {value}"),
    "<": N_("{signal} is under {value}"),
    "==": N_("{signal} is {value}"),
    "!=": N_("{signal} is known and not {value}"),
    "in": _AMONG,
    "not in": N_("{signal} is none of {value}"),
}


def signal_name(name: str) -> str:
    """A signal in the viewer's language."""
    return _(NAMES.get(name) or _MEANINGS.get(name, name))


def title(name: str) -> str:
    """What a rule is called; '' for one whose name is its sentence."""
    if name in _TITLES:
        return _(_TITLES[name])
    return "" if UNNAMED.fullmatch(name) else name


def title_or_number(name: str) -> str:
    """What a rule is called where its sentence has no room."""
    number = name.removeprefix("rule_") if UNNAMED.fullmatch(name) else ""
    return _("Rule {number}").format(number=number) if number else title(name)


def draft_words(rule: DraftRule, thresholds: Mapping[str, Mapping[str, str]]) -> str:
    """The condition of a rule that is being written, as typed."""
    if rule.conditions is None:
        declared = KINDS | dict.fromkeys(thresholds, Kind.MONEY)
        return _capital(node_words(parse(rule.source, declared), thresholds))
    parts = [condition_words(one) for one in rule.conditions]
    return _capital(_all_of(parts)) if parts else ""


def rule_words(rule: Rule, thresholds: Mapping[str, Mapping[str, str]]) -> str:
    """A rule as a sentence with its points: "Amount in USD is over 500.00: 30 points"."""
    said = ngettext("{condition}: {n} point", "{condition}: {n} points", abs(rule.points))
    condition = _capital(node_words(rule.node, thresholds))
    return said.format(condition=condition, n=i18n.number(rule.points))


def node_words(node: Node, thresholds: Mapping[str, Mapping[str, str]]) -> str:
    """A condition in words, whatever its form."""
    sentence = sentence_of(node, thresholds)
    if sentence is not None:
        return _all_of([condition_words(one) for one in sentence])
    match node:
        case Every(parts):
            return _all_of([_inner(part, thresholds) for part in parts])
        case Some(parts):
            said = [_inner(part, thresholds) for part in parts]
            return reduce(lambda a, b: _("{first} or {second}").format(first=a, second=b), said)
        case Not(part):
            return _("not: {condition}").format(condition=_inner(part, thresholds))
        case Membership(left, among):
            value = ", ".join(str(one) for one in among)
            return _(_AMONG).format(signal=signal_name(left.name), value=value)
        case Comparison(left, sign, right):
            sides = {"signal": _leaf(left, thresholds), "value": _leaf(right, thresholds)}
            return _(_SENTENCES[sign]).format(**sides)
        case Name(name):
            return signal_name(name)


def _inner(node: Node, thresholds: Mapping[str, Mapping[str, str]]) -> str:
    said = node_words(node, thresholds)
    return f"({said})" if isinstance(node, Every | Some) else said


def _leaf(leaf: Leaf, thresholds: Mapping[str, Mapping[str, str]]) -> str:
    if isinstance(leaf, Constant):
        known = {True: _("yes"), False: _("no")}
        return known[bool(leaf.value)] if leaf.kind is Kind.FLAG else str(leaf.value)
    if leaf.name in thresholds:
        return amounts_words(thresholds[leaf.name])
    return signal_name(leaf.name)


def condition_words(one: Condition) -> str:
    """One condition, with what was typed in it."""
    kind = KINDS[one.signal]
    name = signal_name(one.signal)
    if kind is Kind.FLAG:
        return name if one.sign == "yes" else _("not: {condition}").format(condition=name)
    value = one.value
    if kind is Kind.TEXT:
        words = [word.strip() for word in value.split(",") if word.strip()]
        value = ", ".join(word_shown(one.signal, word) for word in words)
        sign = "==" if one.sign == "in" and len(words) == 1 else one.sign
        return _(_SENTENCES[sign]).format(signal=name, value=value or "…")
    if kind is Kind.MONEY:
        given = {code: typed for code, typed in one.amounts.items() if typed.strip()}
        if len(given) == 1:
            ((code, typed),) = given.items()
            said = _("{signal} in any currency") if code == OTHERS else _("{signal} in {currency}")
            name = said.format(signal=name, currency=code.upper())
            value = amount_shown(typed, code)
        else:
            value = amounts_words(given)
    elif one.signal.startswith("percent_"):
        value = f"{value}%" if value else value
    return _(_SENTENCES[one.sign]).format(signal=name, value=value or "…")


def word_shown(signal: str, word: str) -> str:
    """A word that a signal is asked for, as people know it."""
    if signal == "currency":
        return word.upper()
    if signal == "method":
        return columns.method(word)
    if signal == "radar_level":
        return status_badges.word(status_badges.RISK, word)
    return word


def amounts_words(given: Mapping[str, str]) -> str:
    """Amounts by currency, each with its code."""
    said = []
    for code, typed in given.items():
        shown = amount_shown(typed, code)
        if code != OTHERS:
            said.append(f"{shown} {code.upper()}")
        elif len(given) > 1:
            said.append(_("{amount} in other currencies").format(amount=shown))
        else:
            said.append(_("{amount} in any currency").format(amount=shown))
    return ", ".join(said)


def amount_shown(typed: str, code: str) -> str:
    """What was typed with the decimals of its currency; as it is where it cannot be read."""
    try:
        if code == OTHERS:
            return f"{money.major(money.parse(typed, 'kwd')).normalize():,f}"
        return f"{money.major(money.parse(typed, code)):,f}"
    except InvalidInput:
        return typed


def _all_of(parts: list[str]) -> str:
    return reduce(lambda a, b: _("{first} and {second}").format(first=a, second=b), parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
