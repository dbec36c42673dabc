"""The types of Stripe's events, and which object each carries."""

from __future__ import annotations

from typing import get_args

import stripe

from core.gateway.client import Gateway, Json

#: Every type that the SDK's pinned version knows, in alphabetical order.
TYPES: tuple[str, ...] = tuple(sorted(get_args(stripe.Event.__annotations__["type"])))

#: Where the objects that change something here are read, by what they call themselves.
_PATHS = {
    "charge": "/v1/charges",
    "checkout.session": "/v1/checkout/sessions",
    "customer": "/v1/customers",
    "dispute": "/v1/disputes",
    "invoice": "/v1/invoices",
    "payment_intent": "/v1/payment_intents",
    "payout": "/v1/payouts",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings",
    "refund": "/v1/refunds",
    "review": "/v1/reviews",
}
KINDS = tuple(_PATHS)
#: Where a type's beginning is not the name of its object.
_NAMED = {"charge.dispute": "dispute", "charge.refund": "refund"}


def carried_by(event_type: str) -> str | None:
    """What the object of an event calls itself; None for objects that change nothing here."""
    start = event_type.rpartition(".")[0]
    name = _NAMED.get(start, start)
    return name if name in _PATHS else None


def with_object(kind: str) -> tuple[str, ...]:
    """The types whose events carry objects of a kind."""
    return tuple(name for name in TYPES if carried_by(name) == kind)


def read_object_of(gateway: Gateway, kind: str, stripe_id: str) -> Json:
    """The object as Stripe shows it now; `StripeNotFound` when there is none."""
    return gateway.get(f"{_PATHS[kind]}/{stripe_id}")


#: What an endpoint at Stripe must send: all that changes something here.
WANTED = tuple(
    name
    for name in TYPES
    if carried_by(name) not in (None, "invoice") or name == "invoice.payment_succeeded"
)
