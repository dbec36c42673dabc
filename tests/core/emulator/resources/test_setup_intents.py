"""SetupIntents keep a method for later, after the challenge where the card asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.emulator.resources import setup_intents
from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DirectClient, context

BACK = "https://shop.example.com/back"


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as found:
        yield found


def set_up(books: DirectClient, token: str, **more: Any) -> dict[str, Any]:
    return books.api(
        "POST", "setup_intents", payment_method=token, confirm=True, return_url=BACK, **more
    )


def test_card_is_attached_to_its_customer(books: DirectClient) -> None:
    customer = books.api("POST", "customers")["id"]
    made = set_up(books, "pm_card_visa", customer=customer)
    assert made["status"] == "succeeded"
    [method] = books.everything(f"customers/{customer}/payment_methods")
    assert method["id"] == made["payment_method"]


@pytest.mark.parametrize(
    ("passed", "status"), [(True, "succeeded"), (False, "requires_payment_method")]
)
def test_challenge_decides(books: DirectClient, passed: bool, status: str) -> None:
    made = set_up(books, "pm_card_authenticationRequired")
    assert made["status"] == "requires_action"
    assert made["next_action"]["redirect_to_url"]["return_url"] == BACK
    books.engine.work(lambda ctx: setup_intents.authenticate(ctx, made["id"], succeed=passed))
    done = books.api("GET", f"setup_intents/{made['id']}")
    assert (done["status"], done["last_setup_error"] is None) == (status, passed)


def test_card_that_was_set_up_pays_without_its_customer(books: DirectClient) -> None:
    customer = books.api("POST", "customers")["id"]
    made = set_up(books, "pm_card_authenticationRequiredOnSetup", customer=customer)
    books.engine.work(lambda ctx: setup_intents.authenticate(ctx, made["id"], succeed=True))
    method = books.api("GET", f"setup_intents/{made['id']}")["payment_method"]
    paid = books.api(
        "POST",
        "payment_intents",
        amount=500,
        currency="usd",
        customer=customer,
        payment_method=method,
        off_session=True,
        confirm=True,
        return_url=BACK,
    )
    assert paid["status"] == "succeeded"


def test_declined_card_is_not_kept(books: DirectClient) -> None:
    with pytest.raises(ApiError) as refusal:
        set_up(books, "pm_card_chargeDeclined")
    assert (refusal.value.status, refusal.value.error["code"]) == (402, "card_declined")
    intent = refusal.value.error["setup_intent"]
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    assert next(e["type"] for e in books.everything("events")) == "setup_intent.setup_failed"


def test_canceled_intent_is_not_confirmed(books: DirectClient) -> None:
    made = books.api("POST", "setup_intents")
    gone = books.api("POST", f"setup_intents/{made['id']}/cancel", cancellation_reason="abandoned")
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "abandoned")
    with pytest.raises(ApiError) as refusal:
        books.api("POST", f"setup_intents/{made['id']}/confirm", payment_method="pm_card_visa")
    assert refusal.value.error["code"] == "setup_intent_unexpected_state"


def test_mandate_is_kept_with_what_the_customer_agreed_to(books: DirectClient) -> None:
    online = {"ip_address": "192.0.2.7", "user_agent": "Test"}
    acceptance = {"customer_acceptance": {"type": "online", "online": online}}
    made = set_up(books, "pm_sepa_debit", mandate_data=acceptance)
    mandate = books.api("GET", f"mandates/{made['mandate']}")
    assert mandate["customer_acceptance"]["online"] == online
    assert mandate["payment_method"] == made["payment_method"]
