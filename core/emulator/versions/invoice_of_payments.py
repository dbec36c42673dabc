"""Until basil payments named their invoice; the emulator has none, so it was always null."""

from __future__ import annotations

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context
from core.emulator.versions.change import Change


def _answer(ctx: Context, obj: Obj) -> None:
    obj["invoice"] = None


CHANGE = Change(
    "2025-03-31.basil",
    "basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices",
    answers={"payment_intent": _answer, "charge": _answer},
)
