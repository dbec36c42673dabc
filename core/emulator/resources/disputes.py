"""Disputes: their shape, evidence that is drafted and sent once, an appeal, a loss accepted."""

from __future__ import annotations

import copy
from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import balance, fees, files, lists
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

#: Days to answer; Stripe's are usually 7 to 21.
_ANSWER_DAYS = 9
#: The evidence fields that hold text or the id of a file.
_TEXTS = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name"
    " customer_purchase_ip customer_signature duplicate_charge_documentation"
    " duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"
    " refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation"
    " shipping_tracking_number uncategorized_file uncategorized_text"
).split()
#: The evidence fields that hold the id of a file.
_FILES = (
    "cancellation_policy customer_communication customer_signature duplicate_charge_documentation"
    " receipt refund_policy service_documentation shipping_documentation uncategorized_file"
).split()
#: Methods whose disputes are lost as soon as they come: nobody can answer them.
DEBITS = ("ach_debit", "acss_debit", "au_becs_debit", "bacs_debit", "sepa_debit", "us_bank_account")
#: Why a cardholder disputes (the SDK's `reason`).
REASONS = (
    "bank_cannot_process check_returned credit_not_processed customer_initiated"
    " debit_not_authorized duplicate fraudulent general incorrect_account_details"
    " insufficient_funds noncompliant product_not_received product_unacceptable"
    " subscription_canceled unrecognized"
).split()
_NETWORK_CODES = {
    "fraudulent": "10.4",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "credit_not_processed": "13.7",
    "duplicate": "12.6",
    "unrecognized": "10.4",
    "general": "10.4",
}
_DECISION_DAYS = 65
_OPEN = ("needs_response", "warning_needs_response", "appeal_needs_response")
_CLOSED = ("won", "lost", "warning_closed", "prevented")
#: What the test mode does with these in `uncategorized_text` (docs.stripe.com/testing).
_WORDS = {"winning_evidence": True, "losing_evidence": False}
_ESCALATES = "escalate_inquiry_evidence"
_TEST_DELAY_MS = 1_500


