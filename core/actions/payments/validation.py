"""What a payment must be before anything is written or sent: each rule with its own error."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core import clock, money
from core.actions.context import PaymentRules
from core.actions.operations.kinds import TAG
from core.domain.search_histograms import folded_email
from core.errors import InvalidAmount, InvalidInput
from core.money import Money
from core.risk.signals import Subject

#: Stripe takes 50 keys of metadata; five are ours.
MOST_KEYS = 40
_OURS = ("order_id", "user_id", "email", "ip_address", TAG)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}\.[^@\s.]{2,}")
#: A charge that was made without a PaymentIntent is a payment of its own.
_PAYMENT = re.compile(r"(pi|ch|py)_\w{1,61}", re.ASCII)
_ID = {
    "payment_intent_id": re.compile(r"pi_\w{1,61}", re.ASCII),
    "payment_method": re.compile(r"pm_\w{1,61}", re.ASCII),
}
_LARGEST_ID = 2**63 - 1
_LONGEST_EMAIL = 254


@dataclass(frozen=True)
class NewPayment:
    """What is asked for: `amount` in major units as a decimal string, such as `12.34`."""

    amount: str
    currency: str
    order_id: int
    user_id: str | int | None = None
    ip_address: str | None = None
    email: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    manual_capture: bool = False


def checked_amount(asked: NewPayment, rules: PaymentRules) -> Money:
    """The amount, if it can be read and lies within the rules; else the rule it breaks."""
    if not isinstance(asked.currency, str):
        raise InvalidInput("currency", "must be a string")
    currency = money.known_currency(asked.currency.lower())
    amount = money.check_charge(money.parse(asked.amount, currency))
    if currency not in rules.currencies:
        allowed = ", ".join(sorted(rules.currencies))
        raise InvalidInput("currency", "must be one of {allowed}", allowed=allowed)
    if money.major(amount) > rules.largest:
        raise InvalidAmount("amount", "must be at most {largest}", largest=rules.largest)
    return amount


def checked_metadata(asked: NewPayment) -> dict[str, str]:
    """The metadata that the payment carries: ours and the caller's."""
    found = {"order_id": str(_order(asked.order_id))}
    if asked.user_id is not None:
        found["user_id"] = _user(asked.user_id)
    if asked.email is not None:
        found["email"] = checked_email(asked.email)
    if asked.ip_address is not None:
        found["ip_address"] = _address(asked.ip_address)
    return found | _notes(asked.metadata)


def subject_of(amount: Money, notes: Mapping[str, str], *, livemode: bool) -> Subject:
    """What risk is told of a payment: the amount, and who asks for it by the checked metadata."""
    email = notes.get("email")
    return Subject(
        livemode=livemode,
        at=clock.now(),
        amount_minor=amount.minor,
        currency=amount.currency,
        user_id=notes.get("user_id"),
        # As the mirror holds it, where earlier ones are counted.
        email=folded_email(email) if email else None,
        ip=notes.get("ip_address"),
    )


def checked_email(value: Any) -> str:
    """An e-mail address, as it was written."""
    if (
        not isinstance(value, str)
        or len(value) > _LONGEST_EMAIL
        or not _EMAIL.fullmatch(value)
        or not value.isprintable()
    ):
        raise InvalidInput("email", "must be an e-mail address")
    return value


def checked_id(name: str, value: Any) -> str:
    """An id of Stripe's, of the kind that the field's name says."""
    if not isinstance(value, str) or not _ID[name].fullmatch(value):
        start = "pi_" if name == "payment_intent_id" else "pm_"
        raise InvalidInput(name, "must be an id that begins with {start}", start=start)
    return value


def checked_payment(name: str, value: Any) -> str:
    """The id of a payment: of a PaymentIntent, or of a charge that was made without one."""
    if not isinstance(value, str) or not _PAYMENT.fullmatch(value):
        raise InvalidInput(name, "must be an id that begins with {start}", start="pi_, ch_, py_")
    return value


def checked_return_url(value: Any) -> str:
    """Where the customer comes back to: an absolute http or https address."""
    if isinstance(value, str) and len(value) <= 2048 and value.isprintable() and " " not in value:
        try:
            parts = urlsplit(value)
            if parts.scheme in ("http", "https") and parts.hostname:
                return value
        except ValueError:
            pass
    raise InvalidInput("return_url", "must be an absolute http or https address")


def text(name: str, value: Any, most: int) -> str:
    """A printable string of 1 to `most` characters."""
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise InvalidInput(name, "must be a printable string of 1 to {most} characters", most=most)
    return value


def _order(value: Any) -> int:
    if type(value) is not int or not 0 < value <= _LARGEST_ID:
        raise InvalidInput("order_id", "must be a positive whole number")
    return value


def _user(value: Any) -> str:
    """The shop's customer: its own text, or the number that its database gave."""
    if type(value) is int and 0 < value <= _LARGEST_ID:
        return str(value)
    return text("user_id", value, 64)


def _address(value: Any) -> str:
    try:
        # Behind a % stands a name of the sender's own network: any text, of any length.
        return str(
            ipaddress.ip_address(value if isinstance(value, str) and "%" not in value else "")
        )
    except ValueError:
        raise InvalidInput("ip_address", "must be an IPv4 or IPv6 address") from None


def _notes(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise InvalidInput("metadata", "must be an object of strings")
    if len(given) > MOST_KEYS:
        raise InvalidInput("metadata", "must have at most {most} keys", most=MOST_KEYS)
    for key, value in given.items():
        text("metadata", key, 40)
        if key in _OURS:
            rule = "must not have the key {key}: it has its own field"
            raise InvalidInput("metadata", rule, key=key)
        if "[" in key or "]" in key:
            raise InvalidInput("metadata", "must have no square brackets in keys")
        text("metadata", value, 500)
    return dict(given)
