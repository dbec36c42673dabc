"""Prices of products, and plans, as prices were called before: so much, once or every month."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from core.emulator.resources import amounts, lists, product_objects, records
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/prices: one amount, in whole minor units or as a decimal of them."""
    currency = amounts.currency_of(params["currency"])
    whole, decimal = _amount(params, "unit_amount", "")
    recurring = params.get("recurring")
    price: Obj = {
        "id": ctx.ids.new("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "per_unit",
        "created": ctx.now,
        "currency": currency,
        "custom_unit_amount": _custom(params),
        "livemode": False,
        "lookup_key": None,
        "metadata": records.metadata(params),
        "nickname": params.get("nickname"),
        "product": _product(ctx, params, "product_data", ""),
        "recurring": _recurring(recurring) if recurring else None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": params.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        "unit_amount": whole,
        "unit_amount_decimal": decimal,
    }
    _per_unit(params)
    _take_key(ctx, price, params)
    hidden(price)["source"] = price["product"]
    return PRICE.made(ctx, price)


def inline(ctx: Context, data: dict[str, Any], where: str) -> Obj:
    """The price that `price_data` describes: read by its id, in no list."""
    currency = amounts.currency_of(data["currency"])
    whole, decimal = _amount(data, "unit_amount", where)
    if decimal is None:
        raise refused(
            f"You must pass one of `unit_amount` and `unit_amount_decimal` in {where}.", where
        )
    price: Obj = {
        "id": ctx.ids.new("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": ctx.now,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": _product(ctx, data, "product_data", where),
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": whole,
        "unit_amount_decimal": decimal,
    }
    ctx.tx.add(price)
    ctx.tx.list_as(price["id"], "inline_price")
    return price


def _amount(params: dict[str, Any], name: str, where: str) -> tuple[int | None, str | None]:
    """(whole, as a decimal); refused where both are given, or below zero."""
    whole, decimal = params.get(name), params.get(f"{name}_decimal")
    param = f"{where}[{name}]" if where else name
    if whole is not None and decimal is not None:
        raise refused(f"You must pass one of `{name}` and `{name}_decimal`, not both.", param)
    if whole is None and decimal is None:
        return None, None
    text = str(whole) if decimal is None else str(decimal)
    exact = Fraction(text)
    if exact < 0:
        raise refused("Invalid non-negative integer", param, "parameter_invalid_integer")
    return (int(exact) if exact.denominator == 1 else None), text


def _per_unit(params: dict[str, Any]) -> None:
    given = [
        name
        for name in ("unit_amount", "unit_amount_decimal", "custom_unit_amount")
        if params.get(name) is not None
    ]
    if params.get("billing_scheme", "per_unit") == "per_unit" and not given:
        raise refused("Missing required param: unit_amount.", "unit_amount", "parameter_missing")


def _custom(params: dict[str, Any]) -> dict[str, Any] | None:
    custom = params.get("custom_unit_amount")
    if not custom or not custom["enabled"]:
        return None
    return {name: custom.get(name) for name in ("maximum", "minimum", "preset")}


def _recurring(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count", 1),
        "meter": None,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type", "licensed"),
    }


def _product(ctx: Context, params: dict[str, Any], data_name: str, where: str) -> str:
    data, named = params.get(data_name), params.get("product")
    param = f"{where}[product]" if where else "product"
    if (data is None) == (named is None):
        raise refused(f"You must pass one of `product` and `{data_name}`.", param)
    if data is None:
        return str(ctx.need("product", str(named), param)["id"])
    return str(_new_product(ctx, data, active=not where)["id"])


def _new_product(ctx: Context, data: dict[str, Any], *, active: bool) -> Obj:
    product = product_objects.blank(ctx, data.get("id"))
    names = ("description", "images", "name", "statement_descriptor", "tax_code", "unit_label")
    product |= {name: data[name] for name in names if name in data}
    if data.get("tax_details"):
        product["tax_details"] = data["tax_details"]
    product["active"] = data.get("active", active)
    product["metadata"] = records.metadata(data)
    return ctx.tx.add(product)


def _take_key(ctx: Context, price: Obj, params: dict[str, Any]) -> None:
    """A lookup key is of one price; `transfer_lookup_key` takes it from another."""
    key, transfers = params.get("lookup_key"), params.get("transfer_lookup_key", False)
    if not key:
        return
    ctx.tx.flush()
    for (other_id,) in ctx.tx.db.execute(
        "SELECT id FROM objects WHERE object = 'price' AND id <> ?"
        " AND json_extract(body, '$.lookup_key') = ?",
        (price["id"], key),
    ).fetchall():
        if not transfers:
            raise ApiError(
                f"A price (`{other_id}`) already uses that lookup key.", param="lookup_key"
            )
        other = ctx.need("price", other_id)
        other["lookup_key"] = None
        ctx.tx.touch(other)
    price["lookup_key"] = key


def of_product(ctx: Context, product_id: str) -> list[Obj]:
    """Prices and plans of a product, oldest first."""
    found = lists.objects_with(ctx, "price", "source", product_id)
    return [*found, *lists.objects_with(ctx, "plan", "source", product_id)]


def list_prices(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/prices."""
    where: list[tuple[str, Any]] = []
    if params.get("product"):
        where.append(("source = ?", params["product"]))
    if params.get("active") is not None:
        where.append(("json_extract(body, '$.active') = ?", params["active"]))
    for name, value in (params.get("recurring") or {}).items():
        where.append((f"json_extract(body, '$.recurring.{name}') = ?", value))
    if keys := params.get("lookup_keys"):
        marks = ",".join("?" * len(keys))
        where.append((f"json_extract(body, '$.lookup_key') IN ({marks})", list(keys)))
    filters = ["currency", "type"]
    return lists.page(ctx, "price", "/v1/prices", params, filters=filters, where=where)


def create_plan(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/plans; `product` may be an id, or describe a new one."""
    product = params.get("product")
    if isinstance(product, dict):
        product = _new_product(ctx, product, active=True)["id"]
    whole, decimal = _amount(params, "amount", "")
    if decimal is None:
        raise refused("Missing required param: amount.", "amount", "parameter_missing")
    plan: Obj = {
        "id": params.get("id") or ctx.ids.new("plan"),
        "object": "plan",
        "active": params.get("active", True),
        "amount": whole,
        "amount_decimal": decimal,
        "billing_scheme": "per_unit",
        "created": ctx.now,
        "currency": amounts.currency_of(params["currency"]),
        "interval": params["interval"],
        "interval_count": params.get("interval_count", 1),
        "livemode": False,
        "metadata": records.metadata(params),
        "meter": None,
        "nickname": params.get("nickname"),
        "product": ctx.need("product", product, "product")["id"] if product else None,
        "tiers_mode": None,
        "transform_usage": params.get("transform_usage"),
        "trial_period_days": params.get("trial_period_days"),
        "usage_type": params.get("usage_type", "licensed"),
    }
    hidden(plan)["source"] = plan["product"]
    return PLAN.made(ctx, plan)


def _change_plan(ctx: Context, plan: Obj, params: dict[str, Any]) -> None:
    if params.get("product"):
        plan["product"] = ctx.need("product", params["product"], "product")["id"]
        hidden(plan)["source"] = plan["product"]


def list_plans(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/plans."""
    where: list[tuple[str, Any]] = []
    if params.get("product"):
        where.append(("source = ?", params["product"]))
    if params.get("active") is not None:
        where.append(("json_extract(body, '$.active') = ?", params["active"]))
    return lists.page(ctx, "plan", "/v1/plans", params, where=where)


PRICE = Record("price", "price", ("active", "nickname", "tax_behavior"), _take_key)
PLAN = Record("plan", "plan", ("active", "nickname", "trial_period_days"), _change_plan)
