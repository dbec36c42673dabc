"""The life of a refund request, and what of it holds money back."""

from __future__ import annotations

REQUESTED = "requested"
QUEUED = "queued"
AWAITING = "awaiting_approval"
REFUSED = "refused"
EXPIRED = "expired"
SENDING = "sending"
UNKNOWN = "unknown"
PENDING = "pending"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELED = "canceled"

#: Which states may follow each. Whatever a late or repeated message says, nothing else happens.
#: A row of a bulk refund is `requested` until its bulk is decided, then `queued` for the worker.
AFTER: dict[str, frozenset[str]] = {
    REQUESTED: frozenset({QUEUED, REFUSED, EXPIRED, CANCELED}),
    QUEUED: frozenset({SENDING, FAILED, CANCELED}),
    AWAITING: frozenset({SENDING, REFUSED, EXPIRED, CANCELED}),
    SENDING: frozenset({UNKNOWN, PENDING, SUCCEEDED, FAILED, CANCELED}),
    UNKNOWN: frozenset({PENDING, SUCCEEDED, FAILED, CANCELED}),
    PENDING: frozenset({SUCCEEDED, FAILED, CANCELED}),
    # The bank may send a refund back weeks after it succeeded.
    SUCCEEDED: frozenset({FAILED, CANCELED}),
    REFUSED: frozenset(),
    EXPIRED: frozenset(),
    FAILED: frozenset(),
    CANCELED: frozenset(),
}

#: In these the amount is reserved: it may be given back, and the mirror does not show it yet.
HELD = (REQUESTED, QUEUED, AWAITING, SENDING, UNKNOWN)
#: In these a decision was carried out, or is being carried out.
SENT = (QUEUED, SENDING, UNKNOWN, PENDING, SUCCEEDED)

#: What a refund's status at Stripe makes of its request.
OF_STRIPE = {
    "pending": PENDING,
    "requires_action": PENDING,
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "canceled": CANCELED,
}
#: A refund with such a status took nothing from its payment.
UNDONE = ("failed", "canceled")


#: What Stripe has heard of, or may have: from here on only Stripe says what becomes of it.
AT_STRIPE = frozenset({SENDING, UNKNOWN, PENDING, SUCCEEDED})
#: Until then it is decided here.
HERE = frozenset(AFTER) - AT_STRIPE


def before(state: str) -> frozenset[str]:
    """The states that `state` may follow."""
    return frozenset(one for one, after in AFTER.items() if state in after)
