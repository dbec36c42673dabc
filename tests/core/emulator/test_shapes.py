"""Every object that the emulator shows has the shape of the SDK's class for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay, raw
from tests.support.sdk_shapes import faults

EXAMPLES = Path(__file__).parent / "fixtures" / "stripe_objects.json"
TOKENS = [
    "pm_card_visa",
    "pm_card_amex",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_createCe3EligibleDispute",
    "pm_card_createIssuerFraudRecord",
    "pm_card_threeDSecure2Required",
    "pm_card_visa_chargeDeclined",
    "pm_card_chargeDeclinedIncorrectCvc",
    "pm_card_radarBlock",
    "pm_card_riskLevelElevated",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
    "pm_paypal",
    "pm_alipay",
    "pm_wechat_pay",
    "pm_link",
    "pm_sepa_debit",
]
LISTS = [
    "payment_intents",
    "charges",
    "refunds",
    "disputes",
    "balance_transactions",
    "customers",
    "payouts",
    "events",
    "payment_methods",
    "radar/early_fraud_warnings",
    "reviews",
    "webhook_endpoints",
]


def _everything(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    customer = client.v1.customers.create({"name": "Ada", "address": {"city": "Bonn"}})
    for token in TOKENS:
        currency = "eur" if token == "pm_sepa_debit" else "gbp"
        try:
            paid = pay(client, token, currency=currency, customer=customer.id)
        except stripe.CardError:
            continue
        if paid.status == "requires_action":
            emulator.control(
                "POST", f"payment_intents/{paid.id}/authenticate", {"outcome": "succeed"}
            )
    held = pay(client, capture_method="manual", shipping={"name": "A", "address": {"city": "X"}})
    client.v1.payment_intents.capture(held.id, {"amount_to_capture": 700})
    client.v1.payment_intents.cancel(pay(client, capture_method="manual").id)
    failed = pay(client, "pm_card_threeDSecure2Required")
    emulator.control("POST", f"payment_intents/{failed.id}/authenticate", {"outcome": "fail"})
    client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/x", "enabled_events": ["payout.failed"]}
    )
    emulator.settle()
    for charge in client.v1.charges.list({"limit": 100}).data:
        if charge.captured and not charge.disputed and not charge.refunded:
            client.v1.refunds.create({"charge": charge.id, "amount": 100})
    [won, *_] = [d for d in client.v1.disputes.list().data if d.status == "needs_response"]
    client.v1.disputes.update(won.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    emulator.settle()
    emulator.advance(8 * 86_400)


@pytest.fixture(scope="module")
def busy() -> Iterator[RunningEmulator]:
    with start_emulator() as emulator:
        emulator.control("POST", "webhooks", {"paused": True})
        _everything(emulator)
        yield emulator


def objects(emulator: RunningEmulator, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(raw(emulator, "GET", path).body)["data"]
    return found


@pytest.mark.parametrize("name", LISTS)
def test_objects_have_the_sdks_shape(busy: RunningEmulator, name: str) -> None:
    found = objects(busy, f"/v1/{name}?limit=100")
    assert found
    for obj in found:
        assert faults(obj) == []


def test_objects_inside_events_have_the_sdks_shape(busy: RunningEmulator) -> None:
    for event in objects(busy, "/v1/events?limit=100"):
        assert faults(event["data"]["object"]) == []


def test_event_types_are_known_to_the_sdk(busy: RunningEmulator) -> None:
    seen = {event["type"] for event in objects(busy, "/v1/events?limit=100")}
    assert seen >= {
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payout.paid",
        "refund.failed",
        "radar.early_fraud_warning.created",
    }


@pytest.mark.parametrize("path", ["/v1/account", "/v1/balance"])
def test_single_objects_have_the_sdks_shape(busy: RunningEmulator, path: str) -> None:
    assert faults(json.loads(raw(busy, "GET", path).body)) == []


def test_expanded_objects_have_the_sdks_shape(busy: RunningEmulator) -> None:
    path = (
        "/v1/payment_intents?limit=100&expand[]=data.latest_charge.balance_transaction.source"
        "&expand[]=data.payment_method&expand[]=data.customer&expand[]=data.latest_charge.refunds"
    )
    found = objects(busy, path)
    assert any(
        isinstance((intent["latest_charge"] or {}).get("balance_transaction"), dict)
        for intent in found
    )
    for intent in found:
        assert faults(intent) == []


@pytest.mark.parametrize(
    "kind",
    [
        "payment_intent",
        "charge",
        "balance_transaction",
        "refund",
        "dispute",
        "payout",
        "customer",
        "radar.early_fraud_warning",
    ],
)
def test_fields_of_stripes_own_examples_are_there(busy: RunningEmulator, kind: str) -> None:
    example = json.loads(EXAMPLES.read_text(encoding="utf-8"))["resources"][kind]
    path = {"radar.early_fraud_warning": "radar/early_fraud_warnings"}.get(kind, f"{kind}s")
    found = objects(busy, f"/v1/{path}?limit=100")
    # Shown on demand only, or of features this account does not have.
    absent = {"refunds", "source", "source_transfer", "managed_payments", "discount"}
    shown = set().union(*(obj.keys() for obj in found))
    assert example.keys() - shown <= absent
