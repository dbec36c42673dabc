"""What Stripe's codes mean: for the customer, for a shop's program, for the people who help.

All words stand in `error_catalogue.toml`; it is read once, and a mistake in it stops the start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import Misconfigured

FILE = Path(__file__).with_name("error_catalogue.toml")
LANGUAGES = ("en", "zh-CN")
FALLBACK = LANGUAGES[0]


class UserAction(StrEnum):
    """What a customer can do next; a shop may branch on it, so the set is closed."""

    ANOTHER_CARD = "another_card"
    CHECK_BALANCE = "check_balance"
    UPDATE_CARD = "update_card"
    CHECK_CVC = "check_cvc"
    CHECK_DETAILS = "check_details"
    CHECK_ORDER = "check_order"
    AUTHENTICATE = "authenticate"
    RETRY_LATER = "retry_later"
    CONTACT_BANK = "contact_bank"
    CONTACT_SUPPORT = "contact_support"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure in one language. `message` and `action_text` are for the customer; `meaning` is
    for operators only, for it may say what a customer must not learn."""

    code: str
    message: str
    user_action: UserAction
    action_text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One of our own codes: what to do next, and the customer's message by language."""

    action: UserAction
    message: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Code:
    """One of Stripe's codes: the name of its answer, and its meaning by language."""

    answer: str
    meaning: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file: labels by action, answers by our code, codes by Stripe's code."""

    actions: Mapping[UserAction, Mapping[str, str]]
    answers: Mapping[str, Answer]
    codes: Mapping[str, Code]
    unknown: Code

    def __post_init__(self) -> None:
        if missing := set(UserAction) - set(self.actions):
            raise Misconfigured(f"{FILE.name}: no label for {', '.join(sorted(missing))}")
        for name, code in {**self.codes, "unknown": self.unknown}.items():
            if code.answer not in self.answers:
                raise Misconfigured(f"{FILE.name}: {name}: there is no answer {code.answer!r}")

    @classmethod
    def parse(cls, text: str) -> Catalogue:
        """The catalogue in a TOML text; `Misconfigured` names the entry that is wrong."""
        try:
            source = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Misconfigured(f"{FILE.name}: {error}") from error
        return cls(
            actions={
                _action(name, name): _words(name, entry)
                for name, entry in _part(source, "actions").items()
            },
            answers={
                name: Answer(_action(name, _text(name, entry, "action")), _words(name, entry))
                for name, entry in _part(source, "answers").items()
            },
            codes={name: _code(name, entry) for name, entry in _part(source, "codes").items()},
            unknown=_code("unknown", _part(source, "unknown")),
        )

    def explain(
        self, stripe_code: str | None, decline_code: str | None, language: str
    ) -> Explanation:
        """What a failure means. The decline code says more than the code, so it goes first."""
        known = self.codes
        found = known.get(decline_code or "") or known.get(stripe_code or "") or self.unknown
        answer = self.answers[found.answer]
        spoken = language if language in LANGUAGES else FALLBACK
        return Explanation(
            code=found.answer,
            message=answer.message[spoken],
            user_action=answer.action,
            action_text=self.actions[answer.action][spoken],
            meaning=found.meaning[spoken],
        )


def _part(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = source.get(name)
    if not isinstance(part, dict):
        raise Misconfigured(f"{FILE.name}: the table {name} is missing")
    return part


def _text(where: str, entry: Any, name: str) -> str:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise Misconfigured(f"{FILE.name}: {where}: {name} is missing")
    return value


def _words(where: str, entry: Any) -> Mapping[str, str]:
    return {language: _text(where, entry, language) for language in LANGUAGES}


def _action(where: str, name: str) -> UserAction:
    try:
        return UserAction(name)
    except ValueError:
        raise Misconfigured(f"{FILE.name}: {where}: there is no action {name!r}") from None


def _code(where: str, entry: Any) -> Code:
    return Code(_text(where, entry, "answer"), _words(where, entry))


CATALOGUE = Catalogue.parse(FILE.read_text(encoding="utf-8"))
#: `explain(stripe_code, decline_code, language)`: the form that other modules use.
explain = CATALOGUE.explain
