"""How a product begins: by its own call, or by the price that describes it."""

from __future__ import annotations

from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context


def blank(ctx: Context, wanted: str | None = None) -> Obj:
    """A product that says nothing yet; refused where another has the id."""
    if wanted and ctx.tx.find(wanted) is not None:
        raise ApiError("Product already exists.", param="id", code="resource_already_exists")
    return {
        "id": wanted or ctx.ids.new("prod"),
        "object": "product",
        "active": True,
        "created": ctx.now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": None,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": ctx.now,
        "url": None,
    }
