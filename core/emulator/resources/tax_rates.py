"""Tax rates: kept and listed; nothing here computes a tax."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import records
from core.emulator.resources.coupons import number
from core.emulator.resources.records import Record
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_FIELDS = (
    *("active", "country", "description", "display_name", "jurisdiction", "state", "tax_type"),
)


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/tax_rates; `percentage` out of a hundred."""
    percentage = number(params["percentage"])
    rate: Obj = {
        "id": ctx.ids.new("txr"),
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": ctx.now,
        "description": None,
        "display_name": None,
        "effective_percentage": percentage,
        "flat_amount": None,
        "inclusive": params["inclusive"],
        "jurisdiction": None,
        "jurisdiction_level": None,
        "livemode": False,
        "metadata": records.metadata(params),
        "percentage": percentage,
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
        **{name: params[name] for name in _FIELDS if name in params},
    }
    return RATE.made(ctx, rate)


def list_rates(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/tax_rates."""
    return records.page(ctx, "tax_rate", "/v1/tax_rates", params, ["active", "inclusive"])


RATE = Record("tax_rate", "tax_rate", _FIELDS)
