"""An attempt to pay: challenges, redirects, debits."""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import CARD, client_of, pay


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def test_challenge_passed_pays(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    asked = pay(client, "pm_card_threeDSecure2Required")
    assert asked.status == "requires_action"
    assert asked.next_action is not None
    assert asked.next_action.type == "redirect_to_url"
    assert asked.latest_charge is None
    emulator.control("POST", f"payment_intents/{asked.id}/authenticate", {"outcome": "succeed"})
    paid = client.v1.payment_intents.retrieve(asked.id, {"expand": ["latest_charge"]})
    assert paid.status == "succeeded"
    charge: Any = paid.latest_charge
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"


def test_challenge_failed_asks_for_another_method(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    asked = pay(client, "pm_card_threeDSecure2Required")
    emulator.control("POST", f"payment_intents/{asked.id}/authenticate", {"outcome": "fail"})
    failed = client.v1.payment_intents.retrieve(asked.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    again = client.v1.payment_intents.confirm(
        asked.id, {"payment_method": "pm_card_visa", "return_url": "https://shop.example.com/"}
    )
    assert again.status == "succeeded"


def test_hosted_page_passes_the_challenge_and_returns(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    asked = pay(client, "pm_card_threeDSecure2Required", return_url=f"{emulator.base_url}/?a=1")
    page = str(asked.next_action.redirect_to_url.url) if asked.next_action else ""
    form = urllib.parse.urlencode({"outcome": "succeed"}).encode()
    with urllib.request.urlopen(page, form, timeout=10) as answer:
        assert f"payment_intent={asked.id}" in answer.url
        assert "redirect_status=succeeded" in answer.url
    assert client.v1.payment_intents.retrieve(asked.id).status == "succeeded"


def test_action_without_return_url_is_for_stripes_script(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "usd", **CARD})
    asked = client.v1.payment_intents.confirm(
        made.id, {"payment_method": "pm_card_threeDSecure2Required"}
    )
    assert asked.next_action is not None
    assert asked.next_action.type == "use_stripe_sdk"


def test_off_session_challenge_is_declined(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, "pm_card_authenticationRequired", off_session=True)
    assert caught.value.code == "authentication_required"


def test_debit_is_processing_before_it_succeeds(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    sent = pay(client, "pm_sepa_debit", currency="eur")
    assert sent.status == "processing"
    charge = client.v1.charges.retrieve(str(sent.latest_charge))
    assert (charge.status, charge.id[:3]) == ("pending", "py_")
    emulator.settle()
    assert client.v1.payment_intents.retrieve(sent.id).status == "succeeded"
    charge = client.v1.charges.retrieve(str(sent.latest_charge))
    assert (charge.status, charge.amount_captured) == ("succeeded", 2000)
