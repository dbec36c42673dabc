"""The hosted Checkout and challenge pages over plain HTTP: forms in, redirects and events out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of
from tests.support.hosted_pages import buy, item, new_session, visit

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def now(client: stripe.StripeClient, made: stripe.checkout.Session) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.retrieve(made.id)


def types_of(client: stripe.StripeClient, made: stripe.checkout.Session) -> list[str]:
    found = client.v1.events.list({"limit": 100}).data
    named = [event.type for event in found if event.data.object["id"] == made.id]
    return named[::-1]


def test_paying_completes_the_session_and_goes_to_the_shop(client: stripe.StripeClient) -> None:
    made = new_session(client, payment_intent_data={"metadata": {"order_id": "7"}})
    sent = buy(str(made.url))
    assert sent.status == 303
    assert sent.to == f"https://shop.example.com/thanks?session={made.id}"
    paid = now(client, made)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details is not None
    assert (paid.customer_details.email, paid.customer_details.name) == ("ada@example.com", "Ada")
    intent = client.v1.payment_intents.retrieve(str(paid.payment_intent))
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    assert intent.metadata.to_dict() == {"order_id": "7"}
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.billing_details.email == "ada@example.com"
    assert types_of(client, made) == ["checkout.session.completed"]


def test_a_decline_is_shown_in_stripes_words_and_can_be_tried_again(
    client: stripe.StripeClient,
) -> None:
    made = new_session(client)
    first = buy(str(made.url), choice="pm_card_visa_chargeDeclinedInsufficientFunds")
    assert first.status == 402
    assert "Your card has insufficient funds." in first.body.decode()
    between = now(client, made)
    assert (between.status, between.payment_status) == ("open", "unpaid")
    assert "Your card has insufficient funds." in visit(str(made.url)).body.decode()
    assert buy(str(made.url)).status == 303
    after = now(client, made)
    assert (after.status, after.payment_intent) == ("complete", between.payment_intent)
    attempts = client.v1.charges.list({"payment_intent": str(after.payment_intent)}).data
    assert [attempt.status for attempt in attempts] == ["succeeded", "failed"]


@pytest.mark.parametrize("outcome", ["succeed", "fail"])
def test_a_challenge_leads_back_to_the_session(client: stripe.StripeClient, outcome: str) -> None:
    made = new_session(client)
    sent = buy(str(made.url), choice="pm_card_threeDSecure2Required")
    base = str(made.url).partition("/_hosted")[0]
    bank = base + sent.to
    assert "$20.00 USD" in visit(bank).body.decode()
    back = visit(bank, {"outcome": outcome}).to
    assert urlsplit(back).path == f"/_hosted/checkout/{made.id}/return"
    onward = visit(back).to
    if outcome == "succeed":
        assert onward == f"https://shop.example.com/thanks?session={made.id}"
        assert now(client, made).payment_status == "paid"
    else:
        assert "unable to authenticate" in visit(base + onward).body.decode()
        assert now(client, made).status == "open"
        assert buy(str(made.url)).status == 303


def test_a_customer_who_left_the_challenge_can_pay_otherwise(client: stripe.StripeClient) -> None:
    made = new_session(client)
    assert "/_hosted/authenticate/" in buy(str(made.url), choice="pm_card_threeDSecure2Required").to
    assert "shop.example.com" in buy(str(made.url), choice="pm_card_visa").to
    assert now(client, made).payment_status == "paid"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("4242 4242 4242 4242", None),
        ("4111111111111111", "used a non test (live) card"),
        ("4242424242424241", "Your card number is incorrect."),
        ("4000-0000-0000-9995", "Your card has insufficient funds."),
        ("4242 4242 4242 424z", "Your card number is incorrect."),
    ],
)
def test_only_test_numbers_are_taken_and_none_is_kept(
    emulator: RunningEmulator, client: stripe.StripeClient, number: str, said: str | None
) -> None:
    made = new_session(client)
    sent = buy(str(made.url), test_number=number)
    assert (sent.status == 303) is (said is None)
    if said:
        assert said in sent.body.decode()
    digits = number.replace(" ", "").replace("-", "")
    for text in (sent.body.decode(), visit(str(made.url)).body.decode()):
        assert f'value="{number}"' not in text
    with emulator.engine.store.lock:
        kept = "".join(emulator.engine.store.db.iterdump())
    assert digits not in kept
    assert number not in kept


def test_a_debit_completes_unpaid_and_is_paid_or_fails_later(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    lines = [item("eur", 2500, 1, "Lamp")]
    good, bad = (new_session(client, line_items=lines) for _ in range(2))
    buy(str(good.url), choice="pm_sepa_debit")
    buy(str(bad.url), choice="DE62370400440532013001")
    assert (now(client, good).status, now(client, good).payment_status) == ("complete", "unpaid")
    emulator.settle()
    assert now(client, good).payment_status == "paid"
    assert types_of(client, good) == [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ]
    assert now(client, bad).payment_status == "unpaid"
    assert types_of(client, bad) == [
        "checkout.session.completed",
        "checkout.session.async_payment_failed",
    ]


def test_a_hold_is_paid_when_it_is_captured(client: stripe.StripeClient) -> None:
    made = new_session(client, payment_intent_data={"capture_method": "manual"})
    buy(str(made.url))
    held = now(client, made)
    assert (held.status, held.payment_status) == ("complete", "unpaid")
    client.v1.payment_intents.capture(str(held.payment_intent))
    assert now(client, made).payment_status == "paid"
    assert types_of(client, made) == ["checkout.session.completed"]


def test_the_chosen_shipping_is_charged(client: stripe.StripeClient) -> None:
    rates: list[Any] = [
        {"shipping_rate_data": {"display_name": name, "type": "fixed_amount", "fixed_amount": cost}}
        for name, cost in (
            ("Post", {"amount": 500, "currency": "usd"}),
            ("Courier", {"amount": 1500, "currency": "usd"}),
        )
    ]
    made = new_session(client, shipping_options=rates)
    buy(str(made.url), shipping=str(made.shipping_options[1].shipping_rate))
    paid = now(client, made)
    assert paid.amount_total == 3500
    intent = client.v1.payment_intents.retrieve(str(paid.payment_intent))
    assert intent.amount_received == 3500


def test_nothing_to_pay_completes_without_a_payment(client: stripe.StripeClient) -> None:
    made = new_session(client, line_items=[item("usd", 0, 1, "Sample")])
    assert buy(str(made.url), choice="").status == 303
    done = now(client, made)
    assert (done.payment_status, done.payment_intent) == ("no_payment_required", None)


def test_a_customer_is_made_only_where_asked_for(client: stripe.StripeClient) -> None:
    asked, plain = new_session(client, customer_creation="always"), new_session(client)
    for made in (asked, plain):
        buy(str(made.url))
    customer = client.v1.customers.retrieve(str(now(client, asked).customer))
    assert customer.email == "ada@example.com"
    assert now(client, plain).customer is None


def test_a_second_click_does_not_pay_twice(client: stripe.StripeClient) -> None:
    made = new_session(client)
    buy(str(made.url))
    again = buy(str(made.url))
    assert (again.status, "your order is placed" in again.body.decode()) == (200, True)
    intent = str(now(client, made).payment_intent)
    assert len(client.v1.charges.list({"payment_intent": intent}).data) == 1


def test_what_the_shop_and_the_customer_write_is_only_text(client: stripe.StripeClient) -> None:
    lines = [item("usd", 100, 1, HOSTILE)]
    made = new_session(client, line_items=lines, cancel_url="https://shop.example.com/?a=1&b=<i>")
    refused = buy(str(made.url), choice=HOSTILE, email=f"{HOSTILE}@x", name=HOSTILE)
    for answer in (visit(str(made.url)), refused):
        text = answer.body.decode()
        assert "<script" not in text
        assert "<img" not in text
        assert "&lt;script&gt;" in text
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy


@pytest.mark.parametrize(
    "form",
    [{}, {"email": "nobody"}, {"email": "a@b.co", "choice": "pm_x"}, b"\xff\xfe=%zz", b"a" * 9000],
)
def test_a_form_that_cannot_be_is_refused_and_nothing_is_paid(
    client: stripe.StripeClient, form: Any
) -> None:
    made = new_session(client)
    assert visit(str(made.url), form).status in (400, 402)
    assert now(client, made).payment_intent is None


def test_a_stored_method_of_somebody_else_cannot_be_named(client: stripe.StripeClient) -> None:
    method = client.v1.payment_methods.create({"type": "link"}).id
    made = new_session(client)
    assert buy(str(made.url), choice=method).status == 402


@pytest.mark.parametrize(
    "path", ["checkout/cs_none", "checkout/cs_none/return", "authenticate/pi_x"]
)
def test_what_does_not_exist_is_not_found(emulator: RunningEmulator, path: str) -> None:
    assert visit(f"{emulator.base_url}/_hosted/{path}").status == 404
