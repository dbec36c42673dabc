"""Reading single fields out of Stripe's JSON: a wrong type is `MalformedObject`, never a crash.

Stripe writes the same object differently in each API version; what is not there reads as None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import clock
from core.errors import MalformedObject

Json = Mapping[str, Any]

_EMPTY: Json = {}


def text(source: Json, name: str, limit: int = 64) -> str | None:
    """A string cut to `limit` characters; None where it is missing."""
    value = source.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedObject(f"{name} is not a string")
    return value[:limit].replace("\x00", "")


def required(source: Json, name: str) -> str:
    """A string that every such object has."""
    value = text(source, name)
    if not value:
        raise MalformedObject(f"{name} is missing")
    return value


def stripe_id(source: Json) -> str:
    """The object's own id; one too long to be Stripe's is refused, not cut."""
    value = source.get("id")
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise MalformedObject("id is missing or too long")
    return value


#: No amount of Stripe's has more digits; sums of millions of them still fit into a BIGINT.
_LARGEST = 10**12


def amount(source: Json, name: str) -> int:
    """Minor units that are not negative."""
    value = integer(source, name)
    if value < 0:
        raise MalformedObject(f"{name} is negative")
    return value


def integer(source: Json, name: str, default: int = 0) -> int:
    """A whole number, as amounts in minor units are."""
    value = source.get(name)
    if value is None:
        return default
    if type(value) is not int or abs(value) > _LARGEST:
        raise MalformedObject(f"{name} is not a whole number")
    return value


def small(source: Json, name: str) -> int | None:
    """A small number such as a risk score; None where it is missing or out of range."""
    value = source.get(name)
    return value if type(value) is int and -32768 <= value < 32768 else None


def truth(source: Json, name: str) -> bool:
    """True only where Stripe says true."""
    return source.get(name) is True


def moment(source: Json, name: str) -> datetime | None:
    """Seconds since 1970 as an aware time; None where it is missing."""
    value = source.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < 253_402_300_800:
        raise MalformedObject(f"{name} is not a time")
    return clock.from_unix(value)


def created(source: Json) -> datetime:
    """When the object was made."""
    value = moment(source, "created")
    if value is None:
        raise MalformedObject("created is missing")
    return value


def part(source: Json, name: str) -> Json:
    """A nested object; empty where it is missing or only an id."""
    value = source.get(name)
    return value if isinstance(value, Mapping) else _EMPTY


def reference(source: Json, name: str) -> str | None:
    """The id of another object, whether it is expanded or not."""
    value = source.get(name)
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and len(value) <= 64 else None


def currency(source: Json) -> str:
    """The currency, lower case, three letters."""
    value = required(source, "currency").lower()
    if len(value) != 3:
        raise MalformedObject("currency is not three letters")
    return value
