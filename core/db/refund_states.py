"""The life of a refund request, and what of it holds money back."""

from __future__ import annotations

REQUESTED = "requested"
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
AFTER: dict[str, frozenset[str]] = {
    REQUESTED: frozenset({AWAITING, SENDING}),
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
HELD = (REQUESTED, AWAITING, SENDING, UNKNOWN)
#: In these a decision was carried out, or is being carried out.
SENT = (SENDING, UNKNOWN, PENDING, SUCCEEDED)

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


def before(state: str) -> tuple[str, ...]:
    """The states that `state` may follow."""
    return tuple(one for one, after in AFTER.items() if state in after)
