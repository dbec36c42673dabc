"""What issuers do about a charge: dispute it, ask first, escalate, decide, open it again.

Rows: the amount and the fee go when the dispute opens; the amount comes back when it is won, on
appeal too, and goes again when a won one is opened anew.
"""

from __future__ import annotations

import json
from typing import Any

from core import money
from core.emulator.resources import (
    balance,
    disputes,
    early_fraud_warnings,
    fees,
    lists,
    refund_outcomes,
    refunds,
    reviews,
)
from core.emulator.resources.fees import Part
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden, shown

#: An inquiry that comes to nothing closes by itself.
_INQUIRY_DAYS = 120
_AFTER_INQUIRY = ("needs_response", "under_review", "won", "lost")
_DECIDABLE = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
#: Names that stand for test cards; all of them say `fraudulent`.
_CARDS = ("inquiry", "ce3", "block", "prevented", "prevented_by_refund", "compliance")


def open_dispute(
    ctx: Context,
    charge_id: str,
    reason: str,
    amount: int | None = None,
    currency: str | None = None,
) -> Obj:
    """The issuer disputes a charge: the reasons of `_CARDS` stand for cases, not for words.

    A `currency` of the issuer's own lets `amount` pass what was captured, as rates do.
    """
    charge = ctx.need("charge", charge_id, "charge")
    earlier = lists.objects_with(ctx, "dispute", "charge", charge_id) if charge["disputed"] else []
    # What the network never moved, the released part of a hold, nobody can dispute.
    left = (charge["amount_captured"] or 0) - sum(dispute["amount"] for dispute in earlier)
    if left <= 0 or charge["status"] != "succeeded":
        raise ApiError(f"Charge {charge_id} cannot be disputed now.", param="charge")
    if amount is not None and not 0 < amount <= (left if currency is None else amount):
        raise refused("amount must be positive and at most what was captured.", "amount")
    inquiry = reason == "inquiry"
    shown_reason = "fraudulent" if reason in _CARDS else reason
    if reason == "compliance":
        shown_reason = "noncompliant"
    dispute = disputes.blank(ctx, charge, shown_reason, amount or left, inquiry=inquiry)
    dispute["currency"] = currency or charge["currency"]
    if reason == "compliance":
        dispute["payment_method_details"]["card"]["case_type"] = "compliance"
    if reason == "ce3":
        dispute["enhanced_eligibility_types"] = ["visa_compelling_evidence_3"]
        dispute["evidence_details"]["enhanced_eligibility"] = {
            "visa_compelling_evidence_3": {
                "required_actions": ["missing_prior_undisputed_transactions"],
                "status": "requires_action",
            }
        }
    ctx.tx.add(dispute)
    charge["disputed"] = True
    ctx.tx.touch(charge)
    ctx.emit("charge.dispute.created", dispute)
    early_fraud_warnings.settle(ctx, charge)
    reviews.close(ctx, charge, "disputed")
    if reason == "prevented":
        _settle_beforehand(ctx, dispute, charge)
    elif reason == "prevented_by_refund":
        _refund_beforehand(ctx, dispute, charge)
    elif inquiry:
        ctx.later(_INQUIRY_DAYS * balance.DAY * 1000, Task.INQUIRY_ENDS, dispute=dispute["id"])
    else:
        _charge_back(ctx, dispute, charge)
    return dispute


def by_card(ctx: Context, charge_id: str, reason: str) -> None:
    """What a disputing test card does; one of them is disputed twice, for a part each."""
    if reason == "multiple":
        charge = ctx.need("charge", charge_id)
        step = money.multiple(charge["currency"])
        half = charge["amount_captured"] // 2 // step * step
        if half:
            open_dispute(ctx, charge_id, "fraudulent", half)
        reason = "fraudulent"
    open_dispute(ctx, charge_id, reason)


def _charge_back(ctx: Context, dispute: Obj, charge: Obj) -> None:
    fee = fees.DISPUTE[fees.settlement_currency(charge["currency"])]
    _withdraw(ctx, dispute, charge, fee)
    # A refund still under way would pay the customer twice.
    for refund in lists.objects_with(ctx, "refund", "charge", charge["id"]):
        if refund["status"] == "pending":
            refund_outcomes.fail(ctx, refund["id"], "charge_for_pending_refund_disputed")
    if charge["payment_method_details"]["type"] in disputes.DEBITS:
        _lose(ctx, dispute)
    else:
        _await_answer(ctx, dispute)


