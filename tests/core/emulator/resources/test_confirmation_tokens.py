"""Confirmation tokens are spent once; sessions and keys for a customer's browser; indented JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, raw

BACK = "https://shop.example.com/back"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def token(client: stripe.StripeClient) -> stripe.ConfirmationToken:
    return client.v1.test_helpers.confirmation_tokens.create(
        {
            "payment_method": "pm_card_visa",
            "return_url": BACK,
            "setup_future_usage": "off_session",
            "shipping": {"name": "Ada", "address": {"city": "Paris"}},
        }
    )


def test_token_confirms_a_payment_once(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    made = token(client)
    assert made.payment_method_preview is not None
    assert made.payment_method_preview.card is not None
    assert made.payment_method_preview.card.last4 == "4242"
    intent = client.v1.payment_intents.create({"amount": 2000, "currency": "eur"})
    both = {"confirmation_token": made.id, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError, match="only pass one of"):
        client.v1.payment_intents.confirm(intent.id, both)  # type: ignore[arg-type]
    paid = client.v1.payment_intents.confirm(intent.id, {"confirmation_token": made.id})
    assert (paid.status, paid.setup_future_usage) == ("succeeded", "off_session")
    assert paid.shipping is not None
    assert paid.shipping.name == "Ada"
    assert client.v1.confirmation_tokens.retrieve(made.id).payment_intent == intent.id
    again = {"amount": 900, "currency": "eur", "confirm": True, "confirmation_token": made.id}
    with pytest.raises(stripe.InvalidRequestError, match="already been used"):
        client.v1.payment_intents.create(again)  # type: ignore[arg-type]


def test_token_sets_a_method_up_until_it_expires(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    given = {"confirm": True, "confirmation_token": token(client).id}
    kept = client.v1.setup_intents.create(given)  # type: ignore[arg-type]
    assert kept.status == "succeeded"
    late = token(client)
    emulator.advance(12 * 3600)
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        client.v1.setup_intents.create({"confirm": True, "confirmation_token": late.id})


def test_session_shows_what_its_components_may(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    customer = client.v1.customers.create({"name": "Ada"}).id
    features: stripe.params.CustomerSessionCreateParamsComponentsPaymentElementFeatures = {
        "payment_method_save": "enabled"
    }
    element = {"enabled": True, "features": features}
    session = client.v1.customer_sessions.create(
        {"customer": customer, "components": {"payment_element": element}}  # type: ignore[typeddict-item]
    )
    assert session.components is not None
    shown = session.components.payment_element
    assert shown.features is not None
    assert (shown.enabled, shown.features.payment_method_save) == (True, "enabled")
    assert session.components.pricing_table.enabled is False
    off = {"customer": customer, "components": {"buy_button": {"enabled": False}}}
    with pytest.raises(stripe.InvalidRequestError, match="at least one component"):
        client.v1.customer_sessions.create(off)  # type: ignore[arg-type]


def test_key_of_a_customer_ends(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    customer = client.v1.customers.create({"name": "Ada"}).id
    key = client.v1.ephemeral_keys.create({"customer": customer})
    assert key.expires == key.created + 3600
    assert client.v1.ephemeral_keys.delete(key.id).secret is None
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        client.v1.ephemeral_keys.delete(key.id)
    with pytest.raises(stripe.InvalidRequestError, match="not emulated: nonce"):
        client.v1.ephemeral_keys.create({"customer": customer, "nonce": "once"})


def test_answers_are_indented_by_two(emulator: RunningEmulator) -> None:
    for path in ("/v1/balance", "/v1/customers/cus_none"):
        body = raw(emulator, "GET", path).body
        assert json.dumps(json.loads(body), indent=2, ensure_ascii=False) == body.decode()


def test_search_lags_when_asked(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    emulator.control("POST", "settings", {"search_lag": 30})
    made = client.v1.customers.create({"email": "late@example.com"})
    query = {"query": "email:'late@example.com'"}
    assert client.v1.customers.search(query).data == []  # type: ignore[arg-type]
    emulator.advance(30)
    assert [found.id for found in client.v1.customers.search(query).data] == [made.id]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="search_lag must be 0 to 60"):
        emulator.control("POST", "settings", {"search_lag": 61})
