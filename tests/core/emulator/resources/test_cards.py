"""Each of Stripe's test cards does what Stripe's testing page says it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.resources.cards import BY_NUMBER, BY_TOKEN, luhn
from core.emulator.server import RunningEmulator, start_emulator
from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DirectClient, context
from tests.support.emulator_clients import client_of, pay

DECLINES = {
    "4000000000000002": ("card_declined", "generic_decline", "Your card was declined."),
    "4000000000009995": (
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    "4000000000009987": ("card_declined", "lost_card", "Your card was declined."),
    "4000000000009979": ("card_declined", "stolen_card", "Your card was declined."),
    "4000000000000069": ("expired_card", None, "Your card has expired."),
    "4000000000000127": ("incorrect_cvc", None, "Your card's security code is incorrect."),
    "4000000000000119": ("processing_error", None, "An error occurred while processing"),
    "4100000000000019": ("card_declined", "fraudulent", "Your card was declined."),
}
PAYS = [
    "4242424242424242",
    "4000056655665556",
    "5555555555554444",
    "378282246310005",
    "6200000000000005",
]


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def by_number(client: stripe.StripeClient, number: str) -> stripe.PaymentIntent:
    card: Any = {"number": number, "exp_month": 4, "exp_year": 2031, "cvc": "314"}
    method = client.v1.payment_methods.create({"type": "card", "card": card})
    return pay(client, method.id)


@pytest.mark.parametrize("number", PAYS)
def test_good_number_pays(client: stripe.StripeClient, number: str) -> None:
    paid = by_number(client, number)
    assert paid.status == "succeeded"
    charge = client.v1.charges.retrieve(str(paid.latest_charge))
    details: Any = charge.payment_method_details
    assert (details.card.last4, details.card.exp_year) == (number[-4:], 2031)


@pytest.mark.parametrize("number", sorted(DECLINES))
def test_bad_number_is_declined_with_its_codes(client: stripe.StripeClient, number: str) -> None:
    code, decline_code, message = DECLINES[number]
    with pytest.raises(stripe.CardError) as caught:
        by_number(client, number)
    error = caught.value
    assert error.http_status == 402
    assert (error.code, error.error.decline_code) == (code, decline_code)
    assert str(error.user_message).startswith(message)
    failed = client.v1.payment_intents.retrieve(error.error.payment_intent.id)
    assert failed.status == "requires_payment_method"
    assert failed.payment_method is None
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == code
    charge = client.v1.charges.retrieve(str(failed.latest_charge))
    assert (charge.status, charge.failure_code, charge.paid) == ("failed", code, False)


def test_blocked_card_never_reaches_the_network(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, "pm_card_radarBlock")
    charge = client.v1.charges.retrieve(str(caught.value.error.charge))
    outcome: Any = charge.outcome
    assert (outcome.type, outcome.network_status) == ("blocked", "not_sent_to_network")
    assert (outcome.risk_level, outcome.risk_score >= 75) == ("highest", True)


def test_elevated_card_pays_with_an_elevated_score(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(str(pay(client, "pm_card_riskLevelElevated").latest_charge))
    outcome: Any = charge.outcome
    assert outcome.risk_level == "elevated"
    assert 65 <= outcome.risk_score < 75


@pytest.mark.parametrize(
    ("token", "reason", "status"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response"),
        ("pm_card_createDisputeInquiry", "fraudulent", "warning_needs_response"),
        ("pm_card_createCe3EligibleDispute", "fraudulent", "needs_response"),
    ],
)
def test_dispute_card_pays_and_is_disputed(
    emulator: RunningEmulator, client: stripe.StripeClient, token: str, reason: str, status: str
) -> None:
    paid = pay(client, token)
    assert paid.status == "succeeded"
    emulator.settle()
    [dispute] = client.v1.disputes.list({"payment_intent": paid.id}).data
    assert (dispute.reason, dispute.status, dispute.amount) == (reason, status, 2000)
    assert client.v1.charges.retrieve(str(paid.latest_charge)).disputed


def test_fraud_record_card_brings_an_early_warning(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_createIssuerFraudRecord")
    emulator.settle()
    warnings = client.v1.radar.early_fraud_warnings
    [warning] = warnings.list({"payment_intent": paid.id}).data
    assert warning.actionable
    client.v1.refunds.create({"payment_intent": paid.id})
    assert not warnings.retrieve(warning.id).actionable


def test_live_number_is_refused_in_test_mode(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        by_number(client, "4539578763621486")
    assert caught.value.error.decline_code == "test_mode_live_card"


@pytest.mark.parametrize("number", ["4242424242424241", "1234", "abcd", "٤٢٤٢"])
def test_number_that_is_none_is_incorrect(client: stripe.StripeClient, number: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        by_number(client, number)
    assert caught.value.code == "incorrect_number"


def test_same_number_has_the_same_fingerprint(client: stripe.StripeClient) -> None:
    one, two = (
        client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
        for _ in range(2)
    )
    assert one.id != two.id
    assert one.card is not None
    assert two.card is not None
    assert one.card.fingerprint == two.card.fingerprint


def test_method_attaches_to_one_customer_only(client: stripe.StripeClient) -> None:
    first, second = (client.v1.customers.create({"name": name}) for name in ("A", "B"))
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": first.id})
    assert [m.id for m in client.v1.customers.payment_methods.list(first.id).data] == [method.id]
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(method.id, {"customer": second.id})


def test_every_known_number_passes_the_check_digit() -> None:
    assert all(luhn(number) for number in BY_NUMBER)
    assert all(card.number in BY_NUMBER for card in BY_TOKEN.values())


def test_number_and_brand_of_every_card_fit() -> None:
    for card in BY_NUMBER.values():
        assert luhn(card.number)
        assert len(card.country) == 2
    assert BY_TOKEN["pm_card_br"].country == "BR"
    assert BY_TOKEN["pm_card_th_debit"].funding == "debit"


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as found:
        yield found


@pytest.mark.parametrize(
    ("token", "failed"),
    [
        ("pm_card_cvcCheckFail", {"cvc_check": "fail"}),
        ("pm_card_avsZipFail", {"address_postal_code_check": "fail"}),
        ("pm_card_avsUnchecked", {"address_line1_check": "unavailable"}),
    ],
)
def test_failed_check_is_told_and_the_card_pays(
    books: DirectClient, token: str, failed: dict[str, str]
) -> None:
    charge = books.api("GET", f"charges/{books.pay('usd', 900, token)}")
    assert charge["paid"]
    assert failed.items() <= charge["payment_method_details"]["card"]["checks"].items()


def test_card_that_declines_is_not_attached_but_for_one(books: DirectClient) -> None:
    customer = books.api("POST", "customers")["id"]
    with pytest.raises(ApiError) as refusal:
        books.api("POST", "payment_methods/pm_card_chargeDeclined/attach", customer=customer)
    assert (refusal.value.status, refusal.value.error["code"]) == (402, "card_declined")
    kept = books.api("POST", "payment_methods/pm_card_chargeCustomerFail/attach", customer=customer)
    assert kept["customer"] == customer
    with pytest.raises(ApiError, match="declined"):
        books.pay("usd", 900, kept["id"], customer=customer)


def test_wrong_cvc_needs_a_cvc(books: DirectClient) -> None:
    card = {"number": "4000000000000127", "exp_month": 12, "exp_year": 2034}
    method = books.api("POST", "payment_methods", type="card", card=card)["id"]
    assert books.pay("usd", 900, method)
    method = books.api("POST", "payment_methods", type="card", card={**card, "cvc": "999"})["id"]
    with pytest.raises(ApiError, match="security code is incorrect"):
        books.pay("usd", 900, method)


def test_compliance_dispute_has_its_case(books: DirectClient) -> None:
    charge = books.pay("usd", 900, "pm_card_createComplianceDispute")
    [dispute] = books.api("GET", "disputes", charge=charge)["data"]
    assert dispute["reason"] == "noncompliant"
    assert dispute["payment_method_details"]["card"]["case_type"] == "compliance"