def _await_answer(ctx: Context, dispute: Obj) -> None:
    due = dispute["evidence_details"]["due_by"] + 1
    ctx.later(due * 1000 - ctx.now_ms, Task.DISPUTE_DEADLINE, dispute=dispute["id"])


def _lose(ctx: Context, dispute: Obj) -> None:
    """Lost; what of the charge was not disputed can be refunded again."""
    charge = ctx.need("charge", dispute["charge"])
    disputes.set_status(ctx, dispute, "lost")
    dispute["is_charge_refundable"] = dispute["amount"] < charge["amount_captured"]
    ctx.emit("charge.dispute.closed", dispute)


def _withdraw(ctx: Context, dispute: Obj, charge: Obj, fee: int) -> None:
    paid = balance.post_charge(ctx, charge)
    rate = hidden(paid).get("rate")
    if dispute["currency"] != charge["currency"]:
        same = dispute["currency"] == paid["currency"]
        rate = None if same else fees.rate_between(dispute["currency"], paid["currency"])
    row = balance.post(
        ctx,
        kind="adjustment",
        category="dispute",
        source=dispute["id"],
        amount=-fees.converted(dispute["amount"], rate),
        currency=paid["currency"],
        parts=[Part("Dispute fee", fee)],
        rate=rate,
        description=f"Chargeback withdrawal for {charge['id']}",
    )
    dispute["balance_transactions"].append(shown(row))
    ctx.tx.touch(dispute)
    ctx.emit("charge.dispute.funds_withdrawn", dispute)


def _refund_beforehand(ctx: Context, dispute: Obj, charge: Obj) -> None:
    """Given back by a Refund before it became a dispute: the dispute itself moves nothing."""
    dispute["is_charge_refundable"] = True
    dispute["evidence_details"]["due_by"] = None
    refunds.create(ctx, {"charge": charge["id"], "amount": dispute["amount"]})
    disputes.finish(ctx, dispute, "prevented")


def _settle_beforehand(ctx: Context, dispute: Obj, charge: Obj) -> None:
    """Given back before it became a dispute: no dispute fee, and nothing left to answer."""
    if dispute["payment_method_details"] and "card" in dispute["payment_method_details"]:
        dispute["payment_method_details"]["card"]["case_type"] = "resolution"
    dispute["evidence_details"]["due_by"] = None
    _withdraw(ctx, dispute, charge, 0)
    disputes.finish(ctx, dispute, "prevented")


def escalate(ctx: Context, dispute: str) -> None:
    """The inquiry becomes a chargeback: the money goes, and the answer is due anew.

    A closed inquiry may do so too: a refund made meanwhile stands beside the chargeback.
    """
    found = ctx.need("dispute", dispute)
    if not found["status"].startswith("warning_"):
        return
    before = disputes.set_status(ctx, found, "needs_response")
    charge = ctx.need("charge", found["charge"])
    if found["payment_method_details"] and "card" in found["payment_method_details"]:
        found["payment_method_details"]["card"]["case_type"] = "chargeback"
    found["evidence_details"]["due_by"] = disputes.due_by(ctx.now)
    hidden(found)["countered"] = False
    ctx.emit("charge.dispute.updated", found, {"status": before})
    _charge_back(ctx, found, charge)


def reopen(ctx: Context, dispute_id: str) -> None:
    """A won dispute is opened again: the money goes once more, the answer is due anew."""
    dispute = ctx.need("dispute", dispute_id)
    if dispute["status"] != "won":
        return
    before = disputes.set_status(ctx, dispute, "needs_response")
    dispute["evidence_details"]["due_by"] = disputes.due_by(ctx.now)
    hidden(dispute)["countered"] = False
    ctx.emit("charge.dispute.updated", dispute, {"status": before})
    _withdraw(ctx, dispute, ctx.need("charge", dispute["charge"]), 0)
    _await_answer(ctx, dispute)


def allow_appeal(ctx: Context, dispute_id: str) -> None:
    """A lost dispute may be appealed until the end of the day it is due."""
    dispute = ctx.need("dispute", dispute_id)
    if dispute["status"] != "lost":
        return
    before = disputes.set_status(ctx, dispute, "appeal_needs_response")
    dispute["evidence_details"]["due_by"] = disputes.due_by(ctx.now)
    dispute["evidence"]["appeal"] = None
    hidden(dispute)["countered"] = False
    ctx.emit("charge.dispute.updated", dispute, {"status": before})
    _await_answer(ctx, dispute)


