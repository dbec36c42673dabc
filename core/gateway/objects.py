"""Stripe's JSON into snapshots, one reader an object type, for every API version seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

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

#: Where the card stands inside `payment_method_details.<type>`, for types that do not hold it
#: themselves. A test holds this beside the SDK's annotations.
CARD_INSIDE: dict[str, tuple[str, ...]] = {
    "amazon_pay": ("funding", "card"),
    "mobilepay": ("card",),
    "revolut_pay": ("funding", "card"),
}
#: Stripe's values of metadata have at most so many characters.
METADATA = 500


class _Seen(NamedTuple):
    """How an object came: `livemode` is the door's, for objects that do not say theirs."""

    as_of: datetime
    confirmed: bool
    livemode: bool


def read_object(
    source: Json, *, as_of: datetime, confirmed: bool, livemode: bool
) -> Snapshot | None:
    """The snapshot of a Stripe object, or None for a type that is not mirrored.

    Refunds, deleted customers and others carry no `livemode`: theirs is that of the event, the
    list or the key that brought them.
    """
    reader = _READERS.get(str(source.get("object")))
    return reader(source, _Seen(as_of, confirmed, livemode)) if reader else None


def _every(source: Json, seen: _Seen) -> dict[str, Any]:
    own = source.get("livemode")
    return {
        "stripe_id": f.stripe_id(source),
        "livemode": own if type(own) is bool else seen.livemode,
        "created_at": f.created(source),
        "as_of": seen.as_of,
        "confirmed": seen.confirmed,
    }


def _payment_of(source: Json) -> str | None:
    """What an object hangs on: the PaymentIntent, or the charge where Stripe says there is none.

    An event of an old API version may not speak of PaymentIntents at all: then nothing is said.
    """
    payment = f.reference(source, "payment_intent")
    if payment is None and "payment_intent" in source:
        return f.reference(source, "charge")
    return payment


def payment(source: Json, seen: _Seen) -> PaymentSnapshot:
    """A PaymentIntent."""
    notes = f.part(source, "metadata")
    failure = f.stated(source, "last_payment_error")
    method = f.part(source, "payment_method") or f.part(failure, "payment_method")
    expanded = f.part(source, "latest_charge")
    return PaymentSnapshot(
        **_every(source, seen),
        **_described(source, notes),
        status=f.required(source, "status"),
        amount_minor=f.amount(source, "amount"),
        currency=f.currency(source),
        amount_received_minor=f.integer(source, "amount_received"),
        amount_capturable_minor=f.integer(source, "amount_capturable"),
        latest_charge_id=f.reference(source, "latest_charge") or _first_charge(source),
        customer_id=f.reference(source, "customer"),
        email=f.text(notes, "email", 255) or f.text(source, "receipt_email", 255),
        method_type=f.text(method, "type"),
        failure_code=_failure(failure),
        decline_code=f.text(failure, "decline_code"),
        failure_message=f.text(failure, "message", 500),
        next_action=f.text(f.part(source, "next_action"), "type"),
        cancellation_reason=f.text(source, "cancellation_reason"),
        canceled_at=f.moment(source, "canceled_at"),
        charge=_charge(expanded, seen) if expanded else None,
    )


def _failure(failure: Json) -> str | None:
    """An error without a code is an error all the same: the payment failed."""
    if not failure:
        return None
    return f.text(failure, "code") or f.text(failure, "type") or "api_error"


def _described(source: Json, notes: Json) -> dict[str, Any]:
    """What a shop wrote on its payment."""
    written = json.dumps(notes, ensure_ascii=False, sort_keys=True) if notes else None
    return {
        "order_id": f.text(notes, "order_id", METADATA),
        "user_id": f.text(notes, "user_id", METADATA),
        "ip": f.text(notes, "ip_address", 45),
        "description": f.text(source, "description", 255),
        "metadata_json": f.clean(written) if written else None,
    }


def _first_charge(source: Json) -> str | None:
    """Before 2022-11-15 a PaymentIntent carried a list of charges, newest first."""
    listed = f.part(source, "charges").get("data")
    if not isinstance(listed, list) or not listed:
        return None
    return f.reference({"charges": listed[0]}, "charges")


