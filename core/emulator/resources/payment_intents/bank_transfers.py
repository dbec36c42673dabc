"""Payments by bank transfer: what the customer is told to send, and how."""

from __future__ import annotations

from typing import Any

from core.emulator.state.errors import ApiError
from core.emulator.state.ids import fingerprint_of
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

#: How a transfer in a currency comes in.
RAILS = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}


def ask(ctx: Context, intent: Obj, params: dict[str, Any]) -> None:
    """Wait for the customer's transfer; the answer says where to send it."""
    if not intent["customer"]:
        raise ApiError(
            "The `customer` parameter is required when using the `customer_balance` payment"
            " method type.",
            param="customer",
        )
    options = (params.get("payment_method_options") or {}).get("customer_balance") or {}
    transfer = options.get("bank_transfer") or {}
    options.get("funding_type")  # `bank_transfer` is the only one
    kind = transfer.get("type") or RAILS.get(intent["currency"])
    if kind is None:
        raise ApiError(
            f"Bank transfers in {intent['currency']} are not available.", param="currency"
        )
    hidden(intent)["transfer"] = kind
    intent["status"] = "requires_action"
    intent["payment_method_options"] = {
        **intent["payment_method_options"],
        "customer_balance": {
            "bank_transfer": {"type": kind},
            "funding_type": "bank_transfer",
            "setup_future_usage": "none",
        },
    }
    reference = fingerprint_of(intent["id"]).upper()[:12]
    intent["next_action"] = {
        "type": "display_bank_transfer_instructions",
        "display_bank_transfer_instructions": {
            "amount_remaining": intent["amount"] - hidden(intent).get("funded", 0),
            "currency": intent["currency"],
            "financial_addresses": [],
            "hosted_instructions_url": f"{ctx.base_url}/_hosted/transfers/{intent['id']}",
            "reference": reference,
            "type": kind,
        },
    }
    ctx.emit("payment_intent.requires_action", intent)
