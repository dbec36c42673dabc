"""Products: what is sold, with a price that is used by default."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import lists, prices, product_objects, records
from core.emulator.resources.records import Record
from core.emulator.state import urls
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_FIELDS = (
    *("active", "description", "images", "marketing_features", "name", "package_dimensions"),
    *("shippable", "statement_descriptor", "tax_code", "tax_details", "unit_label", "url"),
)


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/products; `default_price_data` makes its first price."""
    product = product_objects.blank(ctx, params.get("id"))
    product |= {name: params[name] for name in _FIELDS if name in params}
    if params.get("package_dimensions"):
        product["package_dimensions"] = _sides(params["package_dimensions"])
    product["type"] = params.get("type", "service")
    product["metadata"] = records.metadata(params)
    if product["url"] is not None:
        urls.checked(product["url"], "url")
    PRODUCT.made(ctx, product)
    if data := params.get("default_price_data"):
        price = prices.create(ctx, {**data, "product": product["id"]})
        product["default_price"] = price["id"]
        ctx.tx.touch(product)
    return product


def _sides(given: dict[str, Any]) -> dict[str, float]:
    return {name: float(side) for name, side in given.items()}


def _change(ctx: Context, product: Obj, params: dict[str, Any]) -> None:
    if price := params.get("default_price"):
        found = ctx.need("price", price, "default_price")
        if found["product"] != product["id"]:
            raise refused(f"The price {price} is of another product.", "default_price")
        product["default_price"] = price
    for name in ("images", "marketing_features"):
        if name in params and params[name] is None:
            params[name] = []
    if params.get("package_dimensions"):
        params["package_dimensions"] = _sides(params["package_dimensions"])


def delete(ctx: Context, product_id: str, params: dict[str, Any]) -> Obj:
    """DELETE /v1/products/{id}; not while a price is of it."""
    ctx.need("product", product_id, in_path=True)
    if prices.of_product(ctx, product_id):
        raise ApiError(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    return PRODUCT.delete(ctx, product_id, params)


def list_products(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/products with `ids` and what the object says itself."""
    where: list[tuple[str, Any]] = []
    if ids := params.get("ids"):
        where.append((f"id IN ({','.join('?' * len(ids))})", list(ids)))
    for name in ("active", "shippable", "type", "url"):
        if params.get(name) is not None:
            where.append((f"json_extract(body, '$.{name}') = ?", params[name]))
    return lists.page(ctx, "product", "/v1/products", params, where=where)


PRODUCT = Record(
    "product",
    "product",
    _FIELDS,
    _change,
)
