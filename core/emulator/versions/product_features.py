"""Until 2024-04-10 a product's marketing features were its features."""

from __future__ import annotations

from typing import Any

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context
from core.emulator.versions.change import Change

_SPEC = {"features": ["l", {"name!": "s"}]}


def _request(given: dict[str, Any]) -> None:
    if "features" in given:
        given["marketing_features"] = given.pop("features")


def _answer(ctx: Context, product: Obj) -> None:
    product["features"] = product.pop("marketing_features", [])


CHANGE = Change(
    "2024-04-10",
    "2024-04-10",
    parameters={"ProductCreateParams": _SPEC, "ProductUpdateParams": _SPEC},
    requests={"ProductCreateParams": _request, "ProductUpdateParams": _request},
    answers={"product": _answer},
)
