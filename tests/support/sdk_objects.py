"""Objects of Stripe's as the official SDK annotates them: any of them, and any of them damaged.

Optional fields are there, absent, null, or of a wrong type. What money, state and links hang on is
right to begin with; `damage` takes some of that apart too.
"""

from __future__ import annotations

import decimal
import random
import types
import typing
from collections.abc import Callable
from typing import Any, ForwardRef, Literal, get_args, get_origin

import stripe
from stripe._stripe_object import StripeObject, UntypedStripeObject

from tests.support.sdk_shapes import annotations_of

Json = dict[str, Any]

CLASSES: dict[str, type[StripeObject]] = {
    "customer": stripe.Customer,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "payout": stripe.Payout,
    "early_fraud_warning": stripe.radar.EarlyFraudWarning,
    "review": stripe.Review,
    "balance_transaction": stripe.BalanceTransaction,
}
METHODS = sorted(
    name for name in annotations_of(stripe.Charge.PaymentMethodDetails) if name != "type"
)
#: So deep are objects in objects made; below, a class is an empty object.
_DEPTH = 4
ABSENT = object()


def wrong(dice: random.Random) -> Any:
    """Any JSON, whatever was expected."""
    return dice.choice(
        (
            0,
            1,
            -7,
            10**19,
            1.5,
            "",
            "text",
            "x" * 300,
            "\ud83d",
            "a\x00b",
            True,
            False,
            [],
            ["a", None],
            {},
            {"id": 5},
            {"object": "list", "data": None},
            [[[[]]]],
        )
    )


def whole(cls: type[StripeObject], dice: random.Random, depth: int = 0) -> Json:
    """An object of a class, with some of its fields absent, null or wrong."""
    found: Json = {}
    for name, hint in annotations_of(cls).items():
        value = _field(hint, dice, depth)
        if value is not ABSENT:
            found[name] = value
    return found


def _field(hint: Any, dice: random.Random, depth: int) -> Any:
    way = dice.random()
    if way < 0.1:
        return ABSENT
    if way < 0.2:
        return None
    return wrong(dice) if way < 0.27 else _value(hint, dice, depth)


def _value(hint: Any, dice: random.Random, depth: int) -> Any:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _value(dice.choice([one for one in inside if one is not type(None)]), dice, depth)
    if origin is Literal:
        return dice.choice(inside)
    if origin is list:
        return [_value(inside[0], dice, depth + 1) for _ in range(dice.randrange(3))]
    if origin is dict:
        return {"key": "value"}
    simple = _SIMPLE.get(hint)
    if simple is not None:
        return simple(dice)
    if isinstance(hint, (ForwardRef, str)):
        # Another object, expanded.
        return {"id": f"obj_{dice.randrange(10**6)}", "object": "thing"}
    if isinstance(hint, type) and issubclass(hint, StripeObject):
        return whole(hint, dice, depth + 1) if depth < _DEPTH else {}
    if hint is Any or hint is UntypedStripeObject or origin is not None:
        return {}
    raise AssertionError(f"nothing known about {hint}")


_SIMPLE: dict[Any, Callable[[random.Random], Any]] = {
    int: lambda dice: dice.randrange(100_000),
    float: lambda dice: dice.random(),
    str: lambda dice: dice.choice(("word", "Ünï©ode 你好", "visa", "4242", "US", "new_word")),
    bool: lambda dice: dice.random() < 0.5,
    decimal.Decimal: lambda dice: "1.5",
}


def made(kind: str, right: Json, dice: random.Random) -> Json:
    """An object of a kind: what is `right` about it, and any of the rest."""
    return whole(CLASSES[kind], dice) | right


def of_method(name: str, dice: random.Random) -> Json:
    """`payment_method_details` of a type, with any details."""
    hint = annotations_of(stripe.Charge.PaymentMethodDetails)[name]
    return {"type": name, name: _value(hint, dice, 1)}


def damage(body: Json, names: tuple[str, ...], dice: random.Random) -> None:
    """Take one or two of these fields apart."""
    for name in dice.sample(names, k=min(len(names), dice.choice((1, 1, 2)))):
        value = dice.choice((ABSENT, None, wrong(dice), wrong(dice)))
        body.pop(name, None)
        if value is not ABSENT:
            body[name] = value
