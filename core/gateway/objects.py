"""Stripe's JSON into snapshots, one reader an object type, for every API version seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.gateway import fields as f
from core.gateway.fields import Json
from core.gateway.snapshots import (
    ChargeSnapshot,
    CustomerSnapshot,
    DisputeSnapshot,
    PaymentSnapshot,
    PayoutSnapshot,
    RefundSnapshot,
    ReviewSnapshot,
    Snapshot,
    WarningSnapshot,
)


def read_object(source: Json, *, as_of: datetime, confirmed: bool) -> Snapshot | None:
    """The snapshot of a Stripe object, or None for a type that is not mirrored."""
    reader = _READERS.get(str(source.get("object")))
    return reader(source, as_of, confirmed) if reader else None


def _every(source: Json, as_of: datetime, confirmed: bool) -> dict[str, Any]:
    return {
        "stripe_id": f.stripe_id(source),
        "livemode": f.truth(source, "livemode"),
        "created_at": f.created(source),
        "as_of": as_of,
        "confirmed": confirmed,
    }


def payment(source: Json, as_of: datetime, confirmed: bool) -> PaymentSnapshot:
    """A PaymentIntent."""
    notes = f.part(source, "metadata")
    failure = f.part(source, "last_payment_error")
    method = f.part(source, "payment_method") or f.part(failure, "payment_method")
    expanded = f.part(source, "latest_charge")
    return PaymentSnapshot(
        **_every(source, as_of, confirmed),
        status=f.required(source, "status"),
        amount_minor=f.amount(source, "amount"),
        currency=f.currency(source),
        amount_received_minor=f.integer(source, "amount_received"),
        amount_capturable_minor=f.integer(source, "amount_capturable"),
        latest_charge_id=f.reference(source, "latest_charge") or _first_charge(source),
        customer_id=f.reference(source, "customer"),
        order_id=f.text(notes, "order_id"),
        user_id=f.text(notes, "user_id"),
        ip=f.text(notes, "ip_address", 45),
        email=f.text(notes, "email", 255) or f.text(source, "receipt_email", 255),
        description=f.text(source, "description", 255),
        method_type=f.text(method, "type"),
        failure_code=f.text(failure, "code"),
        decline_code=f.text(failure, "decline_code"),
        failure_message=f.text(failure, "message", 500),
        next_action=f.text(f.part(source, "next_action"), "type"),
        cancellation_reason=f.text(source, "cancellation_reason"),
        metadata_json=json.dumps(notes, ensure_ascii=False, sort_keys=True) if notes else None,
        canceled_at=f.moment(source, "canceled_at"),
        charge=charge(expanded, as_of, confirmed) if expanded else None,
    )


def _first_charge(source: Json) -> str | None:
    """Before 2022-11-15 a PaymentIntent carried a list of charges, newest first."""
    listed = f.part(source, "charges").get("data")
    return f.reference({"charge": listed[0]}, "charge") if listed else None


def charge(source: Json, as_of: datetime, confirmed: bool) -> ChargeSnapshot:
    """A charge: one attempt to pay."""
    outcome = f.part(source, "outcome")
    details = f.part(source, "payment_method_details")
    kind = f.text(details, "type")
    card = f.part(details, kind or "card")
    billing = f.part(source, "billing_details")
    return ChargeSnapshot(
        **_every(source, as_of, confirmed),
        payment_id=f.reference(source, "payment_intent"),
        status=f.required(source, "status"),
        amount_minor=f.integer(source, "amount"),
        currency=f.currency(source),
        amount_captured_minor=f.integer(source, "amount_captured"),
        amount_refunded_minor=f.integer(source, "amount_refunded"),
        captured=f.truth(source, "captured"),
        disputed=f.truth(source, "disputed"),
        balance_transaction_id=f.reference(source, "balance_transaction"),
        customer_id=f.reference(source, "customer"),
        email=f.text(billing, "email", 255) or f.text(source, "receipt_email", 255),
        customer_name=f.text(billing, "name", 255),
        method_type=kind,
        card_brand=f.text(card, "brand"),
        card_last4=f.text(card, "last4", 4),
        card_country=f.text(card, "country", 2),
        card_fingerprint=f.text(card, "fingerprint"),
        card_funding=f.text(card, "funding"),
        three_d_secure=f.text(f.part(card, "three_d_secure"), "result"),
        outcome_type=f.text(outcome, "type"),
        outcome_reason=_reason(outcome),
        network_status=f.text(outcome, "network_status"),
        seller_message=f.text(outcome, "seller_message", 500),
        failure_code=f.text(source, "failure_code"),
        decline_code=f.text(outcome, "network_decline_code") and _reason(outcome),
        failure_message=f.text(source, "failure_message", 500),
        risk_score=f.small(outcome, "risk_score"),
        risk_level=f.text(outcome, "risk_level"),
    )


def _reason(outcome: Json) -> str | None:
    return f.text(outcome, "reason")


def refund(source: Json, as_of: datetime, confirmed: bool) -> RefundSnapshot:
    """A refund. Before 2021 its status could be null: such refunds had succeeded."""
    return RefundSnapshot(
        **_every(source, as_of, confirmed),
        payment_id=f.reference(source, "payment_intent"),
        charge_id=f.reference(source, "charge"),
        status=f.text(source, "status") or "succeeded",
        amount_minor=f.integer(source, "amount"),
        currency=f.currency(source),
        reason=f.text(source, "reason"),
        failure_reason=f.text(source, "failure_reason"),
        pending_reason=f.text(source, "pending_reason"),
        balance_transaction_id=f.reference(source, "balance_transaction"),
        operation_id=f.text(f.part(source, "metadata"), "tillwatch_operation"),
    )


def dispute(source: Json, as_of: datetime, confirmed: bool) -> DisputeSnapshot:
    """A dispute or an inquiry."""
    evidence = f.part(source, "evidence_details")
    card = f.part(f.part(source, "payment_method_details"), "card")
    return DisputeSnapshot(
        **_every(source, as_of, confirmed),
        payment_id=f.reference(source, "payment_intent"),
        charge_id=f.reference(source, "charge"),
        status=f.required(source, "status"),
        amount_minor=f.integer(source, "amount"),
        currency=f.currency(source),
        reason=f.text(source, "reason"),
        network_reason_code=f.text(card, "network_reason_code")
        or f.text(source, "network_reason_code"),
        card_brand=f.text(card, "brand"),
        is_charge_refundable=f.truth(source, "is_charge_refundable"),
        due_by=f.moment(evidence, "due_by"),
        has_evidence=f.truth(evidence, "has_evidence"),
        past_due=f.truth(evidence, "past_due"),
        submission_count=f.integer(evidence, "submission_count"),
    )


def payout(source: Json, as_of: datetime, confirmed: bool) -> PayoutSnapshot:
    """Money on its way to the bank."""
    return PayoutSnapshot(
        **_every(source, as_of, confirmed),
        status=f.required(source, "status"),
        amount_minor=f.integer(source, "amount"),
        currency=f.currency(source),
        arrival_at=f.moment(source, "arrival_date"),
        automatic=f.truth(source, "automatic"),
        method=f.text(source, "method"),
        failure_code=f.text(source, "failure_code"),
        balance_transaction_id=f.reference(source, "balance_transaction"),
    )


def warning(source: Json, as_of: datetime, confirmed: bool) -> WarningSnapshot:
    """An early fraud warning from the card's network."""
    return WarningSnapshot(
        **_every(source, as_of, confirmed),
        payment_id=f.reference(source, "payment_intent"),
        charge_id=f.reference(source, "charge"),
        fraud_type=f.text(source, "fraud_type"),
        actionable=f.truth(source, "actionable"),
    )


