"""The life of a refund request, and what of it holds money back."""

from __future__ import annotations

from core.states import RefundState

#: Which states may follow each. Whatever a late or repeated message says, nothing else happens.
#: A row of a bulk refund is `requested` until its bulk is decided, then `queued` for the worker.
AFTER: dict[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset(
        {RefundState.QUEUED, RefundState.REFUSED, RefundState.EXPIRED, RefundState.CANCELED}
    ),
    RefundState.QUEUED: frozenset({RefundState.SENDING, RefundState.FAILED, RefundState.CANCELED}),
    RefundState.AWAITING_APPROVAL: frozenset(
        {RefundState.SENDING, RefundState.REFUSED, RefundState.EXPIRED, RefundState.CANCELED}
    ),
    RefundState.SENDING: frozenset(
        {
            RefundState.UNKNOWN,
            RefundState.PENDING,
            RefundState.SUCCEEDED,
            RefundState.FAILED,
            RefundState.CANCELED,
        }
    ),
    RefundState.UNKNOWN: frozenset(
        {RefundState.PENDING, RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELED}
    ),
    RefundState.PENDING: frozenset(
        {RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELED}
    ),
    # The bank may send a refund back weeks after it succeeded.
    RefundState.SUCCEEDED: frozenset({RefundState.FAILED, RefundState.CANCELED}),
    RefundState.REFUSED: frozenset(),
    RefundState.EXPIRED: frozenset(),
    RefundState.FAILED: frozenset(),
    RefundState.CANCELED: frozenset(),
}

#: In these the amount is reserved: it may be given back, and the mirror does not show it yet.
HELD = (
    RefundState.REQUESTED,
    RefundState.QUEUED,
    RefundState.AWAITING_APPROVAL,
    RefundState.SENDING,
    RefundState.UNKNOWN,
)
#: In these a decision was carried out, or is being carried out.
SENT = (
    RefundState.QUEUED,
    RefundState.SENDING,
    RefundState.UNKNOWN,
    RefundState.PENDING,
    RefundState.SUCCEEDED,
)

#: What a refund's status at Stripe makes of its request.
OF_STRIPE = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.CANCELED,
}
#: A refund with such a status took nothing from its payment.
UNDONE = ("failed", "canceled")


#: What Stripe has heard of, or may have: from here on only Stripe says what becomes of it.
AT_STRIPE = frozenset(
    {RefundState.SENDING, RefundState.UNKNOWN, RefundState.PENDING, RefundState.SUCCEEDED}
)
#: Until then it is decided here.
HERE = frozenset(AFTER) - AT_STRIPE


def before(state: str) -> frozenset[RefundState]:
    """The states that `state` may follow."""
    return frozenset(one for one, after in AFTER.items() if state in after)
