"""Until dahlia the forms of Checkout had other names."""

from __future__ import annotations

from typing import Any

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context
from core.emulator.versions.change import Change

_NAMES = {"hosted": "hosted_page", "embedded": "embedded_page", "custom": "elements"}
_BEFORE = {today: before for before, today in _NAMES.items()}


def _request(given: dict[str, Any]) -> None:
    if "ui_mode" in given:
        given["ui_mode"] = _NAMES[given["ui_mode"]]


def _answer(ctx: Context, session: Obj) -> None:
    session["ui_mode"] = _BEFORE.get(session["ui_mode"], session["ui_mode"])


CHANGE = Change(
    "2026-03-25.dahlia",
    "dahlia/2026-03-25",
    parameters={"checkout.SessionCreateParams": {"ui_mode": ["e", *_NAMES]}},
    requests={"checkout.SessionCreateParams": _request},
    answers={"checkout.session": _answer},
)
