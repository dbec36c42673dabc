"""`expand`: what the official SDK calls expandable is, at the top and inside an object's parts."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from stripe._object_classes import OBJECT_CLASSES

from core.emulator.resources.expand import EXPANDABLE, check
from core.emulator.state.errors import ApiError
from tests.support.emulator_books import context

#: Kinds that are nothing by themselves in the SDK, or whose fields are all plain.
_OWN = ("reserve_transaction",)


def _expandable(kind: str) -> set[str]:
    """The fields that hold an id or the object itself."""
    module, name = OBJECT_CLASSES[kind]
    annotations: dict[str, Any] = getattr(importlib.import_module(module), name).__annotations__
    return {field for field, told in annotations.items() if "[str, ForwardRef(" in str(told)}


@pytest.mark.parametrize("kind", sorted(set(OBJECT_CLASSES) & set(EXPANDABLE) - set(_OWN)))
def test_what_the_sdk_expands_can_be_asked_for(kind: str) -> None:
    assert _expandable(kind) <= set(EXPANDABLE[kind])


def test_parts_and_lists_of_a_customer_are_filled() -> None:
    with context() as books:
        ada = books.api(
            "POST", "customers", source="tok_visa", tax_id_data=[{"type": "eu_vat", "value": "DE1"}]
        )
        method = books.api("POST", "payment_methods/pm_card_visa/attach", customer=ada["id"])
        settings = {"default_payment_method": method["id"]}
        books.api("POST", f"customers/{ada['id']}", invoice_settings=settings)
        paths = ["invoice_settings.default_payment_method", "default_source", "sources"]
        paths += [
            "sources.data.customer",
            "subscriptions",
            "tax_ids",
            "tax_ids.data.owner.customer",
        ]
        whole = books.api("GET", f"customers/{ada['id']}", expand=paths)
        [listed] = books.api("GET", "customers", expand=[f"data.{path}" for path in paths])["data"]
    assert whole == listed
    assert whole["invoice_settings"]["default_payment_method"]["card"]["last4"] == "4242"
    [source] = whole["sources"]["data"]
    assert whole["default_source"]["id"] == source["id"]
    assert source["customer"]["id"] == ada["id"]
    assert whole["tax_ids"]["data"][0]["owner"]["customer"]["id"] == ada["id"]
    assert whole["subscriptions"]["data"] == []


def test_line_items_show_discounts_and_taxes_when_asked() -> None:
    with context() as books:
        data = {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Kettle"}}
        session = books.api(
            "POST",
            "checkout/sessions",
            mode="payment",
            success_url="https://shop.example.com/thanks",
            line_items=[{"price_data": data, "quantity": 2}],
        )
        paths = ["line_items.data.discounts", "line_items.data.taxes", "total_details.breakdown"]
        whole = books.api("GET", f"checkout/sessions/{session['id']}", expand=paths)
        [item] = whole["line_items"]["data"]
        price = books.api("GET", f"prices/{item['price']['id']}")
        assert books.api("GET", "prices")["data"] == []
    assert (item["discounts"], item["taxes"]) == ([], [])
    assert whole["total_details"]["breakdown"] == {"discounts": [], "taxes": []}
    assert price == item["price"]


@pytest.mark.parametrize(
    ("kind", "path"), [("customer", "invoice_settings"), ("customer", "email"), ("dispute", "x.y")]
)
def test_what_holds_no_object_is_refused(kind: str, path: str) -> None:
    with pytest.raises(ApiError, match="cannot be expanded"):
        check(kind, [path])
