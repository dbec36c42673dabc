"""Reading single fields out of Stripe's JSON, strictly where money, state or links hang on them.

Stripe writes the same object differently in each API version; what is not there reads as None. A
wrong type is `MalformedObject` in an amount, a currency, a state or a link, for a guess there would
be believed. In what only describes (a name, a message, a brand) it reads as None as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import clock
from core.errors import MalformedObject

Json = Mapping[str, Any]

_EMPTY: Json = {}
_CURRENCY = re.compile(r"[a-z]{3,4}")
#: What most objects say needs no look at its letters.
_SEEN = frozenset(["usd", "eur", "gbp", "jpy", "cny"])


def text(source: Json, name: str, limit: int = 64) -> str | None:
    """A string that describes, cut to `limit` characters; None where there is none."""
    value = source.get(name)
    if type(value) is not str:
        return None
    if len(value) > limit:
        value = value[:limit]
    return value if value.isascii() and "\x00" not in value else clean(value)


def clean(value: str) -> str:
    """Without what no database keeps: NUL, and halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode().replace("\x00", "")


def word(source: Json, name: str) -> str | None:
    """A string that says how an object stands; None where it is missing."""
    value = source.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise MalformedObject(f"{name} is not a string")
    if text(source, name) != value:
        # Cut or cleaned it would be another state.
        raise MalformedObject(f"{name} is too long, or not text")
    return value


def required(source: Json, name: str) -> str:
    """A string that every such object has."""
    value = word(source, name)
    if not value:
        raise MalformedObject(f"{name} is missing")
    return value


def stripe_id(source: Json) -> str:
    """The object's own id; one too long to be Stripe's is refused, not cut."""
    value = source.get("id")
    if not _is_id(value):
        raise MalformedObject("id is missing or too long")
    return str(value)


def _is_id(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= 64 and value.isascii() and value.isprintable()


#: Nine hundred amounts of this size still sum into a BIGINT; a payout of all the world's largest
#: shop in rupiah has three digits less.
LARGEST = 10**16


def amount(source: Json, name: str) -> int:
    """Minor units that are not negative."""
    value = owed(source, name)
    if value < 0:
        raise MalformedObject(f"{name} is negative")
    return value


def owed(source: Json, name: str) -> int:
    """Minor units that every such object has, of either sign."""
    if source.get(name) is None:
        raise MalformedObject(f"{name} is missing")
    return integer(source, name)


def integer(source: Json, name: str, default: int = 0) -> int:
    """A whole number, as amounts in minor units are; `default` where it is missing."""
    value = source.get(name)
    if value is None:
        return default
    if type(value) is not int or abs(value) > LARGEST:
        raise MalformedObject(f"{name} is not a whole number")
    return value


def small(source: Json, name: str) -> int | None:
    """A small number such as a risk score; None where it is missing or out of range."""
    value = source.get(name)
    return value if type(value) is int and -32768 <= value < 32768 else None


def truth(source: Json, name: str) -> bool:
    """True only where Stripe says true: for what only describes."""
    return source.get(name) is True


def flag(source: Json, name: str) -> bool:
    """True or false where a state hangs on it; False where it is missing."""
    value = source.get(name)
    if value is None or type(value) is bool:
        return bool(value)
    raise MalformedObject(f"{name} is not true or false")


def moment(source: Json, name: str) -> datetime | None:
    """Seconds since 1970 as an aware time; None where there is none."""
    value = source.get(name)
    if type(value) is not int or not 0 <= value < 253_402_300_800:
        return None
    return clock.from_unix(value)


def created(source: Json) -> datetime:
    """When the object was made."""
    value = moment(source, "created")
    if value is None:
        raise MalformedObject("created is missing or not a time")
    return value


def part(source: Json, name: str) -> Json:
    """A nested object; empty where it is missing or only an id."""
    value = source.get(name)
    return value if isinstance(value, dict) else _EMPTY


def stated(source: Json, name: str) -> Json:
    """A nested object that says how its owner stands; empty where it is missing."""
    value = source.get(name)
    if value is None or isinstance(value, dict):
        return value or _EMPTY
    raise MalformedObject(f"{name} is not an object")


def reference(source: Json, name: str) -> str | None:
    """The id of another object, whether it is expanded or not; None where there is none."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, dict):
        value = value.get("id")
    if not _is_id(value):
        raise MalformedObject(f"{name} is not an object's id")
    return str(value)


def loose_reference(source: Json, name: str) -> str | None:
    """The id of another object that nothing hangs on; None where it cannot be read."""
    try:
        return reference(source, name)
    except MalformedObject:
        return None


def currency(source: Json) -> str:
    """The currency, lower case: three letters, or four as `usdc`."""
    value = source.get("currency")
    if type(value) is str and value in _SEEN:
        return value
    value = required(source, "currency").lower()
    if not _CURRENCY.fullmatch(value):
        raise MalformedObject("currency is not three or four letters")
    return value
