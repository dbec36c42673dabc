"""Ordered faults reach the official SDK as Stripe's own would, and keys hold through them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from core.emulator.state.faults import REASONS
from tests.support.emulator_clients import client_of, pay


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def refund(client: stripe.StripeClient, intent: str, key: str, amount: int = 500) -> stripe.Refund:
    return client.v1.refunds.create(
        {"payment_intent": intent, "amount": amount}, {"idempotency_key": key}
    )


def truth(emulator: RunningEmulator, intent: str) -> dict[str, Any]:
    found: dict[str, Any] = emulator.control("GET", f"refunds?payment_intent={intent}")
    return found


def replayed(obj: stripe.StripeObject) -> bool:
    response = obj.last_response
    assert response is not None
    return response.headers.get("Idempotent-Replayed") == "true"


def test_lost_reply_leaves_the_effect_and_its_key(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    emulator.fault("lost_reply", method="POST", path="/v1/refunds")
    with pytest.raises(stripe.APIConnectionError):
        refund(client, paid.id, "decision-1")
    assert truth(emulator, paid.id)["count"] == 1
    again = refund(client, paid.id, "decision-1")
    assert replayed(again)
    [made] = truth(emulator, paid.id)["refunds"]
    assert made["id"] == again.id
    assert made["request"]["idempotency_key"] == "decision-1"


def test_reset_before_the_effect_leaves_nothing(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    emulator.fault("reset", method="POST", path="/v1/refunds")
    with pytest.raises(stripe.APIConnectionError):
        refund(client, paid.id, "decision-1")
    assert truth(emulator, paid.id)["count"] == 0
    assert not replayed(refund(client, paid.id, "decision-1"))


def test_saved_500_is_replayed_for_its_key_and_hides_a_refund(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    emulator.fault("saved_500", method="POST", path="/v1/refunds")
    headers = []
    for _ in range(3):
        with pytest.raises(stripe.APIError) as caught:
            refund(client, paid.id, "decision-1")
        assert caught.value.http_status == 500
        headers.append(caught.value.headers.get("idempotent-replayed"))
    assert headers == [None, "true", "true"]
    assert truth(emulator, paid.id)["count"] == 1


def test_key_expires_after_a_day_and_then_refunds_again(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    emulator.control("POST", "clock", {"frozen": True})
    paid = pay(client)
    first = refund(client, paid.id, "decision-1")
    emulator.control("POST", "clock", {"advance_days": 1})
    assert replayed(refund(client, paid.id, "decision-1"))
    emulator.advance(1)
    second = refund(client, paid.id, "decision-1")
    assert not replayed(second)
    assert second.id != first.id
    assert truth(emulator, paid.id) | {"refunds": []} == {
        "count": 2,
        "amount": 1000,
        "by_status": {"succeeded": 2},
        "refunds": [],
    }


@pytest.mark.parametrize("reason", REASONS)
def test_limiter_names_itself_and_saves_nothing(
    emulator: RunningEmulator, client: stripe.StripeClient, reason: str
) -> None:
    emulator.fault("rate_limit", reason=reason)
    with pytest.raises(stripe.RateLimitError) as caught:
        client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
    assert caught.value.headers["stripe-rate-limited-reason"] == reason
    assert caught.value.error.code == "rate_limit"
    assert not replayed(client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"}))


def test_lock_is_429_without_a_limiter(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    emulator.fault("lock_timeout")
    with pytest.raises(stripe.RateLimitError) as caught:
        client.v1.balance.retrieve()
    assert caught.value.error.code == "lock_timeout"
    assert "stripe-rate-limited-reason" not in caught.value.headers


def test_sdk_gets_through_what_passes(emulator: RunningEmulator) -> None:
    patient = stripe.StripeClient(
        "sk_test_anything", base_addresses={"api": emulator.base_url}, max_network_retries=3
    )
    for kind in ("rate_limit", "lost_reply", "reset"):
        emulator.fault(kind, method="POST")
    made = patient.v1.customers.create({"name": "Ada"})
    assert [found.id for found in patient.v1.customers.list().data] == [made.id]


def test_delay_comes_before_the_answer(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    emulator.fault("delay", seconds=0.3, path="/v1/balance")
    started = time.monotonic()
    client.v1.balance.retrieve()
    assert time.monotonic() - started >= 0.3


def test_without_its_limit_refunds_pass_the_charge(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    assert emulator.control("POST", "settings", {"refund_limit": False})["refund_limit"] is False
    for key in ("a", "b", "c"):
        refund(client, paid.id, key, amount=1500)
    assert truth(emulator, paid.id)["amount"] == 4500
    charge = client.v1.charges.retrieve(str(paid.latest_charge))
    assert (charge.amount_refunded, charge.refunded) == (4500, True)
    emulator.control("POST", "settings", {"refund_limit": True})
    assert emulator.control("GET", "settings")["refund_limit"] is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(client, paid.id, "d")
    assert caught.value.code == "charge_already_refunded"


@pytest.mark.parametrize("version", ["2024-06-20", "2026-10-28.endive"])
def test_release_of_a_hold_is_no_refund(
    emulator: RunningEmulator, client: stripe.StripeClient, version: str
) -> None:
    emulator.control("POST", "settings", {"api_version": version})
    held = pay(client, capture_method="manual")
    client.v1.payment_intents.capture(held.id, {"amount_to_capture": 700})
    assert truth(emulator, held.id)["count"] == 0
