"""What becomes of a refund later: it arrives, fails, waits for the customer or is canceled."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import balance
from core.emulator.state.account_settings import FAILED_REFUND_ROWS
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

_WAITS_S = 45 * balance.DAY


def finish(ctx: Context, refund: str) -> None:
    """The bank confirmed a refund that was pending, or that the customer has asked for by now."""
    found = ctx.need("refund", refund)
    if found["status"] in ("pending", "requires_action"):
        _change(ctx, found, "succeeded")


def finish_by_itself(ctx: Context, refund: str) -> None:
    """The bank confirmed a refund, unless it had an answer or a question meanwhile."""
    if ctx.need("refund", refund)["status"] == "pending":
        finish(ctx, refund)


def require_action(ctx: Context, refund_id: str) -> None:
    """The customer must say where the money goes, as for methods without refunds of their own."""
    refund = ctx.need("refund", refund_id)
    if refund["status"] != "pending":
        raise ApiError(f"Refund {refund_id} is {refund['status']}, not pending.", param="status")
    charge = ctx.need("charge", refund["charge"])
    email = charge["billing_details"]["email"] or charge["receipt_email"] or "buyer@example.com"
    refund["instructions_email"] = email
    refund["next_action"] = {
        "display_details": {
            "email_sent": {"email_sent_at": ctx.now, "email_sent_to": email},
            "expires_at": ctx.now + _WAITS_S,
        },
        "type": "display_details",
    }
    _change(ctx, refund, "requires_action")
    ctx.later(_WAITS_S * 1000, Task.EXPIRE_REFUND, refund=refund_id)


def cancel(ctx: Context, refund_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/refunds/{id}/cancel: only a refund that waits for the customer."""
    refund = ctx.need("refund", refund_id, in_path=True)
    if refund["status"] != "requires_action":
        raise ApiError("Canceling this refund is unsupported.")
    _return_money(ctx, refund, "merchant_request")
    _change(ctx, refund, "canceled")
    return refund


def expire_by_itself(ctx: Context, refund: str) -> None:
    """As `expire`, when its time is over; nothing where it does not wait any more."""
    if ctx.need("refund", refund)["status"] == "requires_action":
        fail(ctx, refund, "unknown")


def expire(ctx: Context, refund_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/test_helpers/refunds/{id}/expire: the customer never answered."""
    refund = ctx.need("refund", refund_id, in_path=True)
    if refund["status"] != "requires_action":
        raise ApiError(f"Refund {refund_id} does not wait for the customer.", param="refund")
    fail(ctx, refund_id, "unknown")
    return refund


def fail(ctx: Context, refund: str, reason: str) -> None:
    """The bank sent the money back: it returns to the balance and the charge is open again."""
    found = ctx.need("refund", refund)
    if found["status"] in ("failed", "canceled") or not found["balance_transaction"]:
        return
    _return_money(ctx, found, reason)
    before = _change(ctx, found, "failed")
    ctx.emit("refund.failed", found, {"status": before})


def _return_money(ctx: Context, refund: Obj, reason: str) -> None:
    charge = ctx.need("charge", refund["charge"])
    paid = ctx.need("balance_transaction", refund["balance_transaction"])
    card = charge["payment_method_details"]["type"] == "card"
    other = ctx.switches.failed_refund_row
    row = balance.post(
        ctx,
        kind="refund_failure" if card else other,
        category="refund_failure" if card else FAILED_REFUND_ROWS[other],
        source=refund["id"],
        amount=-paid["amount"],
        currency=paid["currency"],
        rate=hidden(paid).get("rate"),
        description=f"REFUND FAILURE ({refund['id']})",
    )
    refund["failure_reason"] = reason
    refund["failure_balance_transaction"] = row["id"]
    if "settled_back" in hidden(charge):
        hidden(charge)["settled_back"] += paid["amount"]
    mark(ctx, charge, -refund["amount"])


def whole(charge: Obj) -> int:
    """What refunds can reach in all: what was captured and released, or a hold that still stands.

    Minor units. Since 2025-03-31.basil nothing of a captured charge is released by a Refund.
    """
    captured: int = charge["amount_captured"] or 0
    released: int = hidden(charge).get("released", 0)
    return captured + released or int(charge["amount"])


def mark(ctx: Context, charge: Obj, amount: int) -> None:
    """Move what is refunded of a charge by minor units."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= whole(charge)
    ctx.tx.touch(charge)


def _change(ctx: Context, refund: Obj, status: str) -> str:
    """A new status and its events; the status before."""
    before: str = refund["status"]
    refund["status"] = status
    refund.pop("pending_reason", None)
    if status != "requires_action":
        refund.pop("next_action", None)
    ctx.tx.touch(refund)
    ctx.emit("refund.updated", refund, {"status": before})
    ctx.emit("charge.refund.updated", refund, {"status": before})
    return before
