"""The shape of a new dispute or inquiry."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import balance
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

#: Days to answer; Stripe's are usually 7 to 21.
ANSWER_DAYS = 9
#: The evidence fields that hold text or the id of a file.
TEXTS = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name"
    " customer_purchase_ip customer_signature duplicate_charge_documentation"
    " duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"
    " refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation"
    " shipping_tracking_number uncategorized_file uncategorized_text"
).split()
#: The evidence fields that hold the id of a file.
FILES = (
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


def due_by(now: int) -> int:
    """The last second of the last day to answer what begins now."""
    return (now // balance.DAY + ANSWER_DAYS + 1) * balance.DAY - 1


def blank(ctx: Context, charge: Obj, reason: str, amount: int, *, inquiry: bool) -> Obj:
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
        "evidence": {**dict.fromkeys(TEXTS), "enhanced_evidence": {}},
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
