"""What a condition of a rule says, and whether it holds: values in, true or false out.

A comparison with an unknown value is false. Amounts compare with amounts alone, which are minor
units of the payment's own currency: a number has no currency.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(Enum):
    """What a value is."""

    NUMBER = "number"
    MONEY = "amount"
    TEXT = "text"
    FLAG = "yes or no"


@dataclass(frozen=True, slots=True)
class Name:
    """A declared value."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the condition."""

    value: int | str | bool
    kind: Kind


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and one of `OPERATORS`."""

    left: Name | Constant
    sign: str
    right: Name | Constant


@dataclass(frozen=True, slots=True)
class Membership:
    """A value among constants."""

    left: Name
    among: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The other way round."""

    part: Node


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Node, ...]


Node = Name | Comparison | Membership | Not | Every | Some
Leaf = Name | Constant

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
#: Kinds that have an order.
ORDERED = (Kind.NUMBER, Kind.MONEY)


def holds(node: Node, values: Mapping[str, Any]) -> bool:
    """Whether a condition is true of these values; a value that is missing is unknown."""
    match node:
        case Every(parts):
            return all(holds(part, values) for part in parts)
        case Some(parts):
            return any(holds(part, values) for part in parts)
        case Not(part):
            return not holds(part, values)
        case Membership(left, among):
            return values.get(left.name) in among
        case Comparison(left, sign, right):
            first, second = _value(left, values), _value(right, values)
            if first is None or second is None:
                return False
            return bool(OPERATORS[sign](first, second))
        case Name(name):
            return values.get(name) is True


def names_in(node: Node) -> frozenset[str]:
    """The declared values that a condition asks for."""
    match node:
        case Every(parts) | Some(parts):
            return frozenset().union(*(names_in(part) for part in parts))
        case Not(part):
            return names_in(part)
        case Membership(left):
            return frozenset({left.name})
        case Comparison(left, _, right):
            return frozenset(one.name for one in (left, right) if isinstance(one, Name))
        case Name(name):
            return frozenset({name})


def _value(leaf: Leaf, values: Mapping[str, Any]) -> Any:
    return leaf.value if isinstance(leaf, Constant) else values.get(leaf.name)
