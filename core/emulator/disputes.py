"""Disputes and inquiries: opened by an issuer, answered with evidence, won, lost or closed."""

from __future__ import annotations

from typing import Any

from core.emulator import balance, early_fraud_warnings, fees
from core.emulator.context import Context, hidden, shown
from core.emulator.dispute_objects import ANSWER_DAYS, TEXTS, blank
from core.emulator.errors import ApiError, refused
from core.emulator.params import merged
from core.emulator.store import Obj

_DECISION_DAYS = 65


def open_dispute(ctx: Context, charge_id: str, reason: str, amount: int | None = None) -> Obj:
    """The issuer disputes a charge: reasons `inquiry`, `ce3`, `block` stand for test cards."""
    charge = ctx.need("charge", charge_id)
    if charge["disputed"] or charge["status"] != "succeeded" or not charge["captured"]:
        raise ApiError(f"Charge {charge_id} cannot be disputed now.", param="charge")
    # What the network never moved, the released part of a hold, nobody can dispute.
    captured = charge["amount_captured"]
    if amount is not None and not 0 < amount <= captured:
        raise refused("amount must be positive and at most what was captured.", "amount")
    inquiry = reason == "inquiry"
    shown_reason = "fraudulent" if reason in ("inquiry", "ce3", "block") else reason
    dispute = blank(ctx, charge, shown_reason, amount or captured, inquiry=inquiry)
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
    if not inquiry:
        _withdraw(ctx, dispute, charge)
    ctx.later(ANSWER_DAYS * balance.DAY * 1000, "dispute_deadline", dispute=dispute["id"])
    return dispute


def _withdraw(ctx: Context, dispute: Obj, charge: Obj) -> None:
    paid = balance.post_charge(ctx, charge)
    rate = hidden(paid).get("rate")
    row = balance.post(
        ctx,
        kind="adjustment",
        category="dispute",
        source=dispute["id"],
        amount=-fees.converted(dispute["amount"], rate),
        currency=paid["currency"],
        fee_rows=[("Dispute fee", fees.DISPUTE[paid["currency"]])],
        rate=rate,
        description=f"Chargeback withdrawal for {charge['id']}",
    )
    dispute["balance_transactions"].append(shown(row))
    ctx.tx.touch(dispute)
    ctx.emit("charge.dispute.funds_withdrawn", dispute)


def update(ctx: Context, dispute_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/disputes/{id}: evidence is a draft when `submit` is false, and sent otherwise."""
    dispute = ctx.need("dispute", dispute_id, in_path=True)
    if "metadata" in params:
        dispute["metadata"] = merged(dispute["metadata"], params["metadata"])
    evidence = params.get("evidence")
    details = dispute["evidence_details"]
    if evidence or params.get("submit"):
        if dispute["status"] not in ("needs_response", "warning_needs_response"):
            raise ApiError(
                "This dispute is already closed or under review; its evidence can no longer be"
                " changed.",
                code="dispute_evidence_not_editable",
            )
        _merge_evidence(dispute, evidence or {})
        details["has_evidence"] = any(dispute["evidence"][name] for name in TEXTS)
        if params.get("submit", True):
            _submit(ctx, dispute)
    ctx.tx.touch(dispute)
    ctx.emit("charge.dispute.updated", dispute)
    return dispute


def _merge_evidence(dispute: Obj, evidence: dict[str, Any]) -> None:
    texts = {name: value for name, value in evidence.items() if isinstance(value, str)}
    for name, value in texts.items():
        if len(value) > 20_000:
            raise refused(
                f"Evidence may have at most 20000 characters: {name}", f"evidence[{name}]"
            )
    dispute["evidence"] |= evidence
    if sum(len(v) for v in dispute["evidence"].values() if isinstance(v, str)) > 150_000:
        raise refused("Evidence may have at most 150000 characters in all.", "evidence")


def _submit(ctx: Context, dispute: Obj) -> None:
    inquiry = dispute["status"].startswith("warning")
    _set_status(ctx, dispute, "warning_under_review" if inquiry else "under_review")
    details = dispute["evidence_details"]
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    text = dispute["evidence"]["uncategorized_text"] or ""
    if not inquiry:
        _charge_counter_fee(ctx, dispute)
    known = {"winning_evidence": True, "losing_evidence": False}.get(text.strip())
    won = ctx.ids.chance().random() < 0.4 if known is None else known
    quick = known is not None and not ctx.unattended
    days = ctx.script.get("decision_days", _DECISION_DAYS)
    delay = 1_500 if quick else days * balance.DAY * 1000
    won = ctx.script.get("won", won)
    ctx.later(delay, "decide_dispute", dispute=dispute["id"], won=won)


def _charge_counter_fee(ctx: Context, dispute: Obj) -> None:
    """The fee for countering, taken when evidence goes out and returned on a win."""
    currency = fees.settlement_currency(dispute["currency"])
    balance.post(
        ctx,
        kind="stripe_fee",
        category="fee",
        source=None,
        amount=-fees.DISPUTE[currency],
        currency=currency,
        description=f"Dispute countered fee ({dispute['id']})",
    )


def decide(ctx: Context, dispute_id: str, *, won: bool) -> None:
    """The issuer's answer; a win brings the money and the countering fee back."""
    dispute = ctx.need("dispute", dispute_id)
    if dispute["status"] == "warning_under_review":
        _close(ctx, dispute, "warning_closed")
        return
    if dispute["status"] != "under_review":
        return
    if won:
        taken = ctx.need("balance_transaction", dispute["balance_transactions"][0]["id"])
        row = balance.post(
            ctx,
            kind="adjustment",
            category="dispute_reversal",
            source=dispute_id,
            amount=-taken["amount"],
            currency=taken["currency"],
            fee_rows=[("Dispute countered fee returned", -fees.DISPUTE[taken["currency"]])],
            rate=hidden(taken).get("rate"),
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        dispute["balance_transactions"].append(shown(row))
    _close(ctx, dispute, "won" if won else "lost")
    if won:
        ctx.emit("charge.dispute.funds_reinstated", dispute)


def _close(ctx: Context, dispute: Obj, status: str) -> None:
    _set_status(ctx, dispute, status)
    ctx.emit("charge.dispute.closed", dispute)


def _set_status(ctx: Context, dispute: Obj, status: str) -> None:
    dispute["status"] = status
    dispute["is_charge_refundable"] = status == "won" or status.startswith("warning")
    ctx.tx.touch(dispute)


def pass_deadline(ctx: Context, dispute_id: str) -> None:
    """Nobody answered in time: lost (an inquiry closes later by itself)."""
    dispute = ctx.need("dispute", dispute_id)
    if dispute["status"] == "needs_response":
        dispute["evidence_details"]["past_due"] = True
        _close(ctx, dispute, "lost")
    elif dispute["status"] == "warning_needs_response":
        dispute["evidence_details"]["past_due"] = True
        _close(ctx, dispute, "warning_closed")


def close(ctx: Context, dispute_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/disputes/{id}/close: accept that it is lost; it cannot be undone."""
    dispute = ctx.need("dispute", dispute_id, in_path=True)
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise ApiError(
            f"This dispute is already closed or under review ({dispute['status']}).",
            code="dispute_already_closed",
        )
    _close(ctx, dispute, "lost" if dispute["status"] == "needs_response" else "warning_closed")
    return dispute


def retrieve(ctx: Context, dispute_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("dispute", dispute_id, in_path=True)
