"""Stripe's objects as frozen snapshots; field names are the mirror's column names.

A snapshot is the state of an object at `as_of`: `confirmed` when it was read back from Stripe,
not `confirmed` when an event carried it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What every object has. Times are UTC; amounts are minor units of `currency`."""

    stripe_id: str
    livemode: bool
    created_at: datetime
    as_of: datetime
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class ChargeSnapshot(Snapshot):
    payment_id: str | None
    status: str
    amount_minor: int
    currency: str
    amount_captured_minor: int
    amount_refunded_minor: int
    captured: bool
    disputed: bool
    balance_transaction_id: str | None
    customer_id: str | None
    email: str | None
    customer_name: str | None
    method_type: str | None
    card_brand: str | None
    card_last4: str | None
    card_country: str | None
    card_fingerprint: str | None
    card_funding: str | None
    three_d_secure: str | None
    outcome_type: str | None
    outcome_reason: str | None
    network_status: str | None
    seller_message: str | None
    failure_code: str | None
    decline_code: str | None
    failure_message: str | None
    risk_score: int | None
    risk_level: str | None


@dataclass(frozen=True, kw_only=True)
class PaymentSnapshot(Snapshot):
    """A PaymentIntent; `charge` is its latest charge where Stripe expanded it.

    Also a charge that was made without a PaymentIntent: its own payment, with itself as `charge`.
    """

    status: str
    amount_minor: int
    currency: str
    amount_received_minor: int
    amount_capturable_minor: int
    latest_charge_id: str | None
    customer_id: str | None
    order_id: str | None
    user_id: str | None
    ip: str | None
    email: str | None
    description: str | None
    method_type: str | None
    failure_code: str | None
    decline_code: str | None
    failure_message: str | None
    next_action: str | None
    cancellation_reason: str | None
    metadata_json: str | None
    canceled_at: datetime | None
    charge: ChargeSnapshot | None


@dataclass(frozen=True, kw_only=True)
class RefundSnapshot(Snapshot):
    """`payment_id` is the PaymentIntent, or the charge where that has none; so it is below."""

    payment_id: str | None
    charge_id: str | None
    status: str
    amount_minor: int
    currency: str
    reason: str | None
    failure_reason: str | None
    pending_reason: str | None
    balance_transaction_id: str | None
    operation_id: str | None


@dataclass(frozen=True, kw_only=True)
class DisputeSnapshot(Snapshot):
    payment_id: str | None
    charge_id: str | None
    status: str
    amount_minor: int
    currency: str
    reason: str | None
    network_reason_code: str | None
    card_brand: str | None
    is_charge_refundable: bool
    due_by: datetime | None
    has_evidence: bool
    past_due: bool
    submission_count: int


@dataclass(frozen=True, kw_only=True)
class PayoutSnapshot(Snapshot):
    status: str
    amount_minor: int
    currency: str
    arrival_at: datetime | None
    automatic: bool
    method: str | None
    failure_code: str | None
    balance_transaction_id: str | None
    reconciliation_status: str | None
    trace_id: str | None
    trace_id_status: str | None
    statement_descriptor: str | None
    destination: str | None
    failure_balance_transaction_id: str | None
    original_payout: str | None
    reversed_by: str | None


@dataclass(frozen=True, kw_only=True)
class WarningSnapshot(Snapshot):
    payment_id: str | None
    charge_id: str | None
    fraud_type: str | None
    actionable: bool


@dataclass(frozen=True, kw_only=True)
class ReviewSnapshot(Snapshot):
    payment_id: str | None
    charge_id: str | None
    open: bool
    reason: str | None
    opened_reason: str | None
    closed_reason: str | None


@dataclass(frozen=True, kw_only=True)
class CustomerSnapshot(Snapshot):
    email: str | None
    name: str | None
    country: str | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class FeePart:
    """What a fee is made of: `type` is Stripe's (stripe_fee, application_fee, tax, …)."""

    type: str
    amount_minor: int
    currency: str
    application: str | None
    description: str | None


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """A balance transaction: `net_minor = amount_minor - fee_minor`, in settlement `currency`.

    `fee_parts` sum to `fee_minor`. `charge_id` is the charge behind it, where the source says so.
    """

    stripe_id: str
    livemode: bool
    type: str
    reporting_category: str
    source_id: str | None
    charge_id: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    balance_type: str = "payments"
    fee_parts: tuple[FeePart, ...] = ()
    exchange_rate: str | None
    description: str | None
    status: str
    created_at: datetime
    available_on: datetime