def review(source: Json, as_of: datetime, confirmed: bool) -> ReviewSnapshot:
    """A payment that Radar put before a person."""
    return ReviewSnapshot(
        **_every(source, as_of, confirmed),
        payment_id=f.reference(source, "payment_intent"),
        charge_id=f.reference(source, "charge"),
        open=f.truth(source, "open"),
        reason=f.text(source, "reason"),
        opened_reason=f.text(source, "opened_reason"),
        closed_reason=f.text(source, "closed_reason"),
    )


def customer(source: Json, as_of: datetime, confirmed: bool) -> CustomerSnapshot:
    """A customer. Of a deleted one Stripe tells only the id; the mirror then blanks the rest."""
    return CustomerSnapshot(
        **_every({"created": 0, **source}, as_of, confirmed),
        email=f.text(source, "email", 255),
        name=f.text(source, "name", 255),
        country=f.text(f.part(source, "address"), "country", 2),
        deleted=f.truth(source, "deleted"),
    )


_READERS: dict[str, Callable[[Json, datetime, bool], Snapshot]] = {
    "payment_intent": payment,
    "charge": charge,
    "refund": refund,
    "dispute": dispute,
    "payout": payout,
    "radar.early_fraud_warning": warning,
    "review": review,
    "customer": customer,
}