def due_by(now: int) -> int:
    """The last second of the last day to answer what begins now."""
    return (now // balance.DAY + _ANSWER_DAYS + 1) * balance.DAY - 1


def blank(ctx: Context, charge: Obj, reason: str, amount: int, *, inquiry: bool) -> Obj:
    """A dispute or inquiry that nobody has answered; `amount` in minor units of the charge."""
    kind = charge["payment_method_details"]["type"]
    details: dict[str, Any] | None = None
    if kind == "card":
        brand = charge["payment_method_details"]["card"]["brand"]
        details = {
            "card": {
                "brand": brand,
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": brand,
                "network_reason_code": _NETWORK_CODES.get(reason, "10.4"),
            },
            "type": "card",
        }
    elif kind == "paypal":
        details = {"paypal": {"case_id": None, "reason_code": None}, "type": "paypal"}
    return {
        "id": ctx.ids.new("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": ctx.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_TEXTS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": None if kind in DEBITS else due_by(ctx.now),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": details,
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def update(ctx: Context, dispute_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/disputes/{id}: evidence is a draft when `submit` is false, and sent otherwise."""
    dispute = ctx.need("dispute", dispute_id, in_path=True)
    watched = ("evidence", "evidence_details", "metadata", "status")
    before = {name: copy.deepcopy(dispute[name]) for name in watched}
    if "metadata" in params:
        dispute["metadata"] = merged(dispute["metadata"], params["metadata"])
    evidence = params.get("evidence")
    if evidence or params.get("submit"):
        _check_open(dispute)
        if dispute["status"] == "appeal_needs_response":
            _merge_appeal(ctx, dispute, evidence or {})
        else:
            _merge_evidence(ctx, dispute, evidence or {})
        has = any(dispute["evidence"][name] for name in _TEXTS)
        dispute["evidence_details"]["has_evidence"] = has
        if params.get("submit", True):
            submit(ctx, dispute)
    ctx.tx.touch(dispute)
    changed = {name: old for name, old in before.items() if old != dispute[name]}
    ctx.emit("charge.dispute.updated", dispute, changed)
    return dispute


def _check_open(dispute: Obj) -> None:
    if dispute["status"] in _CLOSED:
        raise ApiError("This dispute is already closed")
    if dispute["status"] not in _OPEN:
        raise ApiError(
            "Evidence for this dispute has already been submitted and can no longer be changed.",
            param="evidence",
        )


def _merge_evidence(ctx: Context, dispute: Obj, evidence: dict[str, Any]) -> None:
    if evidence.get("appeal"):
        raise refused("This dispute cannot be appealed.", "evidence[appeal]")
    for name, value in evidence.items():
        if name in _FILES:
            files.evidence(ctx, value, f"evidence[{name}]")
        elif isinstance(value, str) and len(value) > 20_000:
            raise refused(
                f"Evidence may have at most 20000 characters: {name}", f"evidence[{name}]"
            )
    whole = dispute["evidence"] | evidence
    if sum(len(v) for v in whole.values() if isinstance(v, str)) > 150_000:
        raise refused("Evidence may have at most 150000 characters in all.", "evidence")
    dispute["evidence"] = whole


def _merge_appeal(ctx: Context, dispute: Obj, evidence: dict[str, Any]) -> None:
    """During an appeal nothing but the appeal itself can be sent."""
    for name in evidence.keys() - {"appeal"}:
        raise refused("You can only submit appeal evidence for this dispute.", f"evidence[{name}]")
    given = (evidence.get("appeal") or {}).get("card") or {}
    for file in given.get("supporting_files") or []:
        files.evidence(ctx, file, "evidence[appeal][card][supporting_files]")
    before = (dispute["evidence"].get("appeal") or {}).get("card") or {}
    blank = {"reason_for_filing": None, "supporting_files": None}
    dispute["evidence"]["appeal"] = {"card": {**blank, **before, **given}}


def submit(ctx: Context, dispute: Obj) -> None:
    """Send what is drafted; test words are answered within seconds, all else by the issuer."""
    inquiry = dispute["status"].startswith("warning")
    set_status(ctx, dispute, dispute["status"].replace("needs_response", "under_review"))
    details = dispute["evidence_details"]
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    if dispute["status"] == "under_review":
        _charge_counter_fee(ctx, dispute)
    text = (dispute["evidence"]["uncategorized_text"] or "").strip()
    if inquiry and text == _ESCALATES:
        ctx.later(_TEST_DELAY_MS, Task.ESCALATE_INQUIRY, dispute=dispute["id"])
        return
    known = _WORDS.get(text)
    won = ctx.ids.chance().random() < 0.4 if known is None else known
    quick = known is not None and not ctx.unattended
    days = ctx.script.get("decision_days", _DECISION_DAYS)
    delay = _TEST_DELAY_MS if quick else days * balance.DAY * 1000
    won = ctx.script.get("won", won)
    ctx.later(delay, Task.DECIDE_DISPUTE, dispute=dispute["id"], won=won)


def _charge_counter_fee(ctx: Context, dispute: Obj) -> None:
    """The fee for countering, taken when evidence goes out and returned on a win."""
    currency = fees.settlement_currency(dispute["currency"])
    hidden(dispute)["countered"] = True
    balance.post(
        ctx,
        kind="stripe_fee",
        category="fee",
        source=None,
        amount=-fees.DISPUTE[currency],
        currency=currency,
        description=f"Dispute countered fee ({dispute['id']})",
    )


def set_status(ctx: Context, dispute: Obj, status: str) -> str:
    """A new status; the one before. A charge can be refunded before and after, never during."""
    before: str = dispute["status"]
    dispute["status"] = status
    dispute["is_charge_refundable"] = status == "won" or status.startswith("warning")
    ctx.tx.touch(dispute)
    return before


def finish(ctx: Context, dispute: Obj, status: str) -> None:
    set_status(ctx, dispute, status)
    ctx.emit("charge.dispute.closed", dispute)


def follow_refund(ctx: Context, charge: Obj) -> None:
    """A full refund ends what was only asked."""
    if charge["disputed"] and charge["refunded"]:
        for dispute in lists.objects_with(ctx, "dispute", "charge", charge["id"]):
            if dispute["status"] in ("warning_needs_response", "warning_under_review"):
                finish(ctx, dispute, "warning_closed")


def close(ctx: Context, dispute_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/disputes/{id}/close: accept that it is lost; it cannot be undone."""
    dispute = ctx.need("dispute", dispute_id, in_path=True)
    _check_open(dispute)
    inquiry = dispute["status"].startswith("warning")
    finish(ctx, dispute, "warning_closed" if inquiry else "lost")
    return dispute


def of_charge(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/charges/{id}/dispute: its newest."""
    ctx.need("charge", charge_id, in_path=True)
    found = lists.objects_with(ctx, "dispute", "charge", charge_id)
    if not found:
        raise ApiError(
            f"No dispute for charge: {charge_id}", status=404, code="resource_missing", param="id"
        )
    return found[-1]


def update_of_charge(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/charges/{id}/dispute."""
    return update(ctx, str(of_charge(ctx, charge_id, params)["id"]), params)


def close_of_charge(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/charges/{id}/dispute/close."""
    return close(ctx, str(of_charge(ctx, charge_id, params)["id"]), params)


def retrieve(ctx: Context, dispute_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("dispute", dispute_id, in_path=True)
