"""What a Checkout Session sells: line items of inline prices, shipping rates, and their sums."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import amounts, prices
from core.emulator.resources.fees import half_up
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, shown

_MOST_ITEMS = 100
_MOST_RATES = 5


def line_items(ctx: Context, given: list[dict[str, Any]]) -> list[Obj]:
    """The items of `line_items`, all in one currency."""
    if not given:
        raise refused("Missing required param: line_items.", "line_items", "parameter_missing")
    if len(given) > _MOST_ITEMS:
        raise refused(f"You can specify up to {_MOST_ITEMS} line items.", "line_items")
    items = [_item(ctx, item, f"line_items[{i}]") for i, item in enumerate(given)]
    currency = items[0]["currency"]
    for i, item in enumerate(items):
        if item["currency"] != currency:
            raise refused(
                f"The price specified is in {item['currency']}. This doesn't match the expected"
                f" currency: `{currency}`.",
                f"line_items[{i}]",
            )
    return items


def _item(ctx: Context, given: dict[str, Any], where: str) -> Obj:
    if given.get("tax_rates") or (given.get("adjustable_quantity") or {}).get("enabled"):
        raise refused("The emulator's Checkout has no tax rates and no adjustable quantity.", where)
    quantity = given.get("quantity")
    if quantity is None:
        raise refused(f"Quantity is required. Add `quantity` to `{where}`", f"{where}[quantity]")
    amounts.positive(quantity, f"{where}[quantity]")
    price = _price(ctx, given, where)
    total = half_up(Fraction(price["unit_amount_decimal"]) * quantity)
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
        "metadata": merged({}, given.get("metadata") or {}),
        "price": price,
        "quantity": quantity,
    }


def _price(ctx: Context, given: dict[str, Any], where: str) -> Obj:
    """The price that an item names, or describes."""
    named, data = given.get("price"), given.get("price_data")
    if (named is None) == (data is None):
        raise refused(
            f"You must pass either `price` or `price_data` in {where}.", where, "parameter_missing"
        )
    if data is not None:
        place = f"{where}[price_data]"
        if data.get("recurring"):
            raise _recurring(f"{place}[recurring]")
        return prices.inline(ctx, data, place)
    place = f"{where}[price]"
    price = ctx.need("price", str(named), place)
    if price["recurring"]:
        raise _recurring(place)
    if not price["active"]:
        raise ApiError(f"The price specified is inactive: {named}.", param=place)
    if price["unit_amount_decimal"] is None:
        raise refused("The emulator's Checkout has no prices that customers choose.", place)
    return shown(price)


def _recurring(param: str) -> ApiError:
    return refused(
        "You specified `payment` mode but passed a recurring price. Either switch to"
        " `subscription` mode or use only one-time prices.",
        param,
    )


def shipping_rates(ctx: Context, given: list[dict[str, Any]], currency: str) -> list[Obj]:
    """The rates of `shipping_options`; the first is chosen until the customer takes another."""
    if len(given) > _MOST_RATES:
        raise refused(f"You can specify up to {_MOST_RATES} shipping options.", "shipping_options")
    return [
        _rate(ctx, option, currency, f"shipping_options[{i}]") for i, option in enumerate(given)
    ]


def _rate(ctx: Context, option: dict[str, Any], currency: str, where: str) -> Obj:
    if option.get("shipping_rate"):
        return ctx.need("shipping_rate", option["shipping_rate"], f"{where}[shipping_rate]")
    data = option.get("shipping_rate_data")
    fixed = (data or {}).get("fixed_amount")
    if data is None or fixed is None:
        raise refused(
            f"Missing required param: {where}[shipping_rate_data][fixed_amount].",
            where,
            "parameter_missing",
        )
    if amounts.currency_of(fixed["currency"]) != currency:
        raise ApiError(f"The shipping rate must be in {currency}.", param=where)
    if fixed["amount"] < 0:
        raise refused("Invalid non-negative integer", where, "parameter_invalid_integer")
    estimate = data.get("delivery_estimate")
    data.get("type")  # `fixed_amount` is the only one
    return ctx.tx.add(
        {
            "id": ctx.ids.new("shr"),
            "object": "shipping_rate",
            "active": False,
            "created": ctx.now,
            "delivery_estimate": {"maximum": None, "minimum": None, **estimate}
            if estimate
            else None,
            "display_name": data["display_name"],
            "fixed_amount": {"amount": fixed["amount"], "currency": currency},
            "livemode": False,
            "metadata": merged({}, data.get("metadata") or {}),
            "tax_behavior": data.get("tax_behavior", "unspecified"),
            "tax_code": data.get("tax_code"),
            "type": "fixed_amount",
        }
    )


def ship_by(session: Obj, rate: Obj | None) -> None:
    """Write a shipping rate and the sums that follow from it into the session."""
    cost = rate["fixed_amount"]["amount"] if rate else 0
    session["shipping_cost"] = (
        {
            "amount_subtotal": cost,
            "amount_tax": 0,
            "amount_total": cost,
            "shipping_rate": rate["id"],
        }
        if rate
        else None
    )
    session["total_details"] = {"amount_discount": 0, "amount_shipping": cost, "amount_tax": 0}
    session["amount_total"] = session["amount_subtotal"] + cost
