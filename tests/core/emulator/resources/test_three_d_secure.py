"""3-D Secure by the test cards of Stripe's testing page: who is asked, and what the charge says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay

ALWAYS_ASKED = {
    "4000000000003220": None,
    "4000000000003238": None,
    "4000000000003063": None,
    "4000002500003155": None,
    "4000002760003184": None,
    "4000003800000446": None,
    "4000008400001629": ("card_declined", "generic_decline"),
    "4000008260003178": ("card_declined", "insufficient_funds"),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def method_of(client: stripe.StripeClient, number: str) -> str:
    card: Any = {"number": number, "exp_month": 4, "exp_year": 2031}
    return client.v1.payment_methods.create({"type": "card", "card": card}).id


def asking(how: str) -> dict[str, Any]:
    return {"payment_method_options": {"card": {"request_three_d_secure": how}}}


def secure_of(client: stripe.StripeClient, intent: str) -> Any:
    expand = {"expand": ["latest_charge"]}
    found: Any = client.v1.payment_intents.retrieve(intent, expand).latest_charge
    return found.payment_method_details.card.three_d_secure


@pytest.mark.parametrize("number", sorted(ALWAYS_ASKED))
def test_a_present_customer_is_asked_before_the_bank(
    emulator: RunningEmulator, client: stripe.StripeClient, number: str
) -> None:
    asked = pay(client, method_of(client, number))
    assert (asked.status, asked.latest_charge) == ("requires_action", None)
    emulator.control("POST", f"payment_intents/{asked.id}/authenticate", {"outcome": "succeed"})
    done = client.v1.payment_intents.retrieve(asked.id)
    declined = ALWAYS_ASKED[number]
    if declined is None:
        assert (done.status, done.last_payment_error) == ("succeeded", None)
    else:
        error: Any = done.last_payment_error
        assert done.status == "requires_payment_method"
        assert (error.code, error.decline_code) == declined
    secure = secure_of(client, asked.id)
    assert (secure.result, secure.authentication_flow) == ("authenticated", "challenge")


def test_a_lookup_that_breaks_declines_a_card_that_requires_it(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, "pm_card_threeDSecureRequiredProcessingError")
    assert caught.value.code == "card_declined"


@pytest.mark.parametrize(
    ("number", "how", "result", "flow", "reason"),
    [
        ("4000000000003055", "any", "authenticated", "frictionless", None),
        ("4000000000003097", "any", "processing_error", None, "protocol_error"),
        ("4242424242424242", "any", "attempt_acknowledged", None, "card_not_enrolled"),
        ("4242424242424242", "challenge", "attempt_acknowledged", None, "card_not_enrolled"),
        ("378282246310005", "any", "not_supported", None, "network_not_supported"),
    ],
)
def test_asking_for_it_on_a_card_that_does_without(
    client: stripe.StripeClient, number: str, how: str, result: str, flow: str, reason: str
) -> None:
    paid = pay(client, method_of(client, number), **asking(how))
    assert paid.status == "succeeded"
    secure = secure_of(client, paid.id)
    found = (secure.result, secure.authentication_flow, secure.result_reason)
    assert found == (result, flow, reason)


def test_asking_for_a_challenge_shows_one_where_the_card_supports_it(
    client: stripe.StripeClient,
) -> None:
    asked = pay(client, "pm_card_threeDSecureOptional", **asking("challenge"))
    assert asked.status == "requires_action"


@pytest.mark.parametrize("number", ["4000000000003055", "4000000000003097", "4242424242424242"])
def test_nobody_asks_for_it_and_the_charge_says_nothing(
    client: stripe.StripeClient, number: str
) -> None:
    paid = pay(client, method_of(client, number))
    assert paid.status == "succeeded"
    assert secure_of(client, paid.id) is None


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
        (
            "pm_card_authenticationRequiredOnSetup",
            "authentication_required",
            "authentication_required",
        ),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
    ],
)
def test_an_absent_customer_cannot_be_asked(
    client: stripe.StripeClient, token: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, token, off_session=True)
    assert (caught.value.code, caught.value.error.decline_code) == (code, decline_code)


def test_a_card_that_was_set_up_elsewhere_pays_without_its_customer(
    client: stripe.StripeClient,
) -> None:
    paid = pay(client, "pm_card_authenticationRequiredSetupForOffSession", off_session=True)
    assert paid.status == "succeeded"


def test_a_card_set_up_by_a_payment_is_not_asked_again_off_session(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"name": "Ada"}).id
    first = pay(
        client,
        "pm_card_authenticationRequiredOnSetup",
        customer=customer,
        setup_future_usage="off_session",
    )
    emulator.control("POST", f"payment_intents/{first.id}/authenticate", {"outcome": "succeed"})
    [kept] = client.v1.customers.payment_methods.list(customer).data
    later = pay(client, kept.id, customer=customer, off_session=True)
    assert later.status == "succeeded"
    assert pay(client, kept.id, customer=customer).status == "requires_action"
