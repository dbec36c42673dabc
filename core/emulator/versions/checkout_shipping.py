"""Where a Checkout Session says to whom it ships: two moves."""

from __future__ import annotations

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context
from core.emulator.versions.change import Change


def _details(ctx: Context, session: Obj) -> None:
    session["shipping_details"] = (session["collected_information"] or {}).get("shipping_details")


def _shipping(ctx: Context, session: Obj) -> None:
    session["shipping"] = session.pop("shipping_details")


COLLECTED = Change(
    "2025-03-31.basil",
    "basil/2025-03-31/checkout-session-remove-shipping-details",
    answers={"checkout.session": _details},
)
DETAILS = Change(
    "2022-08-01",
    "2022-08-01/updates-shipping-property-checkout-session",
    answers={"checkout.session": _shipping},
)
