"""Every payment method type of the SDK: brand, last four, country, read where Stripe puts them."""

from __future__ import annotations

import typing

import pytest
import stripe

from core import clock
from core.gateway.objects import CARD_INSIDE, read_object

DETAILS = stripe.Charge.PaymentMethodDetails
#: What is read of a method, and what a charge's row calls it.
READ = {
    "brand": "card_brand",
    "last4": "card_last4",
    "country": "card_country",
    "fingerprint": "card_fingerprint",
}


def inner(annotation):
    """The class of Stripe's that an annotation speaks of; None for a plain value."""
    for one in typing.get_args(annotation) or (annotation,):
        if isinstance(one, type) and issubclass(one, stripe.StripeObject):
            return one
    return None


TYPES = {
    name: inner(annotation)
    for name, annotation in DETAILS.__annotations__.items()
    if not name.startswith("_") and inner(annotation) is not None
}


def holders(shape, path=()):
    """Every way from a method's own object to one that has a last four or a brand."""
    names = {name for name in shape.__annotations__ if name in ("last4", "brand")}
    if names:
        yield path
    for name, annotation in shape.__annotations__.items():
        below = inner(annotation)
        if below is not None and name not in ("wallet", "mandate", "generated_sepa_debit"):
            yield from holders(below, (*path, name))


def read(kind, own):
    """The snapshot of a charge that was paid so."""
    source = {
        "id": "ch_1",
        "object": "charge",
        "created": 1_790_000_000,
        "status": "succeeded",
        "amount": 900,
        "captured": True,
        "currency": "usd",
        "payment_intent": "pi_1",
        "payment_method_details": {"type": kind, kind: own},
    }
    return read_object(source, as_of=clock.now(), confirmed=True, livemode=True)


@pytest.mark.parametrize("kind", TYPES)
def test_a_card_is_read_where_the_sdk_says_it_is(kind):
    ways = list(holders(TYPES[kind]))
    own = CARD_INSIDE.get(kind, ())
    if ways:
        assert own in ways
    shape = TYPES[kind]
    for name in own:
        shape = inner(shape.__annotations__[name])
    told = {name: f"{name}-told"[:4] for name in READ if name in shape.__annotations__}
    told |= {name: "US" for name in told if name == "country"}
    details = told
    for name in reversed(own):
        details = {name: details}
    snapshot = read(kind, details)
    assert snapshot.method_type == kind
    assert {name: getattr(snapshot, READ[name]) for name in told} == told


def test_a_table_without_a_type_would_be_seen(monkeypatch):
    monkeypatch.delitem(CARD_INSIDE, "amazon_pay")
    with pytest.raises(AssertionError):
        test_a_card_is_read_where_the_sdk_says_it_is("amazon_pay")


def test_a_type_that_nobody_knows_shows_its_name():
    snapshot = read("pay_of_next_year", {"last4": 17, "brand": ["visa"], "country": None})
    assert snapshot.method_type == "pay_of_next_year"
    assert (snapshot.card_last4, snapshot.card_brand, snapshot.card_country) == (None, None, None)


def test_what_the_funding_of_a_card_is_may_be_a_word_or_an_object():
    assert read("card", {"funding": "credit", "last4": "4242"}).card_funding == "credit"
    inside = {"funding": {"type": "card", "card": {"funding": "debit", "last4": "4242"}}}
    assert read("revolut_pay", inside).card_funding == "debit"
    assert read("revolut_pay", {"funding": "wallet"}).card_last4 is None
