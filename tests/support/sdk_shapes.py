"""Holds JSON objects against the annotations of the official SDK's classes."""

from __future__ import annotations

import decimal
import types
import typing
from collections.abc import Iterator
from typing import Any, ForwardRef, Literal, get_args, get_origin

import stripe
from stripe._object_classes import get_object_class
from stripe._stripe_object import StripeObject, UntypedStripeObject

_SIMPLE = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}
_NAMED = {
    "balance": stripe.Balance,
    "account": stripe.Account,
}


def faults(obj: dict[str, Any]) -> list[str]:
    """Where a Stripe object differs from its class: missing, unknown or ill-typed fields."""
    kind = obj["object"]
    return list(_object(obj, _NAMED.get(kind) or get_object_class("V1", kind), kind))


def _object(value: Any, cls: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not an object"
        return
    hints = annotations_of(cls)
    for name, hint in hints.items():
        if name in value:
            yield from _value(value[name], hint, f"{path}.{name}")
        elif not _optional(hint):
            yield f"{path}.{name} is missing"
    for name in value.keys() - hints.keys() - {"object", "id"}:
        yield f"{path}.{name} is not in {cls.__name__}"


def annotations_of(cls: Any) -> dict[str, Any]:
    """A class's own and inherited fields, as the SDK writes them."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, StripeObject) and base is not StripeObject:
            for name, hint in vars(base).get("__annotations__", {}).items():
                if get_origin(hint) is not typing.ClassVar and not name.startswith("_"):
                    found[name.removesuffix("_")] = hint
    return found


def _optional(hint: Any) -> bool:
    return type(None) in get_args(hint)


def _value(value: Any, hint: Any, path: str) -> Iterator[str]:
    if get_origin(hint) in (typing.Union, types.UnionType):
        yield from _union(value, get_args(hint), path)
    elif get_origin(hint) is Literal:
        if value not in get_args(hint):
            yield f"{path}: {value!r} is not one of {get_args(hint)}"
    elif get_origin(hint) is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is not a list"
            return
        for i, item in enumerate(value):
            yield from _value(item, get_args(hint)[0], f"{path}[{i}]")
    elif hint in _SIMPLE:
        if not isinstance(value, _SIMPLE[hint]) or (hint is not bool and isinstance(value, bool)):
            yield f"{path}: {value!r} is not {hint.__name__}"
    elif hint is decimal.Decimal:
        if not isinstance(value, str) or not decimal.Decimal(value).is_finite():
            yield f"{path}: {value!r} is not a decimal"
    elif hint is Any:
        return
    else:
        yield from _other(value, hint, path)


def _other(value: Any, hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not an object"
    elif isinstance(hint, (ForwardRef, str)):
        yield from (f"{path}: {fault}" for fault in faults(value))
    elif get_origin(hint) is UntypedStripeObject or hint is UntypedStripeObject:
        return
    elif get_origin(hint) is stripe.ListObject:
        for item in value["data"]:
            yield from faults(item)
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from _object(value, hint, path)
    else:
        yield f"{path}: nothing known about {hint}"


def _union(value: Any, options: tuple[Any, ...], path: str) -> Iterator[str]:
    if value is None and type(None) in options:
        return
    rest = [option for option in options if option is not type(None)]
    # The SDK writes closed lists of words as `Literal[...] | str`: hold ours to the list.
    literals = [option for option in rest if get_origin(option) is Literal]
    if literals and isinstance(value, str):
        rest = literals
    tries = [list(_value(value, option, path)) for option in rest]
    if all(tries):
        yield from min(tries, key=len)
