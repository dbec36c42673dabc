"""Early fraud warnings: the issuer reports fraud before, or instead of, a dispute."""

from __future__ import annotations

from typing import Any

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden


def warn(ctx: Context, charge: str, fraud_type: str) -> Obj:
    """Create a warning; it is actionable while the charge is neither refunded nor disputed."""
    found = ctx.need("charge", charge)
    warning: Obj = {
        "id": ctx.ids.new("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": not found["refunded"] and not found["disputed"],
        "charge": charge,
        "created": ctx.now,
        "fraud_type": fraud_type,
        "livemode": False,
        "payment_intent": found["payment_intent"],
    }
    ctx.tx.add(warning)
    hidden(found).setdefault("warned", []).append(warning["id"])
    ctx.tx.touch(found)
    ctx.emit("radar.early_fraud_warning.created", warning)
    return warning


def retrieve(ctx: Context, warning_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("radar.early_fraud_warning", warning_id, in_path=True)


def settle(ctx: Context, charge: Obj) -> None:
    """Once its charge is fully refunded or disputed, a warning can no longer be acted on."""
    if not hidden(charge).get("warned") or not (charge["refunded"] or charge["disputed"]):
        return
    for warning_id in hidden(charge)["warned"]:
        warning = ctx.need("radar.early_fraud_warning", warning_id)
        if warning["actionable"]:
            warning["actionable"] = False
            ctx.tx.touch(warning)
            ctx.emit("radar.early_fraud_warning.updated", warning, {"actionable": True})