def decide(ctx: Context, dispute: str, won: bool) -> None:
    """The issuer's answer; a win brings the money and the countering fee back."""
    found = ctx.need("dispute", dispute)
    if found["status"] == "warning_under_review":
        disputes.finish(ctx, found, "warning_closed")
    elif found["status"] in ("under_review", "appeal_under_review"):
        _close(ctx, found, won=won)


def _close(ctx: Context, dispute: Obj, *, won: bool) -> None:
    if not won:
        _lose(ctx, dispute)
        return
    taken = ctx.need("balance_transaction", dispute["balance_transactions"][0]["id"])
    submitted = dispute["evidence_details"]["submission_count"] > 0
    countered = hidden(dispute).get("countered", submitted)
    fee = -fees.DISPUTE[taken["currency"]] if countered else 0
    row = balance.post(
        ctx,
        kind="adjustment",
        category="dispute_reversal",
        source=dispute["id"],
        amount=-taken["amount"],
        currency=taken["currency"],
        parts=[Part("Dispute countered fee returned", fee)],
        rate=hidden(taken).get("rate"),
        description=f"Chargeback reversal for {dispute['charge']}",
    )
    dispute["balance_transactions"].append(shown(row))
    disputes.set_status(ctx, dispute, "won")
    ctx.emit("charge.dispute.funds_reinstated", dispute)
    ctx.emit("charge.dispute.closed", dispute)


def pass_deadline(ctx: Context, dispute: str) -> None:
    """Nobody answered in time: lost."""
    found = ctx.need("dispute", dispute)
    waits = found["status"] in ("needs_response", "appeal_needs_response")
    if waits and found["evidence_details"]["due_by"] < ctx.now:
        found["evidence_details"]["past_due"] = True
        _lose(ctx, found)


def end_inquiry(ctx: Context, dispute: str) -> None:
    """The inquiry came to nothing."""
    found = ctx.need("dispute", dispute)
    if found["status"].startswith("warning") and found["status"] != "warning_closed":
        disputes.finish(ctx, found, "warning_closed")


def bring(ctx: Context, dispute_id: str, status: str) -> Obj:
    """Lead a dispute to a status by the steps that lead there; refused when none do."""
    dispute = ctx.need("dispute", dispute_id)
    inquiry = dispute["status"] in ("warning_needs_response", "warning_under_review")
    if inquiry and status == "warning_closed":
        end_inquiry(ctx, dispute_id)
    elif dispute["status"].startswith("warning_") and status in _AFTER_INQUIRY:
        escalate(ctx, dispute_id)
    elif dispute["status"] == "won" and status == "needs_response":
        reopen(ctx, dispute_id)
    elif dispute["status"] == "lost" and status in ("appeal_needs_response", "appeal_under_review"):
        allow_appeal(ctx, dispute_id)
    if dispute["status"].endswith("needs_response") and (
        status == dispute["status"].replace("needs_response", "under_review")
    ):
        disputes.submit(ctx, dispute)
        ctx.emit("charge.dispute.updated", dispute)
    if dispute["status"] in _DECIDABLE and status in ("won", "lost"):
        _close(ctx, dispute, won=status == "won")
    if dispute["status"] != status:
        raise ApiError(f"No way leads from {dispute['status']} to {status}.", param="status")
    return dispute


def list_disputes(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/disputes; who asks about one payment finds a test card's dispute that is under way.

    Stripe's CLI asks right after the payment.
    """
    about = [(name, params[name]) for name in ("charge", "payment_intent") if params.get(name)]
    if about:
        _hurry(ctx, *about[0])
    filters = ["charge", "payment_intent"]
    return lists.page(ctx, "dispute", "/v1/disputes", params, filters=filters)


def _hurry(ctx: Context, name: str, value: str) -> None:
    for seq, text in ctx.tx.db.execute(
        "SELECT seq, args FROM tasks WHERE kind = ?", (Task.OPEN_DISPUTE.value,)
    ).fetchall():
        args = json.loads(text)
        charge = ctx.need("charge", args["charge"])
        if charge["id" if name == "charge" else name] == value:
            ctx.tx.db.execute("DELETE FROM tasks WHERE seq = ?", (seq,))
            by_card(ctx, args["charge"], args["reason"])
