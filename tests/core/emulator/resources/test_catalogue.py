"""Products, prices, plans, coupons and what customers get by them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DirectClient, context


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as found:
        yield found


def types(books: DirectClient) -> list[str]:
    return [event["type"] for event in reversed(books.everything("events"))]


def test_product_begins_with_its_price(books: DirectClient) -> None:
    data = {"currency": "usd", "unit_amount": 1500, "recurring": {"interval": "month"}}
    product = books.api("POST", "products", name="Tea", default_price_data=data)
    price = books.api("GET", f"prices/{product['default_price']}")
    assert (price["product"], price["unit_amount"], price["type"]) == (
        product["id"],
        1500,
        "recurring",
    )
    assert types(books) == ["product.created", "price.created"]


def test_product_with_a_price_stays_and_another_is_gone(books: DirectClient) -> None:
    tea, milk = (books.api("POST", "products", name=name)["id"] for name in ("Tea", "Milk"))
    books.api("POST", "prices", product=tea, currency="usd", unit_amount=100)
    with pytest.raises(ApiError, match="cannot be deleted"):
        books.api("DELETE", f"products/{tea}")
    assert books.api("DELETE", f"products/{milk}")["deleted"]
    with pytest.raises(ApiError) as gone:
        books.api("GET", f"products/{milk}")
    assert gone.value.status == 404
    assert [product["id"] for product in books.everything("products")] == [tea]


def test_lookup_key_is_of_one_price(books: DirectClient) -> None:
    made = {"product_data": {"name": "Tea"}, "currency": "eur", "unit_amount": 100}
    old = books.api("POST", "prices", **made, lookup_key="tea")
    with pytest.raises(ApiError, match="already uses that lookup key"):
        books.api("POST", "prices", **made, lookup_key="tea")
    new = books.api("POST", "prices", **made, lookup_key="tea", transfer_lookup_key=True)
    assert [p["id"] for p in books.everything("prices", lookup_keys=["tea"])] == [new["id"]]
    assert books.api("GET", f"prices/{old['id']}")["lookup_key"] is None


def test_price_of_tiers_is_refused_by_name(books: DirectClient) -> None:
    tier = {"up_to": "inf", "unit_amount": 5}
    with pytest.raises(ApiError, match="not emulated: tiers"):
        books.api(
            "POST",
            "prices",
            product_data={"name": "Tea"},
            currency="usd",
            unit_amount=1,
            tiers=[tier],
        )
    assert books.everything("prices") == []


def test_checkout_sells_a_price_that_exists(books: DirectClient) -> None:
    price = books.api(
        "POST", "prices", product_data={"name": "Tea"}, currency="usd", unit_amount=1500
    )
    session = books.api(
        "POST",
        "checkout/sessions",
        success_url="https://shop.example.com/done",
        line_items=[{"price": price["id"], "quantity": 2}],
    )
    assert (session["amount_total"], session["currency"]) == (3000, "usd")


def test_coupon_is_used_up(books: DirectClient) -> None:
    coupon = books.api("POST", "coupons", amount_off=500, currency="usd", max_redemptions=1)
    old = {"version": "2025-02-24.acacia"}
    books.control.others.change_settings({"api_version": old["version"]})
    customer = books.api("POST", "customers", coupon=coupon["id"])
    assert customer["discount"]["coupon"]["amount_off"] == 500
    with pytest.raises(ApiError, match="expired"):
        books.api("POST", "customers", coupon=coupon["id"])
    assert books.api("DELETE", f"customers/{customer['id']}/discount")["deleted"]
    assert books.api("GET", f"customers/{customer['id']}")["discount"] is None
    assert types(books)[-1] == "customer.discount.deleted"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"amount_off": 5}, "currency"),
        ({"percent_off": 5, "duration": "repeating"}, "duration_in_months"),
    ],
)
def test_coupon_that_says_nothing_useful_is_refused(
    books: DirectClient, given: dict[str, object], named: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        books.api("POST", "coupons", **given)
    assert refusal.value.error["param"] == named


def test_code_of_a_promotion_is_taken_once(books: DirectClient) -> None:
    coupon = books.api("POST", "coupons", percent_off=10)["id"]
    promotion = {"type": "coupon", "coupon": coupon}
    made = books.api("POST", "promotion_codes", promotion=promotion, code="TEA10")
    with pytest.raises(ApiError, match="already exists"):
        books.api("POST", "promotion_codes", promotion=promotion, code="tea10")
    books.api("POST", f"promotion_codes/{made['id']}", active=False)
    again = books.api("POST", "promotion_codes", promotion=promotion, code="tea10")
    assert [c["id"] for c in books.everything("promotion_codes", active=True)] == [again["id"]]


def test_plan_is_made_with_its_product(books: DirectClient) -> None:
    plan = books.api(
        "POST", "plans", currency="usd", interval="month", amount=2000, product={"name": "Tea"}
    )
    assert books.api("GET", f"products/{plan['product']}")["name"] == "Tea"
    books.api("POST", f"plans/{plan['id']}", nickname="Leaf")
    assert [p["nickname"] for p in books.everything("plans", product=plan["product"])] == ["Leaf"]
    books.api("DELETE", f"plans/{plan['id']}")
    assert books.everything("plans") == []