def charge(source: Json, seen: _Seen) -> ChargeSnapshot | PaymentSnapshot:
    """A charge; one that was made without a PaymentIntent comes as its own payment."""
    read = _charge(source, seen)
    if read.payment_id != read.stripe_id:
        return read
    notes = f.part(source, "metadata")
    status = _status_alone(source, read)
    own = {name: getattr(read, name) for name in _SHARED}
    return PaymentSnapshot(
        **own,
        **_described(source, notes),
        status=status,
        amount_received_minor=read.amount_captured_minor if status == "succeeded" else 0,
        amount_capturable_minor=read.amount_minor if status == "requires_capture" else 0,
        latest_charge_id=read.stripe_id,
        email=f.text(notes, "email", 255) or read.email,
        next_action=None,
        cancellation_reason=None,
        canceled_at=None,
        charge=read,
    )


#: What a payment without a PaymentIntent has from its charge as it stands there.
_SHARED = (
    "stripe_id",
    "livemode",
    "created_at",
    "as_of",
    "confirmed",
    "amount_minor",
    "currency",
    "customer_id",
    "method_type",
    "failure_code",
    "decline_code",
    "failure_message",
)


def _status_alone(source: Json, read: ChargeSnapshot) -> str:
    """What a PaymentIntent would say of this charge; `failed` has no such word and stays."""
    if read.status == "succeeded":
        if read.captured:
            return "succeeded"
        return "canceled" if f.flag(source, "refunded") else "requires_capture"
    return "processing" if read.status == "pending" else read.status


def _charge(source: Json, seen: _Seen) -> ChargeSnapshot:
    outcome = f.part(source, "outcome")
    details = f.part(source, "payment_method_details")
    kind = f.text(details, "type")
    method = f.part(details, kind or "card")
    card = method
    for name in CARD_INSIDE.get(kind or "", ()):
        card = f.part(card, name)
    billing = f.part(source, "billing_details")
    every = _every(source, seen)
    amount, captured = f.amount(source, "amount"), f.flag(source, "captured")
    own = every["stripe_id"] if "payment_intent" in source else None
    return ChargeSnapshot(
        **every,
        payment_id=f.reference(source, "payment_intent") or own,
        status=f.required(source, "status"),
        amount_minor=amount,
        currency=f.currency(source),
        # Versions before 2020-08-27 do not say it.
        amount_captured_minor=f.integer(source, "amount_captured", amount if captured else 0),
        amount_refunded_minor=f.integer(source, "amount_refunded"),
        captured=captured,
        disputed=f.flag(source, "disputed"),
        balance_transaction_id=f.reference(source, "balance_transaction"),
        customer_id=f.reference(source, "customer"),
        email=f.text(billing, "email", 255) or f.text(source, "receipt_email", 255),
        customer_name=f.text(billing, "name", 255),
        method_type=kind,
        card_brand=f.text(card, "brand"),
        card_last4=f.text(card, "last4", 4) or f.text(method, "iban_last4", 4),
        card_country=f.text(card, "country", 2),
        card_fingerprint=f.text(card, "fingerprint"),
        card_funding=f.text(card, "funding"),
        three_d_secure=f.text(f.part(card, "three_d_secure"), "result"),
        outcome_type=f.text(outcome, "type"),
        outcome_reason=f.text(outcome, "reason"),
        network_status=f.text(outcome, "network_status"),
        seller_message=f.text(outcome, "seller_message", 500),
        failure_code=f.text(source, "failure_code"),
        decline_code=f.text(outcome, "network_decline_code") and f.text(outcome, "reason"),
        failure_message=f.text(source, "failure_message", 500),
        risk_score=f.small(outcome, "risk_score"),
        risk_level=f.text(outcome, "risk_level"),
    )


def refund(source: Json, seen: _Seen) -> RefundSnapshot:
    """A refund. Before 2021 its status could be null: such refunds had succeeded."""
    return RefundSnapshot(
        **_every(source, seen),
        payment_id=_payment_of(source),
        charge_id=f.reference(source, "charge"),
        status=f.word(source, "status") or "succeeded",
        amount_minor=f.owed(source, "amount"),
        currency=f.currency(source),
        reason=f.text(source, "reason"),
        failure_reason=f.text(source, "failure_reason"),
        pending_reason=f.text(source, "pending_reason"),
        balance_transaction_id=f.reference(source, "balance_transaction"),
        operation_id=f.text(f.part(source, "metadata"), "tillwatch_operation"),
    )


