"""Redirects, codes and vouchers: each goes its own way to the money, or to an end without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.emulator.resources.behaviours import Kind
from core.emulator.resources.local_methods import LOCAL
from core.emulator.resources.payment_intents import attempt
from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DAY, DirectClient, context, faults
from tests.support.sdk_shapes import faults as shape_faults

VOUCHERS = [name for name, method in LOCAL.items() if method.kind is Kind.VOUCHER]


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as found:
        yield found


def pay(books: DirectClient, kind: str, email: str = "jenny", **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"type": kind, "billing_details": {"email": f"{email}@example.com"}}
    if kind == "boleto":
        data["boleto"] = {"tax_id": "00000000000"}
    return books.api(
        "POST",
        "payment_intents",
        amount=20_000,
        currency=LOCAL[kind].currencies[0],
        payment_method_data=data,
        confirm=True,
        return_url="https://shop.example.com/back",
        **more,
    )


def now(books: DirectClient, intent: dict[str, Any], **params: Any) -> dict[str, Any]:
    return books.api("GET", f"payment_intents/{intent['id']}", **params)


def test_each_pays_and_looks_as_the_sdk_knows_it(books: DirectClient) -> None:
    for kind in LOCAL:
        intent = pay(books, kind, "succeed_immediately")
        assert (intent["status"], shape_faults(intent)) == ("requires_action", [])
        assert kind in intent["payment_method_types"]
        if LOCAL[kind].kind is not Kind.VOUCHER:
            books.engine.work(
                lambda ctx, i=intent["id"]: attempt.authenticate(ctx, i, succeed=True)
            )
    books.advance(10)
    for intent in books.everything("payment_intents"):
        paid = now(books, intent, expand=["latest_charge", "payment_method"])
        assert (paid["status"], shape_faults(paid)) == ("succeeded", [])
        assert paid["latest_charge"]["id"].startswith("py_")
    books.advance(5 * DAY)
    assert faults(books) == []


@pytest.mark.parametrize("kind", VOUCHERS)
@pytest.mark.parametrize(
    ("email", "after", "status"),
    [
        ("jenny", 200, "succeeded"),
        ("jenny", 60, "requires_action"),
        ("any.succeed_immediately", 5, "succeeded"),
        ("expire_immediately", 5, "requires_payment_method"),
        ("expire_with_delay", 60, "requires_action"),
        ("expire_with_delay", 200, "requires_payment_method"),
        ("fill_never", 3_600, "requires_action"),
        ("fill_never", 12 * DAY, "requires_payment_method"),
    ],
)
def test_voucher_does_as_the_email_says(
    books: DirectClient, kind: str, email: str, after: int, status: str
) -> None:
    intent = pay(books, kind, email)
    books.advance(after)
    assert now(books, intent)["status"] == status


def test_voucher_that_expired_says_so_and_another_can_be_had(books: DirectClient) -> None:
    intent = pay(books, "oxxo", "expire_immediately")
    books.advance(5)
    expired = now(books, intent)
    assert expired["last_payment_error"]["code"] == "payment_intent_payment_attempt_expired"
    [event] = books.api("GET", "events", type="payment_intent.payment_failed")["data"]
    assert event["data"]["object"]["id"] == intent["id"]
    data = {"type": "oxxo", "billing_details": {"email": "succeed_immediately@example.com"}}
    back = "https://shop.example.com/back"
    path = f"payment_intents/{intent['id']}/confirm"
    again = books.api("POST", path, payment_method_data=data, return_url=back)
    assert again["status"] == "requires_action"
    books.advance(5)
    assert now(books, intent)["status"] == "succeeded"


def test_voucher_lives_as_long_as_it_is_told_to(books: DirectClient) -> None:
    options = {"oxxo": {"expires_after_days": 1}}
    intent = pay(books, "oxxo", "fill_never", payment_method_options=options)
    books.advance(DAY - 60)
    assert now(books, intent)["status"] == "requires_action"
    books.advance(120)
    assert now(books, intent)["status"] == "requires_payment_method"


def test_canceled_intent_is_not_paid_by_its_voucher(books: DirectClient) -> None:
    intent = pay(books, "konbini")
    books.api("POST", f"payment_intents/{intent['id']}/cancel")
    books.advance(300)
    assert now(books, intent)["status"] == "canceled"
    assert books.everything("balance_transactions") == []


def test_blik_waits_a_minute(books: DirectClient) -> None:
    intent = pay(books, "blik")
    assert intent["next_action"] == {"blik_authorize": {}, "type": "blik_authorize"}
    books.advance(61)
    assert now(books, intent)["status"] == "requires_payment_method"


def test_customer_declines_on_the_banks_page(books: DirectClient) -> None:
    intent = pay(books, "ideal")
    books.engine.work(lambda ctx: attempt.authenticate(ctx, intent["id"], succeed=False))
    assert now(books, intent)["last_payment_error"]["code"] == "payment_method_customer_decline"


@pytest.mark.parametrize(
    "more",
    [
        {"excluded_payment_method_types": ["ideal"]},
        {"allowed_payment_method_types": ["card"]},
        {"automatic_payment_methods": {"enabled": False}},
    ],
)
def test_method_that_the_intent_does_not_take_is_refused(
    books: DirectClient, more: dict[str, Any]
) -> None:
    with pytest.raises(ApiError) as refusal:
        pay(books, "ideal", **more)
    assert refusal.value.error["param"] == "payment_method"


def test_method_pays_in_its_currency_only(books: DirectClient) -> None:
    with pytest.raises(ApiError, match="pix supports: brl"):
        books.api("POST", "payment_intents", amount=900, currency="usd", payment_method="pm_pix")
