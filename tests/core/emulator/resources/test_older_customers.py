"""Cards of customers, tokens, tax ids, credit and cash: what older integrations keep by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DirectClient, context, faults

NUMBER = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034}


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as found:
        yield found


def test_token_is_used_once(books: DirectClient) -> None:
    token = books.api("POST", "tokens", card=NUMBER)
    assert (token["card"]["brand"], token["card"]["last4"]) == ("Visa", "4242")
    books.api("POST", "charges", amount=500, currency="usd", source=token["id"])
    with pytest.raises(ApiError) as refusal:
        books.api("POST", "charges", amount=500, currency="usd", source=token["id"])
    assert refusal.value.error["code"] == "token_already_used"


def test_customer_is_charged_by_the_default_card(books: DirectClient) -> None:
    customer = books.api("POST", "customers", source="tok_visa")
    other = books.api("POST", f"customers/{customer['id']}/sources", source="tok_mastercard")
    paid = books.api("POST", "charges", amount=500, currency="usd", customer=customer["id"])
    assert paid["payment_method_details"]["card"]["brand"] == "visa"
    books.api("POST", f"customers/{customer['id']}", default_source=other["id"])
    paid = books.api("POST", "charges", amount=500, currency="usd", customer=customer["id"])
    assert paid["payment_method_details"]["card"]["brand"] == "mastercard"
    books.api("DELETE", f"customers/{customer['id']}/sources/{other['id']}")
    with pytest.raises(ApiError, match="no active card"):
        books.api("POST", "charges", amount=500, currency="usd", customer=customer["id"])


def test_card_that_is_declined_cannot_be_kept(books: DirectClient) -> None:
    customer = books.api("POST", "customers")["id"]
    with pytest.raises(ApiError) as refusal:
        books.api("POST", f"customers/{customer}/sources", source="tok_chargeDeclined")
    assert refusal.value.status == 402
    assert books.everything(f"customers/{customer}/sources") == []


def test_card_of_another_customer_is_not_found(books: DirectClient) -> None:
    one, two = (books.api("POST", "customers", source="tok_visa") for _ in range(2))
    with pytest.raises(ApiError) as refusal:
        books.api("GET", f"customers/{one['id']}/sources/{two['default_source']}")
    assert refusal.value.status == 404


def test_credit_adds_up(books: DirectClient) -> None:
    customer = books.api("POST", "customers")["id"]
    path = f"customers/{customer}/balance_transactions"
    sums = [
        books.api("POST", path, amount=a, currency="usd")["ending_balance"] for a in (-500, 200)
    ]
    assert sums == [-500, -300]
    assert books.api("GET", f"customers/{customer}")["balance"] == -300
    assert [row["amount"] for row in books.everything(path)] == [200, -500]


def test_tax_id_comes_and_goes(books: DirectClient) -> None:
    path = f"customers/{books.api('POST', 'customers')['id']}/tax_ids"
    made = books.api("POST", path, type="eu_vat", value="DE123456789")
    assert (made["country"], made["verification"]["status"]) == ("DE", "unavailable")
    books.api("DELETE", f"{path}/{made['id']}")
    assert books.everything(path) == []


def test_transfer_pays_in_parts_and_the_rest_stays(books: DirectClient) -> None:
    books.control.others.change_settings({"api_version": "2026-08-26.dahlia"})
    customer = books.api("POST", "customers")["id"]
    intent = books.api(
        "POST",
        "payment_intents",
        amount=2000,
        currency="usd",
        customer=customer,
        payment_method_types=["customer_balance"],
        payment_method_data={"type": "customer_balance"},
        confirm=True,
    )
    told = intent["next_action"]["display_bank_transfer_instructions"]
    assert (told["amount_remaining"], told["type"]) == (2000, "us_bank_transfer")
    fund = f"test_helpers/customers/{customer}/fund_cash_balance"
    books.api("POST", fund, amount=1500, currency="usd")
    waiting = books.api("GET", f"payment_intents/{intent['id']}")
    assert waiting["status"] == "requires_action"
    assert waiting["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] == 500
    books.api("POST", fund, amount=700, currency="usd")
    assert books.api("GET", f"payment_intents/{intent['id']}")["status"] == "succeeded"
    assert books.api("GET", f"customers/{customer}/cash_balance")["available"] == {"usd": 200}
    books.advance(10)
    assert faults(books) == []
