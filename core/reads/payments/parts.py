"""The frozen shapes that a payment's detail is made of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar

from sqlalchemy import RowMapping

Shape = TypeVar("Shape")


def build(shape: type[Shape], row: RowMapping) -> Shape:
    """A frozen shape from the columns of a row that have its fields' names."""
    return shape(**{field.name: row[field.name] for field in fields(shape)})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Payment:
    """A PaymentIntent, or a charge without one. `fee_minor`, `net_minor` are of its latest charge,
    in `settlement_currency`; the other amounts in minor units of `currency`."""

    stripe_id: str
    created_at: datetime
    status: str
    state: str
    amount_minor: int
    currency: str
    amount_received_minor: int
    amount_capturable_minor: int
    amount_captured_minor: int
    amount_refunded_minor: int
    amount_disputed_minor: int
    latest_charge_id: str | None
    customer_id: str | None
    customer_name: str | None
    email: str | None
    order_id: str | None
    user_id: str | None
    description: str | None
    method_type: str | None
    card_brand: str | None
    card_last4: str | None
    card_country: str | None
    card_fingerprint: str | None
    ip: str | None
    fee_minor: int | None
    net_minor: int | None
    settlement_currency: str | None
    failure_code: str | None
    decline_code: str | None
    failure_message: str | None
    next_action: str | None
    cancellation_reason: str | None
    disputed: bool
    dispute_outcome: str
    risk_score: int | None
    risk_level: str | None
    metadata_json: str | None
    canceled_at: datetime | None
    updated_at: datetime
    confirmed: bool
    as_of: datetime
    livemode: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A charge: one try to collect the payment."""

    stripe_id: str
    created_at: datetime
    status: str
    amount_minor: int
    currency: str
    amount_captured_minor: int
    amount_refunded_minor: int
    captured: bool
    disputed: bool
    balance_transaction_id: str | None
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


@dataclass(frozen=True, slots=True)
class RefundPart:
    """A refund; `operation_id` None means that it was made outside this console."""

    stripe_id: str
    created_at: datetime
    status: str
    amount_minor: int
    currency: str
    charge_id: str | None
    reason: str | None
    failure_reason: str | None
    pending_reason: str | None
    balance_transaction_id: str | None
    operation_id: str | None


@dataclass(frozen=True, slots=True)
class RequestPart:
    """A request to give money back: who asked, with which note, and who decided about it.

    `decided_at` is None while nobody has, and where it did not wait for anybody. `why` is what
    refused or failed it.
    """

    request_id: str
    created_at: datetime
    state: str
    amount_minor: int
    currency: str
    reason: str
    note: str | None
    why: str | None
    over: str | None
    asked_by: str
    decided_by: str | None
    decided_at: datetime | None
    refund_id: str | None


@dataclass(frozen=True, slots=True)
class DisputePart:
    """A dispute or an inquiry; `due_by` is the last moment for evidence."""

    stripe_id: str
    created_at: datetime
    status: str
    amount_minor: int
    currency: str
    charge_id: str | None
    reason: str | None
    network_reason_code: str | None
    due_by: datetime | None
    has_evidence: bool
    past_due: bool
    submission_count: int


@dataclass(frozen=True, slots=True)
class FraudWarning:
    """An early fraud warning from the issuer."""

    stripe_id: str
    created_at: datetime
    fraud_type: str | None
    actionable: bool
    charge_id: str | None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A balance transaction; amounts in minor units of its settlement `currency`."""

    stripe_id: str
    created_at: datetime
    available_on: datetime
    type: str
    reporting_category: str
    source_id: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    exchange_rate: str | None
    description: str | None
    status: str
    payout_id: str | None


@dataclass(frozen=True, slots=True)
class EventPart:
    """What Stripe told about an object, and what became of it here."""

    stripe_id: str
    type: str
    object_id: str | None
    source: str
    created_at: datetime
    received_at: datetime
    applied_at: datetime | None
    state: str
    attempts: int
    duration_us: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened. `kind` names it (`attempt_failed`, `refund_succeeded`, …); amounts
    are minor units of `currency`; `detail` is Stripe's own word (a code, a reason, a type).

    `who`: the person who did it here, `note` what they wrote.
    """

    at: datetime
    kind: str
    stripe_id: str
    amount_minor: int | None = None
    currency: str | None = None
    detail: str | None = None
    who: str | None = None
    note: str | None = None

    @property
    def is_plumbing(self) -> bool:
        """Whether it is a step of Stripe's own, which tells of what the timeline has already."""
        return self.kind in ("event", "ledger")


@dataclass(frozen=True, slots=True)
class Money:
    """Ledger sums of one payment in one settlement currency, minor units.

    `gross + refund + dispute + platform_earning - fee - network_cost - tax = net`; what left is
    negative, costs are positive when taken. `others` are rows that are no revenue, by Stripe's
    category: they are not in `net`.
    """

    currency: str
    gross_minor: int
    refund_minor: int
    dispute_minor: int
    platform_earning_minor: int
    fee_minor: int
    network_cost_minor: int
    tax_minor: int
    net_minor: int
    others: tuple[tuple[str, int], ...] = ()
