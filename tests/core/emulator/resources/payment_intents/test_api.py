"""Payment intents pass through every status of Stripe's life cycle, driven by the official SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import CARD, client_of, pay, raw


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def test_payment_goes_from_no_method_to_succeeded(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    made = intents.create(
        {"amount": 2000, "currency": "USD", **CARD, "metadata": {"order_id": "7"}}
    )
    assert (made.status, made.currency) == ("requires_payment_method", "usd")
    assert made.client_secret is not None
    assert made.client_secret.startswith(f"{made.id}_secret_")
    chosen = intents.update(made.id, {"payment_method": "pm_card_visa"})
    assert chosen.status == "requires_confirmation"
    paid = intents.confirm(made.id)
    assert (paid.status, paid.amount_received) == ("succeeded", 2000)
    charge = client.v1.charges.retrieve(str(paid.latest_charge))
    assert charge.paid
    assert charge.captured
    assert charge.metadata.to_dict() == {"order_id": "7"}
    assert charge.outcome is not None
    assert charge.outcome.type == "authorized"


def test_capture_method_is_async_unless_said(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    assert made.capture_method == "automatic_async"
    assert made.automatic_payment_methods is not None
    assert made.automatic_payment_methods.enabled


def test_confirm_without_method_is_refused(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "usd", **CARD})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(made.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error.payment_intent.id == made.id


def test_redirects_need_a_return_url(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})


def test_capture_takes_what_was_held(client: stripe.StripeClient) -> None:
    held = pay(client, capture_method="manual")
    assert (held.status, held.amount_capturable) == ("requires_capture", 2000)
    charge = client.v1.charges.retrieve(str(held.latest_charge))
    assert not charge.captured
    done = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 1500})
    assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 1500, 0)
    charge = client.v1.charges.retrieve(str(held.latest_charge))
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (1500, 0, False)


def test_capture_beyond_the_hold_is_refused(client: stripe.StripeClient) -> None:
    held = pay(client, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError, match="greater than the authorized amount"):
        client.v1.payment_intents.capture(held.id, {"amount_to_capture": 2001})


def test_canceling_a_hold_gives_it_back(client: stripe.StripeClient) -> None:
    held = pay(client, capture_method="manual")
    gone = client.v1.payment_intents.cancel(held.id, {"cancellation_reason": "duplicate"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "duplicate")
    assert gone.canceled_at is not None
    charge = client.v1.charges.retrieve(str(held.latest_charge))
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (0, 0, False)
    assert client.v1.refunds.list({"charge": charge.id}).data == []
    assert client.v1.balance_transactions.list({"source": str(held.latest_charge)}).data == []


@pytest.mark.parametrize("call", ["confirm", "capture", "cancel"])
def test_what_succeeded_cannot_be_done_again(client: stripe.StripeClient, call: str) -> None:
    paid = pay(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        getattr(client.v1.payment_intents, call)(paid.id)
    assert caught.value.code == "payment_intent_unexpected_state"


def test_what_was_canceled_stays_canceled(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "usd", **CARD})
    client.v1.payment_intents.cancel(made.id)
    for call in (client.v1.payment_intents.confirm, client.v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError):
            call(made.id)


def test_amount_of_a_paid_intent_cannot_change(client: stripe.StripeClient) -> None:
    paid = pay(client)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.update(paid.id, {"amount": 3000})
    kept = client.v1.payment_intents.update(paid.id, {"metadata": {"note": "late"}})
    assert kept.metadata.to_dict() == {"note": "late"}


def test_debit_in_another_currency_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        pay(client, "pm_sepa_debit", currency="usd")


def test_hold_that_nobody_captures_expires_after_seven_days() -> None:
    with start_emulator() as emulator:
        client = client_of(emulator)
        held = pay(client, capture_method="manual")
        emulator.advance(7 * 86_400 + 60)
        gone = client.v1.payment_intents.retrieve(held.id)
        assert (gone.status, gone.cancellation_reason) == ("canceled", "expired")


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (0, "usd", "parameter_invalid_integer"),
        (-5, "usd", "parameter_invalid_integer"),
        (10**12, "usd", "amount_too_large"),
        (12_345, "kwd", "parameter_invalid_integer"),
    ],
)
def test_amount_outside_the_rules_is_refused(
    client: stripe.StripeClient, amount: int, currency: str, code: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": amount, "currency": currency})
    assert (caught.value.code, caught.value.param) == (code, "amount")


def test_currency_that_stripe_does_not_know_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid currency: xyz") as caught:
        client.v1.payment_intents.create({"amount": 100, "currency": "xyz"})
    assert caught.value.param == "currency"


def test_unknown_customer_is_refused_with_400(emulator: RunningEmulator) -> None:
    form = {"amount": 100, "currency": "usd", "customer": "cus_none"}
    answer = raw(emulator, "POST", "/v1/payment_intents", form)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (400, "resource_missing")
    assert error["message"] == "No such customer: 'cus_none'"


def test_allowed_and_excluded_types_narrow_what_pays(client: stripe.StripeClient) -> None:
    params: Any = {"amount": 2000, "currency": "usd", "allowed_payment_method_types": ["card"]}
    made = client.v1.payment_intents.create(params)
    assert made.payment_method_types == ["card"]
    with pytest.raises(stripe.InvalidRequestError, match="paypal"):
        client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_paypal"})
    less: Any = {"amount": 2000, "currency": "usd", "excluded_payment_method_types": ["alipay"]}
    assert "alipay" not in client.v1.payment_intents.create(less).payment_method_types
