"""Mandates: what a customer agreed to when a bank debit or a saved method was confirmed."""

from __future__ import annotations

from typing import Any

from core.emulator.resources.records import Record
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context


def make(ctx: Context, method: Obj, data: dict[str, Any]) -> Obj:
    """The mandate of `mandate_data` on a payment method."""
    acceptance = data.get("customer_acceptance") or {}
    kind = acceptance.get("type", "online")
    online = acceptance.get("online") or {}
    acceptance.get("offline")  # empty at Stripe
    told = {"ip_address": online.get("ip_address"), "user_agent": online.get("user_agent")}
    return ctx.tx.add(
        {
            "id": ctx.ids.new("mandate"),
            "object": "mandate",
            "customer_acceptance": {
                "accepted_at": acceptance.get("accepted_at") or ctx.now,
                "type": kind,
                kind: told if kind == "online" else {},
            },
            "livemode": False,
            "multi_use": {},
            "payment_method": method["id"],
            "payment_method_details": {"type": method["type"], method["type"]: {}},
            "status": "active",
            "type": "multi_use",
        }
    )


retrieve = Record("mandate").retrieve
