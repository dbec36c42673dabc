"""Refunds: full, partial, pending, failed; and the release of holds that were never captured."""

from __future__ import annotations

from typing import Any

from core import money
from core.emulator.http.params import merged
from core.emulator.resources import (
    amounts,
    balance,
    behaviours,
    disputes,
    early_fraud_warnings,
    fees,
    lists,
    refund_outcomes,
    reviews,
)
from core.emulator.resources.behaviours import Kind
from core.emulator.state import versions
from core.emulator.state.errors import ApiError, missing, refused
from core.emulator.state.store import Obj, Store
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

#: The saved word that lifts the emulator's own limit, so that a test sees whose limit holds.
LIMIT = "refund_limit"
#: Methods whose refunds take days at the bank.
_SLOW = ("sepa_debit",)


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/refunds with `charge` or `payment_intent`."""
    charge = _charge_of(ctx, params)
    amount = _amount(ctx, charge, params.get("amount"))
    if amount % money.multiple(charge["currency"]):
        raise ApiError("Invalid amount.", param="amount", code="parameter_invalid_integer")
    if not charge["amount_captured"] and amount < charge["amount"]:
        raise ApiError(
            "You cannot partially refund an uncaptured charge. Instead, capture the charge for an"
            " amount less than the original amount.",
            param="amount",
        )
    row = _pay_back(ctx, charge, amount) if charge["amount_captured"] else None
    refund = _make(ctx, charge, amount, params.get("reason"), row)
    refund["metadata"] = merged({}, params.get("metadata") or {})
    refund_outcomes.mark(ctx, charge, amount)
    if refund["reason"] == "fraudulent":
        charge["fraud_details"] = {"user_report": "fraudulent"}
    ctx.emit("refund.created", refund)
    ctx.emit("charge.refunded", charge, {"amount_refunded": charge["amount_refunded"] - amount})
    early_fraud_warnings.settle(ctx, charge)
    disputes.follow_refund(ctx, charge)
    reviews.follow_refund(ctx, charge, refund["reason"])
    _afterwards(ctx, charge, refund)
    return refund


def limited(store: Store) -> bool:
    """Whether refunds stop at what was captured, as Stripe's do."""
    return store.meta(LIMIT) != "off"


def _amount(ctx: Context, charge: Obj, asked: int | None) -> int:
    """What to give back: refused when it is more than is left, or while the issuer holds it."""
    left = refund_outcomes.whole(charge) - charge["amount_refunded"] - _lost(ctx, charge)
    within = limited(ctx.tx.store) if charge["refunded"] or left < (asked or 1) else True
    if within and (charge["refunded"] or left == 0):
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if charge["disputed"] and any(
        not dispute["is_charge_refundable"]
        for dispute in lists.objects_with(ctx, "dispute", "charge", charge["id"])
    ):
        raise ApiError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if asked is None:
        return left if left > 0 else int(charge["amount_captured"])
    amount = amounts.positive(asked, "amount")
    if within and amount > left:
        shown_amount, shown_left = (
            money.show(money.Money(part, charge["currency"])) for part in (amount, left)
        )
        raise ApiError(
            f"Refund amount ({shown_amount}) is greater than unrefunded amount on charge"
            f" ({shown_left})",
            param="amount",
        )
    return amount


def _lost(ctx: Context, charge: Obj) -> int:
    """What disputes took of a charge for good: it cannot be refunded once more."""
    if not charge["disputed"]:
        return 0
    return sum(
        dispute["amount"]
        for dispute in lists.objects_with(ctx, "dispute", "charge", charge["id"])
        if dispute["status"] in ("lost", "prevented")
        and dispute["balance_transactions"]
        and dispute["currency"] == charge["currency"]
    )


