"""Holds: captured whole, in part, several times or beyond; raised; released or expired.

Since API version 2025-03-31.basil, what is not captured leaves no trace but `amount_captured`.
Before it, a Refund of the rest was made: beside a row of the whole hold and one of the reversal
where a part was captured, without a row where nothing was.
"""

from __future__ import annotations

from typing import Any

from core import money
from core.emulator.resources import amounts, balance, fees, refunds, reviews
from core.emulator.state import versions
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

#: `payment_method_options[card]` that a hold is asked for with, and where the charge answers.
REQUESTS = {
    "request_incremental_authorization": "incremental_authorization",
    "request_multicapture": "multicapture",
    "request_overcapture": "overcapture",
}
_MOST_CAPTURES = 50
_MOST_INCREMENTS = 10


def capture(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents/{id}/capture; `final_capture=false` keeps the rest of the hold."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    if intent["status"] != "requires_capture":
        raise wrong_state(
            intent,
            f"This PaymentIntent could not be captured because it has a status of"
            f" {intent['status']}. Only a PaymentIntent with one of the following statuses may be"
            " captured: requires_capture.",
        )
    charge = ctx.need("charge", intent["latest_charge"])
    capturable: int = intent["amount_capturable"]
    amount: int = params.get("amount_to_capture", capturable)
    _check_amount(charge, amount, capturable)
    final = params.get("final_capture", True) or amount >= capturable
    if not final:
        _check_several(charge)
    watched = ("amount_captured", "balance_transaction", "captured")
    before = {name: charge[name] for name in watched}
    take(ctx, charge, amount, final=final)
    if before["amount_captured"] or not final:
        changed = {name: old for name, old in before.items() if old != charge[name]}
        ctx.emit("charge.updated", charge, changed)
    intent["amount_received"] = charge["amount_captured"]
    intent["amount_capturable"] = 0 if final else capturable - amount
    if final:
        intent["status"] = "succeeded"
        ctx.emit("charge.captured", charge)
        ctx.emit("payment_intent.succeeded", intent)
    else:
        ctx.emit("payment_intent.amount_capturable_updated", intent)
    return ctx.tx.touch(intent)


def wrong_state(intent: Obj, message: str) -> ApiError:
    return ApiError(message, code="payment_intent_unexpected_state", payment_intent=shown(intent))


def _check_amount(charge: Obj, amount: int, capturable: int) -> None:
    amounts.positive(amount, "amount_to_capture")
    if amount % money.multiple(charge["currency"]):
        raise ApiError(
            "Invalid amount.", param="amount_to_capture", code="parameter_invalid_integer"
        )
    over = _feature(charge, "overcapture")
    most = capturable
    if over.get("status") == "available" and not charge["amount_captured"]:
        most = over["maximum_amount_capturable"]
    if amount > most:
        raise ApiError(
            f"The payment could not be captured because the requested capture amount ({amount}) is"
            f" greater than the authorized amount ({most}).",
            param="amount_to_capture",
            code="amount_too_large",
        )


def _check_several(charge: Obj) -> None:
    if _feature(charge, "multicapture").get("status") != "available":
        raise ApiError(
            "This PaymentIntent cannot be captured more than once: multicapture is unavailable.",
            param="final_capture",
        )
    if hidden(charge).get("captures", 0) + 1 >= _MOST_CAPTURES:
        raise ApiError(
            f"A PaymentIntent can be captured at most {_MOST_CAPTURES} times.",
            param="final_capture",
        )


def _feature(charge: Obj, name: str) -> dict[str, Any]:
    card = charge["payment_method_details"].get("card") or {}
    found: dict[str, Any] = card.get(name) or {}
    return found


def take(ctx: Context, charge: Obj, amount: int, *, final: bool) -> None:
    """Capture so much of a hold: its row is there at once."""
    first = not charge["amount_captured"]
    charge["amount_captured"] += amount
    charge["captured"] = final
    memory = hidden(charge)
    memory["captures"] = memory.get("captures", 0) + 1
    rest = charge["amount"] - charge["amount_captured"]
    if final and first and rest > 0 and versions.releases_by_refund(ctx.ledger_version):
        _reverse_rest(ctx, charge, rest)
    else:
        balance.post_charge(ctx, charge, tell=False)
    ctx.tx.touch(charge)


def _reverse_rest(ctx: Context, charge: Obj, rest: int) -> None:
    """Old versions: the whole hold is posted, and the rest goes back with its share of the fee."""
    whole = balance.post_authorized(ctx, charge)
    kept = fees.settle(charge["amount_captured"], charge["currency"])
    kept_fee = sum(part.amount for part in balance.charge_fees(ctx, charge, kept))
    row = balance.post(
        ctx,
        kind="refund",
        category="partial_capture_reversal",
        source=None,
        amount=kept.amount - whole["amount"],
        currency=whole["currency"],
        parts=[fees.Part("Fees of what was not captured", kept_fee - whole["fee"])],
        rate=whole["_"]["rate"] if kept.rate is not None else None,
        available_on=whole["available_on"],
        description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
    )
    hidden(charge)["settled"] += row["amount"]
    refunds.release_hold(ctx, charge, rest, row)


def release(ctx: Context, charge: Obj, *, expired: bool) -> None:
    """A hold ends: what was not captured is the cardholder's again."""
    rest = charge["amount"] - charge["amount_captured"]
    if charge["amount_captured"]:
        charge["captured"] = True
    elif versions.releases_by_refund(ctx.ledger_version):
        refunds.release_hold(ctx, charge, rest, None)
        charge["amount_captured"] = None
        reviews.close(ctx, charge, "refunded")
    reviews.close(ctx, charge, "canceled")
    ctx.tx.touch(charge)
    if expired:
        ctx.emit("charge.expired", charge)


def expire(ctx: Context, intent: str) -> None:
    """Nobody captured the (rest of the) hold in time."""
    found = ctx.need("payment_intent", intent)
    if found["status"] != "requires_capture":
        return
    charge = ctx.need("charge", found["latest_charge"])
    release(ctx, charge, expired=True)
    found["amount_capturable"] = 0
    if charge["captured"]:
        found["status"] = "succeeded"
        ctx.emit("payment_intent.succeeded", found)
    else:
        old = versions.releases_by_refund(ctx.ledger_version)
        found["status"] = "canceled"
        found["canceled_at"] = ctx.now
        found["cancellation_reason"] = "automatic" if old else "expired"
        ctx.emit("payment_intent.canceled", found)
    ctx.tx.touch(found)


def increment(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents/{id}/increment_authorization: `amount` is the new whole."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    if intent["status"] != "requires_capture":
        raise wrong_state(
            intent,
            "This PaymentIntent's authorization could not be incremented because it has a status of"
            f" {intent['status']}. Only a PaymentIntent with one of the following statuses may be"
            " incremented: requires_capture.",
        )
    charge = ctx.need("charge", intent["latest_charge"])
    memory = hidden(charge)
    if (
        _feature(charge, "incremental_authorization").get("status") != "available"
        or charge["amount_captured"]
        or memory.get("increments", 0) >= _MOST_INCREMENTS
    ):
        raise ApiError("This PaymentIntent is not eligible for incremental authorization.")
    amount = amounts.charge_amount(params["amount"], intent["currency"])
    if amount <= intent["amount"]:
        raise ApiError(
            f"The amount must be greater than the currently authorized amount"
            f" ({intent['amount']}).",
            param="amount",
        )
    before = intent["amount"]
    memory["increments"] = memory.get("increments", 0) + 1
    intent["amount"] = intent["amount_capturable"] = charge["amount"] = amount
    card = charge["payment_method_details"]["card"]
    card["amount_authorized"] = amount
    card["overcapture"]["maximum_amount_capturable"] = most_capturable(
        amount, card["overcapture"]["status"]
    )
    ctx.tx.touch(charge)
    ctx.emit("charge.updated", charge, {"amount": before})
    ctx.emit("payment_intent.amount_capturable_updated", intent)
    return ctx.tx.touch(intent)


def most_capturable(amount: int, status: str) -> int:
    """What a card network lets capture of a hold: 15 % beyond it where it may be overcaptured."""
    return max(amount, amount * 115 // 1000 * 10) if status == "available" else amount
