"""The form of a rule's parameters: each field with its default and its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import money
from core.errors import InvalidInput

Value = int | str
Parameters = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number from `least` to `most`."""

    name: str
    default: int
    least: int
    most: int

    def read(self, value: object, _others: Parameters) -> int:
        """The value; `InvalidInput` naming the field where it is none."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self.least <= int(str(value)) <= self.most:
            rule = "must be a whole number from {least} to {most}"
            raise InvalidInput(self.name, rule, least=self.least, most=self.most)
        return int(str(value))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    name: str
    default: str
    among: tuple[str, ...]

    def read(self, value: object, _others: Parameters) -> str:
        """The value; `InvalidInput` naming the field where it is none."""
        if value not in self.among:
            raise InvalidInput(self.name, "must be one of {allowed}", allowed=", ".join(self.among))
        return str(value)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of Stripe's, in lower case."""

    name: str
    default: str

    def read(self, value: object, _others: Parameters) -> str:
        """The value; `InvalidInput` where there is no such currency."""
        if not isinstance(value, str):
            raise InvalidInput(self.name, "must be a string")
        return money.known_currency(value.strip().lower())


@dataclass(frozen=True, slots=True)
class Amount:
    """More than nothing, in major units of the currency in the field `of`, as a decimal string."""

    name: str
    default: str
    of: str

    def read(self, value: object, others: Parameters) -> str:
        """The amount with all decimals; `InvalidAmount` naming the field."""
        amount = money.parse(str(value), str(others[self.of]), field=self.name)
        if amount.minor <= 0:
            raise InvalidInput(self.name, "must be greater than zero")
        if len(str(amount.minor)) > money.MAX_DIGITS:
            rule = "must have at most {most} digits"
            raise InvalidInput(self.name, rule, most=money.MAX_DIGITS)
        return money.plain(amount)


Field = Number | Choice | Currency | Amount


def complete(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Value]:
    """The parameters with defaults for what was not given, each checked in the order of `fields`.

    `InvalidInput` for a value outside its bounds, and for a name that there is no field of.
    """
    unknown = sorted(given.keys() - {field.name for field in fields})
    if unknown:
        raise InvalidInput(unknown[0], "is no parameter of this kind of rule")
    found: dict[str, Value] = {}
    for field in fields:
        found[field.name] = field.read(given.get(field.name, field.default), found)
    return found
