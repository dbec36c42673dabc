"""What happened to a payment, in order, from all its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from core.reads.payments.parts import (
    Attempt,
    DisputePart,
    EventPart,
    FraudWarning,
    LedgerRow,
    Payment,
    RefundPart,
    RequestPart,
    TimelineEntry,
)
from core.states import RefundState

#: Which comes first at one second: Stripe's times have no parts of one, and ours do.
_ORDER = ("created", "attempt", "canceled", "request", "refund", "dispute", "fraud", "ledger")


def merged(
    payment: Payment,
    attempts: Iterable[Attempt],
    refunds: Iterable[RefundPart],
    disputes: Iterable[DisputePart],
    warnings: Iterable[FraudWarning],
    ledger: Iterable[LedgerRow],
    events: Iterable[EventPart],
    *,
    requests: Iterable[RequestPart] = (),
) -> tuple[TimelineEntry, ...]:
    """All entries, oldest first; within one second a cause stands before its effects.

    A charge without a PaymentIntent was made by its attempt alone.
    """
    tried = tuple(attempts)
    alone = any(part.stripe_id == payment.stripe_id for part in tried)
    entries = [
        *(entry for entry in _of_payment(payment) if not (alone and entry.kind == "created")),
        *(_of_attempt(part) for part in tried),
        *(entry for part in requests for entry in _of_request(part)),
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
    return tuple(sorted(entries, key=_place))


def _place(entry: TimelineEntry) -> tuple[datetime, int, datetime]:
    begins = (at for at, kind in enumerate(_ORDER) if entry.kind.startswith(kind))
    return entry.at.replace(microsecond=0), next(begins, len(_ORDER)), entry.at


def _of_request(part: RequestPart) -> Iterator[TimelineEntry]:
    """What people here did about a refund; that a machine sent it, the refund itself tells."""

    def entry(at: datetime, what: str, who: str, note: str | None) -> TimelineEntry:
        kind, amount = f"request_{what}", part.amount_minor
        detail = part.reason if what == "asked" else None
        return TimelineEntry(at, kind, part.request_id, amount, part.currency, detail, who, note)

    yield entry(part.created_at, "asked", part.asked_by, part.note)
    if part.decided_by and part.decided_at:
        refused = part.state == RefundState.REFUSED
        note = part.why if refused else None
        what = "refused" if refused else "approved"
        yield entry(part.decided_at, what, part.decided_by, note)


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
