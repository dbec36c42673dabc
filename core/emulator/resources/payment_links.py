"""Payment links: kept and shown; no Checkout Session is opened by them here."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import amounts, lists, records
from core.emulator.resources.fees import half_up
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

_FIELDS = (
    *("active", "allow_promotion_codes", "billing_address_collection", "inactive_message"),
    *("payment_method_collection", "submit_type", "customer_creation"),
)
_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_links of prices that exist, in one currency."""
    given = params["line_items"]
    if not given:
        raise refused("Missing required param: line_items.", "line_items", "parameter_missing")
    items = [_item(ctx, item, f"line_items[{i}]") for i, item in enumerate(given)]
    link_id = ctx.ids.new("plink")
    recurring = any(item["price"]["recurring"] for item in items)
    link: Obj = {
        "id": link_id,
        "object": "payment_link",
        "active": True,
        "after_completion": _after(params.get("after_completion")),
        "allow_promotion_codes": False,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": items[0]["currency"],
        "custom_fields": [],
        "custom_text": dict.fromkeys(_TEXTS),
        "customer_creation": "always" if recurring else "if_required",
        "inactive_message": None,
        "invoice_creation": None,
        "livemode": False,
        "metadata": records.metadata(params),
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always",
        "payment_method_types": None,
        "phone_number_collection": _enabled(params, "phone_number_collection"),
        "restrictions": None,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": "auto",
        "subscription_data": None,
        "tax_id_collection": {**_enabled(params, "tax_id_collection"), "required": "never"},
        "transfer_data": None,
        "url": f"{ctx.base_url}/_hosted/links/{link_id.removeprefix('plink_')}",
        **{name: params[name] for name in _FIELDS if name in params},
    }
    hidden(link)["line_items"] = items
    return LINK.made(ctx, link)


def _after(given: dict[str, Any] | None) -> dict[str, Any]:
    if given is None:
        return {"hosted_confirmation": {"custom_message": None}, "type": "hosted_confirmation"}
    kind = given["type"]
    return {kind: given.get(kind) or {"custom_message": None}, "type": kind}


def _enabled(params: dict[str, Any], name: str) -> dict[str, bool]:
    return {"enabled": bool((params.get(name) or {}).get("enabled", False))}


def _item(ctx: Context, given: dict[str, Any], where: str) -> Obj:
    if given.get("price_data"):
        raise refused(f"not emulated: {where}[price_data]", f"{where}[price_data]")
    if not given.get("price"):
        raise refused(f"Missing required param: {where}[price].", where, "parameter_missing")
    price = ctx.need("price", given["price"], f"{where}[price]")
    if price["unit_amount"] is None:
        raise ApiError("The emulator's payment links need whole amounts.", param=where)
    quantity = amounts.positive(given.get("quantity", 1), f"{where}[quantity]")
    total = half_up(price["unit_amount"] * quantity)
    return {
        "id": ctx.ids.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": ctx.need("product", price["product"])["name"],
        "metadata": {},
        "price": shown(price),
        "quantity": quantity,
    }


def _change(ctx: Context, link: Obj, params: dict[str, Any]) -> None:
    if "after_completion" in params:
        link["after_completion"] = _after(params["after_completion"])


def list_links(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/payment_links."""
    return records.page(ctx, "payment_link", "/v1/payment_links", params, ["active"])


def list_line_items(ctx: Context, link_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/payment_links/{id}/line_items."""
    link = ctx.need("payment_link", link_id, in_path=True)
    url = f"/v1/payment_links/{link_id}/line_items"
    return lists.part(ctx, "item", url, params, hidden(link)["line_items"])


LINK = Record("payment_link", "payment_link", _FIELDS, _change)
