"""Stripe's search language over charges, intents, customers, products and prices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DirectClient, context


@pytest.fixture(scope="module")
def shop() -> Iterator[DirectClient]:
    with context() as books:
        for name, tier in (("Ada", "gold"), ("Ada Byron", "iron"), ("Grace", "gold")):
            books.api("POST", "customers", name=name, metadata={"tier": tier, 'a"b': "x"})
        for amount in (500, 1500, 2500):
            books.pay("usd", amount, "pm_card_visa")
        part, whole, _ = books.charges
        books.api("POST", "refunds", charge=part, amount=100)
        books.api("POST", "refunds", charge=whole)
        yield books


def names(shop: DirectClient, query: str) -> list[str]:
    found = shop.api("GET", "customers/search", query=query)
    assert (found["object"], found["url"]) == ("search_result", "/v1/customers/search")
    return sorted(customer["name"] for customer in found["data"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('name:"ada"', ["Ada"]),
        ("name~'ada'", ["Ada", "Ada Byron"]),
        ('metadata["tier"]:"gold" AND -name:"Ada"', ["Grace"]),
        ('name:"Grace" OR metadata["tier"]:"iron"', ["Ada Byron", "Grace"]),
        ("email:null AND created>1", ["Ada", "Ada Byron", "Grace"]),
        ('-metadata["tier"]:"gold"', ["Ada Byron"]),
        ('metadata["none"]:"x"', []),
        ("metadata['a\"b']:'x' name:'Grace'", ["Grace"]),
    ],
)
def test_customers_are_found(shop: DirectClient, query: str, found: list[str]) -> None:
    assert names(shop, query) == found


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("amount>=1500", [2500, 1500]),
        ('refunded:"false"', [500]),
        ('refunded:"true"', [1500]),
        ("refunded:null", [2500]),
        ('payment_method_details.card.last4:4242 AND amount<600 AND currency:"usd"', [500]),
        ('status:"succeeded" AND disputed:"false" AND -amount:500', [2500, 1500]),
    ],
)
def test_charges_are_found(shop: DirectClient, query: str, amounts: list[int]) -> None:
    found = shop.api("GET", "charges/search", query=query)["data"]
    assert sorted((c["amount"] for c in found), reverse=True) == amounts


def test_pages_lead_on(shop: DirectClient) -> None:
    first = shop.api("GET", "charges/search", query="amount>1", limit=2)
    rest = shop.api("GET", "charges/search", query="amount>1", page=first["next_page"])
    assert (first["has_more"], rest["has_more"], rest["next_page"]) == (True, False, None)
    assert {c["id"] for c in first["data"] + rest["data"]} == set(shop.charges)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name",
        'name:"A" AND name:"B" OR name:"C"',
        'shoe:"9"',
        'name>"a"',
        "name~'ad'",
        'metadata:"x"',
        "created:yesterday",
        " AND ".join(['name:"A"'] * 11),
        'name:"A" nonsense',
        "name:'A') OR 1=1 --",
    ],
)
def test_query_that_stripe_does_not_take_is_refused(shop: DirectClient, query: str) -> None:
    with pytest.raises(ApiError) as refusal:
        shop.api("GET", "customers/search", query=query)
    assert refusal.value.status == 400
    assert refusal.value.error["param"] == "query"


def test_search_is_younger_than_the_oldest_versions(shop: DirectClient) -> None:
    shop.control.others.change_settings({"api_version": "2020-03-02"})
    try:
        with pytest.raises(ApiError, match="Search is not supported on api version 2020-03-02"):
            shop.api("GET", "charges/search", query="amount>1")
    finally:
        shop.control.others.change_settings({"api_version": "2026-10-28.endive"})
