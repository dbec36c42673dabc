"""Charges without a PaymentIntent: made, held, captured, refunded, disputed, and by other banks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_books import DAY, context, faults
from tests.support.emulator_clients import client_of, pay
from tests.support.sdk_shapes import faults as shape_faults


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def charged(client: stripe.StripeClient, source: str = "tok_visa", **params: Any) -> stripe.Charge:
    return client.v1.charges.create({"amount": 2000, "currency": "usd", "source": source, **params})


def events(client: stripe.StripeClient, charge: str) -> list[str]:
    found = client.v1.events.list({"limit": 100}).data
    return [e.type for e in reversed(found) if e.data.object.to_dict().get("id") == charge]


def ordered(emulator: RunningEmulator, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = emulator.control("POST", "charges", {"amount": 2000, **body})
    return made


def test_charge_of_a_token_has_no_intent_and_a_row(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    made = charged(client, description="Order 7", metadata={"order_id": "7"})
    assert (made.payment_intent, made.id[:3], made.status) == (None, "ch_", "succeeded")
    assert shape_faults(made.to_dict()) == []
    emulator.settle()
    found = client.v1.charges.retrieve(made.id, {"expand": ["balance_transaction"]})
    row: Any = found.balance_transaction
    assert (row.net, row.source, row.type) == (2000 - 88, made.id, "charge")
    assert events(client, made.id) == ["charge.succeeded", "charge.updated"]
    assert client.v1.payment_intents.list().data == []


def test_declined_charge_says_so_and_stays(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        charged(client, "tok_visa_chargeDeclinedInsufficientFunds")
    [failed] = client.v1.charges.list().data
    error: Any = caught.value.error
    assert (error.decline_code, error.charge) == ("insufficient_funds", failed.id)
    assert (failed.status, failed.payment_intent, failed.captured) == ("failed", None, False)
    assert shape_faults(failed.to_dict()) == []


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"source": "tok_none"}, "No such token"),
        ({"source": "card_none"}, "No such source"),
        ({"source": None}, "Must provide source or customer"),
        ({"amount": 1}, "at least"),
    ],
)
def test_charge_that_cannot_be_made_is_refused(
    client: stripe.StripeClient, params: dict[str, Any], match: str
) -> None:
    given = {"amount": 2000, "currency": "usd", "source": "tok_visa", **params}
    with pytest.raises(stripe.InvalidRequestError, match=match):
        client.v1.charges.create({k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]


def test_hold_is_captured_once_and_in_part(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    held = charged(client, capture=False)
    assert (held.captured, held.amount_captured) == (False, 0)
    done = client.v1.charges.capture(held.id, {"amount": 700})
    assert (done.captured, done.amount_captured, done.amount_refunded) == (True, 700, 0)
    assert done.balance_transaction is not None
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.charges.capture(held.id)
    assert caught.value.code == "charge_already_captured"
    assert events(client, held.id) == ["charge.succeeded", "charge.captured"]
    emulator.advance(8 * DAY)
    assert "charge.expired" not in events(client, held.id)


def test_hold_of_an_intent_is_captured_with_it(client: stripe.StripeClient) -> None:
    held = pay(client, capture_method="manual")
    client.v1.charges.capture(str(held.latest_charge), {"amount": 900})
    assert client.v1.payment_intents.retrieve(held.id).amount_received == 900


@pytest.mark.parametrize(
    ("version", "refunded"), [("2024-06-20", True), ("2026-10-28.endive", False)]
)
def test_hold_that_expires_can_be_captured_no_more(
    emulator: RunningEmulator, client: stripe.StripeClient, version: str, refunded: bool
) -> None:
    emulator.control("POST", "settings", {"api_version": version})
    held = charged(client, capture=False)
    emulator.advance(8 * DAY)
    assert client.v1.charges.retrieve(held.id).refunded is refunded
    assert events(client, held.id)[-1] == "charge.expired"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.charges.capture(held.id)
    assert caught.value.code == "charge_expired_for_capture"


def test_refund_of_a_hold_releases_it_whole(client: stripe.StripeClient) -> None:
    held = charged(client, capture=False)
    with pytest.raises(stripe.InvalidRequestError, match="partially refund an uncaptured"):
        client.v1.refunds.create({"charge": held.id, "amount": 500})
    refund = client.v1.refunds.create({"charge": held.id})
    assert (refund.balance_transaction, refund.payment_intent) == (None, None)
    assert client.v1.charges.retrieve(held.id).refunded
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        client.v1.charges.capture(held.id)


def test_refund_dispute_warning_and_review_go_by_the_charge(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    one, two, three = (charged(client).id for _ in range(3))
    refund = client.v1.refunds.create({"charge": one, "amount": 500})
    assert (refund.charge, refund.payment_intent) == (one, None)
    dispute = emulator.control("POST", "disputes", {"charge": two})
    assert (dispute["charge"], dispute["payment_intent"]) == (two, None)
    warning = emulator.control("POST", "early_fraud_warnings", {"charge": three})
    review = emulator.control("POST", "reviews", {"charge": three})
    assert (warning["payment_intent"], review["payment_intent"]) == (None, None)
    for found in (refund.to_dict(), dispute, warning, review):
        assert shape_faults(found) == []
    client.v1.reviews.approve(review["id"])
    assert client.v1.reviews.retrieve(review["id"]).open is False


def test_other_methods_make_payments_with_their_own_ids(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    sepa = ordered(emulator, currency="eur", method="sepa_debit")
    wallet = ordered(emulator, currency="usd", method="amazon_pay")
    details = {"type": "klarna", "klarna": {"payment_method_category": "pay_later"}}
    other = ordered(emulator, currency="usd", method="link", details=details)
    bank = charged(client, "btok_us_verified").to_dict()
    assert {made["id"][:3] for made in (sepa, wallet, other, bank)} == {"py_"}
    assert [made["status"] for made in (sepa, wallet, other, bank)] == [
        "pending",
        "succeeded",
        "succeeded",
        "pending",
    ]
    assert other["payment_method_details"] == details
    assert bank["payment_method_details"]["type"] == "ach_debit"
    for made in (sepa, wallet, bank):
        assert shape_faults(made) == []
    emulator.settle()
    assert {charge.status for charge in client.v1.charges.list().data} == {"succeeded"}


@pytest.mark.parametrize(("kind", "currency"), [("amazon_pay", "usd"), ("revolut_pay", "eur")])
def test_wallet_shows_the_card_inside_as_an_object(
    emulator: RunningEmulator, client: stripe.StripeClient, kind: str, currency: str
) -> None:
    asked = pay(client, f"pm_{kind}", currency=currency)
    emulator.control("POST", f"payment_intents/{asked.id}/authenticate", {"outcome": "succeed"})
    paid = client.v1.payment_intents.retrieve(asked.id, {"expand": ["latest_charge"]})
    charge: Any = paid.latest_charge
    funding = charge.payment_method_details.to_dict()[kind]["funding"]
    assert (funding["type"], funding["card"]["brand"]) == ("card", "Visa")
    assert len(funding["card"]["last4"]) == 4
    assert shape_faults(charge.to_dict()) == []


# Bank debits: refused on their way, booked first and refused, sent back after success.


def rows_of(client: stripe.StripeClient, charge: str) -> list[tuple[str, str, int]]:
    found = client.v1.balance_transactions.list({"source": charge}).data
    return [(row.type, row.reporting_category, row.amount) for row in reversed(found)]


def test_debit_that_is_refused_on_its_way_has_no_row(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    sent = pay(client, "pm_usBankAccount_accountClosed")
    emulator.settle()
    failed = client.v1.charges.retrieve(str(sent.latest_charge))
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert rows_of(client, failed.id) == []
    assert client.v1.payment_intents.retrieve(sent.id).status == "requires_payment_method"


@pytest.mark.parametrize("direct", [False, True])
def test_debit_that_comes_back_late_takes_its_row_back(
    emulator: RunningEmulator, client: stripe.StripeClient, direct: bool
) -> None:
    if direct:
        charge = ordered(emulator, currency="usd", method="pm_usBankAccount_success")["id"]
    else:
        charge = str(pay(client, "pm_usBankAccount_success").latest_charge)
    emulator.settle()
    emulator.settle()
    assert client.v1.charges.retrieve(charge).status == "succeeded"
    emulator.advance(40 * DAY)
    emulator.control(
        "POST", f"charges/{charge}", {"status": "failed", "failure_code": "no_account"}
    )
    failed = client.v1.charges.retrieve(charge, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.paid, failed.failure_code) == ("failed", False, "no_account")
    back: Any = failed.failure_balance_transaction
    assert (back.type, back.reporting_category) == ("payment_failure_refund", "charge_failure")
    assert rows_of(client, charge) == [
        ("payment", "charge", 2000),
        ("payment_failure_refund", "charge_failure", -2000),
    ]
    assert "charge.failed" in events(client, charge)
    assert shape_faults(failed.to_dict()) == []
    if not direct:
        intent = client.v1.payment_intents.retrieve(str(failed.payment_intent))
        assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
        assert events(client, intent.id)[-1] == "payment_intent.payment_failed"
    with pytest.raises(ValueError, match="failed already"):
        emulator.control("POST", f"charges/{charge}", {"status": "failed"})


def test_debit_may_be_booked_before_it_fails(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    sent = pay(client, "pm_usBankAccount_processing")
    charge = str(sent.latest_charge)
    emulator.settle()
    assert client.v1.charges.retrieve(charge).status == "pending"
    emulator.control("POST", f"charges/{charge}", {"status": "failed", "booked": True})
    assert [row[1] for row in rows_of(client, charge)] == ["charge", "charge_failure"]


def test_disputed_debit_is_lost_at_once(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_usBankAccount_dispute")
    emulator.settle()
    [dispute] = client.v1.disputes.list({"payment_intent": paid.id}).data
    assert (dispute.status, dispute.reason) == ("lost", "debit_not_authorized")
    assert dispute.evidence_details.due_by is None
    assert shape_faults(dispute.to_dict()) == []


def test_books_hold_with_debits_that_failed() -> None:
    with context() as books:
        for token in ("pm_usBankAccount_success", "pm_usBankAccount_dispute"):
            books.pay("usd", 5000, token)
        books.control.settle({})
        books.control.settle({})
        books.control.others.settle_charge({"status": "failed"}, books.charges[0])
        assert faults(books) == []
        books.advance(5 * DAY)
        assert faults(books) == []