def dispute(source: Json, seen: _Seen) -> DisputeSnapshot:
    """A dispute or an inquiry."""
    evidence = f.part(source, "evidence_details")
    card = f.part(f.part(source, "payment_method_details"), "card")
    return DisputeSnapshot(
        **_every(source, seen),
        payment_id=_payment_of(source),
        charge_id=f.reference(source, "charge"),
        status=f.required(source, "status"),
        amount_minor=f.owed(source, "amount"),
        currency=f.currency(source),
        reason=f.text(source, "reason"),
        network_reason_code=f.text(card, "network_reason_code")
        or f.text(source, "network_reason_code"),
        card_brand=f.text(card, "brand"),
        is_charge_refundable=f.flag(source, "is_charge_refundable"),
        # 0 says that the bank takes no answer.
        due_by=f.moment(evidence, "due_by") if evidence.get("due_by") else None,
        has_evidence=f.truth(evidence, "has_evidence"),
        past_due=f.truth(evidence, "past_due"),
        submission_count=f.small(evidence, "submission_count") or 0,
    )


def read_dispute(source: Json, *, as_of: datetime, livemode: bool) -> DisputeSnapshot:
    """A dispute that was read from Stripe at `as_of`."""
    return dispute(source, _Seen(as_of, confirmed=True, livemode=livemode))


def payout(source: Json, seen: _Seen) -> PayoutSnapshot:
    """Money on its way to the bank, or a debit of the bank: then the amount is negative."""
    trace = f.part(source, "trace_id")
    return PayoutSnapshot(
        **_every(source, seen),
        status=f.required(source, "status"),
        amount_minor=f.owed(source, "amount"),
        currency=f.currency(source),
        arrival_at=f.moment(source, "arrival_date"),
        automatic=f.flag(source, "automatic"),
        method=f.text(source, "method"),
        failure_code=f.text(source, "failure_code"),
        balance_transaction_id=f.reference(source, "balance_transaction"),
        reconciliation_status=f.text(source, "reconciliation_status"),
        trace_id=f.text(trace, "value", 255),
        trace_id_status=f.text(trace, "status"),
        statement_descriptor=f.text(source, "statement_descriptor", 255),
        destination=f.loose_reference(source, "destination"),
        failure_balance_transaction_id=f.loose_reference(source, "failure_balance_transaction"),
        original_payout=f.loose_reference(source, "original_payout"),
        reversed_by=f.loose_reference(source, "reversed_by"),
    )


def warning(source: Json, seen: _Seen) -> WarningSnapshot:
    """An early fraud warning from the card's network."""
    return WarningSnapshot(
        **_every(source, seen),
        payment_id=_payment_of(source),
        charge_id=f.reference(source, "charge"),
        fraud_type=f.text(source, "fraud_type"),
        actionable=f.flag(source, "actionable"),
    )


def review(source: Json, seen: _Seen) -> ReviewSnapshot:
    """A payment that Radar put before a person."""
    return ReviewSnapshot(
        **_every(source, seen),
        payment_id=_payment_of(source),
        charge_id=f.reference(source, "charge"),
        open=f.flag(source, "open"),
        reason=f.text(source, "reason"),
        opened_reason=f.text(source, "opened_reason"),
        closed_reason=f.text(source, "closed_reason"),
    )


def customer(source: Json, seen: _Seen) -> CustomerSnapshot:
    """A customer. Of a deleted one Stripe tells only the id; the mirror then blanks the rest."""
    return CustomerSnapshot(
        **_every({"created": 0, **source}, seen),
        email=f.text(source, "email", 255),
        name=f.text(source, "name", 255),
        country=f.text(f.part(source, "address"), "country", 2),
        deleted=f.flag(source, "deleted"),
    )


_READERS: dict[str, Callable[[Json, _Seen], Snapshot]] = {
    "payment_intent": payment,
    "charge": charge,
    "refund": refund,
    "dispute": dispute,
    "payout": payout,
    "radar.early_fraud_warning": warning,
    "review": review,
    "customer": customer,
}
