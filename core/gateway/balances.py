"""Stripe's balance, by currency and by the kind of balance that ledger rows name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import MalformedObject
from core.gateway import fields
from core.gateway.client import Gateway

#: Currency and balance type.
Key = tuple[str, str]

#: The type of the balance that stands at the top of Stripe's object. The others stand under their
#: own names: issuing, refund_and_dispute_prefunding.
PAYMENTS = "payments"
#: What a balance consists of. What is paid out at once is a part of what is available, and what is
#: reserved for connected accounts is in no ledger row's balance.
_PARTS = ("available", "pending")


#: Currency, balance type, and available or pending.
Bucket = tuple[str, str, str]


def in_all(buckets: Mapping[Bucket, int]) -> dict[Key, int]:
    """Available and pending together, of what `read_buckets` found."""
    found: dict[Key, int] = {}
    for (currency, kind, _), amount in buckets.items():
        found[currency, kind] = found.get((currency, kind), 0) + amount
    return found


def read_buckets(gateway: Gateway) -> dict[Bucket, int]:
    """What is available and what is pending, in minor units."""
    answer = gateway.get("/v1/balance")
    if not isinstance(answer, dict) or answer.get("object") != "balance":
        raise MalformedObject("object is not balance")
    if answer.get("livemode", gateway.livemode) is not gateway.livemode:
        raise MalformedObject("livemode is not the key's")
    found: dict[Bucket, int] = {}
    for kind, bucket, part in _parts(answer):
        key = (fields.currency(part), kind, bucket)
        found[key] = found.get(key, 0) + fields.owed(part, "amount")
    return found


def _parts(answer: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    named = [(name, value) for name, value in answer.items() if isinstance(value, dict)]
    for kind, balance in ((PAYMENTS, answer), *named):
        for name in _PARTS:
            listed = balance.get(name)
            for part in listed if isinstance(listed, list) else ():
                if not isinstance(part, dict):
                    raise MalformedObject(f"{name} is not a list of objects")
                yield kind, name, part