def _charge_of(ctx: Context, params: dict[str, Any]) -> Obj:
    charge_id, intent_id = params.get("charge"), params.get("payment_intent")
    if charge_id and not intent_id:
        charge = ctx.need("charge", charge_id, "id" if charge_id.startswith("ch_") else "charge")
        if charge["status"] != "succeeded":
            raise ApiError(
                f"Charge {charge_id} is {charge['status']} and cannot be refunded.", param="charge"
            )
        return charge
    if not intent_id:
        raise refused(
            "One of the following params should be provided for this request: payment_intent or"
            " charge.",
            "payment_intent",
            "parameter_missing",
        )
    intent = ctx.need("payment_intent", intent_id, "payment_intent")
    latest = ctx.tx.find(intent["latest_charge"]) if intent["latest_charge"] else None
    if latest is None or latest["status"] != "succeeded" or intent["status"] == "canceled":
        raise ApiError(
            f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    if charge_id and latest["id"] != charge_id:
        raise missing("charge", charge_id, "charge")
    return latest


def _pay_back(ctx: Context, charge: Obj, amount: int) -> Obj:
    """The balance row: converted so that partial refunds add up to the full one."""
    paid = balance.post_charge(ctx, charge)
    rate = hidden(paid).get("rate")
    gone = charge["amount_refunded"] - hidden(charge).get("released", 0)
    # What truly left, for a refund that failed between two others shifts their rounding.
    left = hidden(charge).get("settled_back", fees.converted(gone, rate))
    whole = fees.converted(gone + amount, rate)
    if gone + amount == charge["amount_captured"]:
        whole = hidden(charge).get("settled", whole)  # several captures round each for itself
    settled = max(0, whole - left)
    hidden(charge)["settled_back"] = left + settled
    card = charge["payment_method_details"]["type"] == "card"
    return balance.post(
        ctx,
        kind="refund" if card else "payment_refund",
        category="refund",
        source=None,
        amount=-settled,
        currency=paid["currency"],
        rate=rate,
        available_on=paid["available_on"],
        description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
    )


def _make(ctx: Context, charge: Obj, amount: int, reason: str | None, row: Obj | None) -> Obj:
    kind = charge["payment_method_details"]["type"]
    card = kind == "card"
    slow = kind in _SLOW or behaviours.remembered(charge).kind is Kind.REFUND_PENDING
    refund: Obj = {
        "id": ctx.ids.new("re" if card else "pyr"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": row["id"] if row else None,
        "charge": charge["id"],
        "created": ctx.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": _destination(kind, at_bank=row is not None),
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if slow else "succeeded",
        "transfer_reversal": None,
    }
    if slow:
        refund["pending_reason"] = "processing"
    if row is not None:
        row["source"] = refund["id"]
    hidden(refund)["request"] = {"id": ctx.request_id, "idempotency_key": ctx.idempotency_key}
    return ctx.tx.add(refund)


def _destination(kind: str, *, at_bank: bool) -> dict[str, Any] | None:
    """Where the money goes; the API describes none for debits, and Link pays by card."""
    if kind == "sepa_debit":
        return None
    if kind not in ("card", "link"):
        return {kind: {}, "type": kind}
    card = {
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "refund" if at_bank else "reversal",
    }
    return {"card": card, "type": "card"}


def _afterwards(ctx: Context, charge: Obj, refund: Obj) -> None:
    if behaviours.remembered(charge).kind is Kind.REFUND_FAIL:
        ctx.later(1_000, Task.FAIL_REFUND, refund=refund["id"], reason="expired_or_canceled_card")
    elif refund["status"] == "pending":
        delay = 3 * balance.DAY * 1000 if ctx.unattended else 2_000
        ctx.later(delay, Task.FINISH_REFUND, refund=refund["id"])


def release_hold(ctx: Context, charge: Obj, amount: int, row: Obj | None) -> Obj:
    """Old API versions: what was authorized and not captured is refunded, with or without a row."""
    refund = _make(ctx, charge, amount, None, row)
    hidden(refund)["release"] = True
    before = charge["amount_refunded"]
    hidden(charge)["released"] = hidden(charge).get("released", 0) + amount
    refund_outcomes.mark(ctx, charge, amount)
    if versions.announces_refunds(ctx.ledger_version):
        ctx.emit("refund.created", refund)
    ctx.emit("charge.refunded", charge, {"amount_refunded": before})
    return refund


def retrieve(ctx: Context, refund_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("refund", refund_id, in_path=True)


def update(ctx: Context, refund_id: str, params: dict[str, Any]) -> Obj:
    refund = ctx.need("refund", refund_id, in_path=True)
    before = refund["metadata"]
    if "metadata" in params:
        refund["metadata"] = merged(before, params["metadata"])
    ctx.emit("refund.updated", refund, {"metadata": before})
    # The older name of the same event, of refunds of charges.
    ctx.emit("charge.refund.updated", refund, {"metadata": before})
    return ctx.tx.touch(refund)


def list_of_charge(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/charges/{id}/refunds, as older integrations ask."""
    ctx.need("charge", charge_id, in_path=True)
    url = f"/v1/charges/{charge_id}/refunds"
    return lists.page(ctx, "refund", url, params, where=[("charge = ?", charge_id)])


def create_of_charge(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/charges/{id}/refunds."""
    ctx.need("charge", charge_id, in_path=True)
    params["charge"] = charge_id
    return create(ctx, params)


def refund_charge(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/charges/{id}/refund, the older way: the charge is answered."""
    create_of_charge(ctx, charge_id, params)
    return ctx.need("charge", charge_id)


def update_of_charge(ctx: Context, charge_id: str, refund_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/charges/{id}/refunds/{id}."""
    return update(ctx, str(of_charge(ctx, charge_id, refund_id, params)["id"]), params)


def of_charge(ctx: Context, charge_id: str, refund_id: str, params: dict[str, Any]) -> Obj:
    refund = ctx.need("refund", refund_id, in_path=True)
    if refund["charge"] != charge_id:
        raise missing("refund", refund_id, "id", in_path=True)
    return refund
