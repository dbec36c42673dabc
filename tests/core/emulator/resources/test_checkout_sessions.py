"""Checkout Sessions as the official SDK makes, reads, lists and expires them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, raw
from tests.support.hosted_pages import buy, item, new_session
from tests.support.sdk_shapes import faults


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def types_of(client: stripe.StripeClient, session: str) -> list[str]:
    events = client.v1.events.list({"limit": 100}).data
    named = [event for event in events if event.data.object["id"] == session]
    return [event.type for event in reversed(named)]


def test_a_new_session_is_open_and_has_no_payment_yet(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    before = client.v1.payment_intents.list({"limit": 1}).data
    made = new_session(client, customer_email="ada@example.com", client_reference_id="order-7")
    assert (made.status, made.payment_status, made.payment_intent) == ("open", "unpaid", None)
    assert made.url == f"{emulator.base_url}/_hosted/checkout/{made.id}"
    assert made.id.startswith("cs_test_")
    assert made.expires_at - made.created == 86_400
    assert made.client_reference_id == "order-7"
    assert client.v1.payment_intents.list({"limit": 1}).data == before


@pytest.mark.parametrize(
    ("currency", "unit", "quantity", "total"),
    [("usd", 1099, 3, 3297), ("jpy", 500, 2, 1000), ("kwd", 12_340, 2, 24_680)],
)
def test_the_total_is_the_sum_in_minor_units(
    client: stripe.StripeClient, currency: str, unit: int, quantity: int, total: int
) -> None:
    lines = [item(currency, unit, quantity, "Tea"), item(currency, 100, 1, "Tag")]
    made = new_session(client, line_items=lines)
    assert (made.amount_subtotal, made.amount_total, made.currency) == (
        total + 100,
        total + 100,
        currency,
    )


def test_parts_of_a_minor_unit_are_rounded_once_for_the_line(client: stripe.StripeClient) -> None:
    line = item("usd", 0, 10, "Screw")
    line["price_data"]["unit_amount_decimal"] = "12.25"
    del line["price_data"]["unit_amount"]
    made = new_session(client, line_items=[line], expand=["line_items"])
    assert made.line_items is not None
    [found] = made.line_items.data
    assert (made.amount_total, found.amount_total) == (123, 123)
    assert found.price is not None
    assert (found.price.unit_amount, str(found.price.unit_amount_decimal)) == (None, "12.25")


def test_shipping_is_part_of_the_total(client: stripe.StripeClient) -> None:
    rates = [
        {"shipping_rate_data": {"display_name": name, "type": "fixed_amount", "fixed_amount": cost}}
        for name, cost in (
            ("Post", {"amount": 500, "currency": "usd"}),
            ("Courier", {"amount": 1500, "currency": "usd"}),
        )
    ]
    made = new_session(client, shipping_options=rates)
    assert (made.amount_subtotal, made.amount_total) == (2000, 2500)
    assert made.total_details is not None
    assert made.total_details.amount_shipping == 500


def test_line_items_are_paged_in_their_order(client: stripe.StripeClient) -> None:
    lines = [item("usd", 100, 1, f"Part {i}") for i in range(5)]
    made = new_session(client, line_items=lines)
    sessions = client.v1.checkout.sessions
    found = list(sessions.line_items.list(made.id, {"limit": 2}).auto_paging_iter())
    assert [one.description for one in found] == [f"Part {i}" for i in range(5)]
    back = sessions.line_items.list(made.id, {"limit": 2, "ending_before": found[4].id})
    assert [one.description for one in back.data] == ["Part 2", "Part 3"]
    assert back.has_more


def test_expansions_reach_the_product_and_the_charge(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    made = new_session(client, line_items=[item("usd", 4200, 1, "Lamp")])
    buy(str(made.url))
    paths = ["line_items.data.price.product", "payment_intent.latest_charge"]
    found: Any = client.v1.checkout.sessions.retrieve(made.id, {"expand": paths})
    assert found.line_items.data[0].price.product.name == "Lamp"
    assert found.payment_intent.latest_charge.amount == 4200
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.checkout.sessions.retrieve(made.id, {"expand": ["line_items.data.tax"]})


def test_lists_are_filtered(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "bo@example.com"}).id
    made = new_session(client, customer=customer)
    buy(str(made.url))
    sessions = client.v1.checkout.sessions
    paid = sessions.retrieve(made.id)
    for filters in (
        {"customer": customer},
        {"payment_intent": paid.payment_intent},
        {"customer_details": {"email": "bo@example.com"}},
        {"customer": customer, "status": "complete"},
    ):
        assert [one.id for one in sessions.list(filters).data] == [made.id]  # type: ignore[arg-type]
    assert sessions.list({"customer": customer, "status": "open"}).data == []


def test_an_expired_session_cannot_be_paid_and_cancels_what_was_begun(
    client: stripe.StripeClient,
) -> None:
    made = new_session(client)
    assert buy(str(made.url), choice="pm_card_visa_chargeDeclined").status == 402
    gone = client.v1.checkout.sessions.expire(made.id)
    assert (gone.status, gone.url, gone.payment_status) == ("expired", None, "unpaid")
    begun = client.v1.payment_intents.retrieve(str(gone.payment_intent))
    assert begun.status == "canceled"
    late = buy(str(made.url))
    assert "expired" in late.body.decode()
    assert types_of(client, made.id) == ["checkout.session.expired"]
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(made.id)


def test_a_session_expires_by_itself() -> None:
    with start_emulator() as emulator:
        client = client_of(emulator)
        made = new_session(client)
        emulator.advance(86_400 + 1)
        gone = client.v1.checkout.sessions.retrieve(made.id)
        assert gone.status == "expired"
        assert types_of(client, made.id) == ["checkout.session.expired"]


@pytest.mark.parametrize("state", ["open", "complete", "expired", "shipping"])
def test_sessions_have_the_sdks_shape(
    emulator: RunningEmulator, client: stripe.StripeClient, state: str
) -> None:
    cost = {"amount": 500, "currency": "usd"}
    rate = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": cost}
    more = {"shipping_options": [{"shipping_rate_data": rate}]} if state == "shipping" else {}
    made = new_session(client, **more)
    if state == "complete":
        buy(str(made.url))
    if state == "expired":
        client.v1.checkout.sessions.expire(made.id)
    path = f"/v1/checkout/sessions/{made.id}?expand[]=line_items.data.price.product"
    assert faults(json.loads(raw(emulator, "GET", path).body)) == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"line_items": []}, "line_items"),
    ({"success_url": "shop/thanks"}, "success_url"),
    ({"success_url": "http://[x"}, "success_url"),
    ({"cancel_url": "javascript:alert(1)"}, "cancel_url"),
    ({"customer_email": "nobody"}, "customer_email"),
    ({"mode": "subscription"}, "mode"),
    ({"discounts": [{"coupon": "HALF"}]}, "discounts"),
    ({"automatic_tax": {"enabled": True}}, "automatic_tax"),
    ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items[0][price]"),
    ({"line_items": [{**item("usd", 100, 1, "A"), "quantity": 0}]}, "line_items[0][quantity]"),
    ({"line_items": [item("usd", 100, 1, "A"), item("eur", 100, 1, "B")]}, "line_items[1]"),
    ({"line_items": [item("usd", 10, 1, "A")]}, "line_items"),
    ({"line_items": [item("usd", -10, 1, "A")]}, "line_items[0][price_data][unit_amount]"),
    ({"line_items": [item("xxx", 10, 1, "A")]}, "currency"),
    ({"customer": "cus_none"}, "customer"),
    ({"nonsense": "1"}, "nonsense"),
]


@pytest.mark.parametrize(("given", "param"), REFUSED)
def test_what_cannot_be_is_refused_by_name(
    client: stripe.StripeClient, given: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session(client, **given)
    assert caught.value.param == param


@pytest.mark.parametrize("seconds", [60, 90_000])
def test_the_end_lies_between_half_an_hour_and_a_day(
    client: stripe.StripeClient, seconds: int
) -> None:
    now = new_session(client).created
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        new_session(client, expires_at=now + seconds)
    assert new_session(client, expires_at=now + 3_600).expires_at == now + 3_600


def test_the_api_cannot_pay_or_cancel_in_the_customers_place(client: stripe.StripeClient) -> None:
    made = new_session(client)
    buy(str(made.url), choice="pm_card_visa_chargeDeclined")
    begun = str(client.v1.checkout.sessions.retrieve(made.id).payment_intent)
    with pytest.raises(stripe.InvalidRequestError, match="Checkout Session"):
        client.v1.payment_intents.confirm(begun, {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError, match="Checkout Session"):
        client.v1.payment_intents.cancel(begun)


def test_metadata_can_change(client: stripe.StripeClient) -> None:
    made = new_session(client, metadata={"order_id": "1"})
    kept = client.v1.checkout.sessions.update(made.id, {"metadata": {"note": "late"}})
    assert kept.metadata is not None
    assert kept.metadata.to_dict() == {"order_id": "1", "note": "late"}
