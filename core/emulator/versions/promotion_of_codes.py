"""Until clover a promotion code held its coupon itself, whole, and a discount too."""

from __future__ import annotations

from typing import Any

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, shown
from core.emulator.versions.change import Change


def _request(given: dict[str, Any]) -> None:
    if "coupon" in given:
        given["promotion"] = {"type": "coupon", "coupon": given.pop("coupon")}


def _coupon(ctx: Context, coupon: Any) -> Any:
    found = ctx.tx.find(coupon) if isinstance(coupon, str) else None
    return shown(found) if found else coupon


def _code(ctx: Context, code: Obj) -> None:
    code["coupon"] = _coupon(ctx, code.pop("promotion")["coupon"])


def _discount(ctx: Context, discount: Obj) -> None:
    discount["coupon"] = _coupon(ctx, discount.pop("source")["coupon"])


CODES = Change(
    "2025-09-30.clover",
    "clover/2025-09-30/polymorphic-coupon",
    parameters={
        "PromotionCodeCreateParams": {
            "coupon": "s",
            "promotion": {"coupon": "s", "type!": ["e", "coupon"]},
        }
    },
    requests={"PromotionCodeCreateParams": _request},
    answers={"promotion_code": _code},
)
DISCOUNTS = Change(
    "2025-09-30.clover",
    "clover/2025-09-30",
    answers={"discount": _discount},
)
