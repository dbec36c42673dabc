"""What happened to a payment, in order, from all its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.reads.payments.parts import (
    Attempt,
    DisputePart,
    EventPart,
    FraudWarning,
    LedgerRow,
    Payment,
    RefundPart,
    TimelineEntry,
)


def merged(
    payment: Payment,
    attempts: Iterable[Attempt],
    refunds: Iterable[RefundPart],
    disputes: Iterable[DisputePart],
    warnings: Iterable[FraudWarning],
    ledger: Iterable[LedgerRow],
    events: Iterable[EventPart],
) -> tuple[TimelineEntry, ...]:
    """All entries, oldest first; at one instant a cause stands before its effects.

    A charge without a PaymentIntent was made by its attempt alone.
    """
    tried = tuple(attempts)
    alone = any(part.stripe_id == payment.stripe_id for part in tried)
    entries = [
        *(entry for entry in _of_payment(payment) if not (alone and entry.kind == "created")),
        *(_of_attempt(part) for part in tried),
        *(_of_amount(f"refund_{part.status}", part, part.reason) for part in refunds),
        *(_of_amount(f"dispute_{part.status}", part, part.reason) for part in disputes),
        *(
            TimelineEntry(part.created_at, "fraud_warning", part.stripe_id, detail=part.fraud_type)
            for part in warnings
        ),
        *(_of_amount("ledger", part, part.reporting_category) for part in ledger),
        *(
            TimelineEntry(part.created_at, "event", part.stripe_id, detail=part.type)
            for part in events
        ),
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _of_payment(payment: Payment) -> Iterator[TimelineEntry]:
    yield TimelineEntry(
        payment.created_at, "created", payment.stripe_id, payment.amount_minor, payment.currency
    )
    if payment.canceled_at:
        yield TimelineEntry(
            payment.canceled_at,
            "canceled",
            payment.stripe_id,
            detail=payment.cancellation_reason,
        )


def _of_attempt(part: Attempt) -> TimelineEntry:
    reason = part.decline_code or part.failure_code or part.outcome_type
    return _of_amount(f"attempt_{part.status}", part, reason)


def _of_amount(
    kind: str, part: Attempt | RefundPart | DisputePart | LedgerRow, detail: str | None
) -> TimelineEntry:
    return TimelineEntry(
        part.created_at, kind, part.stripe_id, part.amount_minor, part.currency, detail
    )
