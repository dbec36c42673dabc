"""What a person calls a payment, derived from Stripe's status and what happened since."""

from __future__ import annotations

#: In the order of a payment's life; the words are those of Stripe's own badges.
STATES = (
    "incomplete",
    "requires_confirmation",
    "requires_action",
    "processing",
    "failed",
    "requires_capture",
    "succeeded",
    "partially_refunded",
    "refunded",
    "disputed",
    "canceled",
)


def payment_state(
    status: str, *, failed: bool, received_minor: int, refunded_minor: int, disputed: bool
) -> str:
    """The state of a payment: Stripe's status, told apart further by failure, refund, dispute.

    Amounts are minor units of the payment's currency. An unknown status is passed through, so
    that a new one from Stripe is shown and not lost.
    """
    if status == "requires_payment_method":
        return "failed" if failed else "incomplete"
    if status != "succeeded":
        return status
    if disputed:
        return "disputed"
    if refunded_minor and refunded_minor >= received_minor:
        return "refunded"
    return "partially_refunded" if refunded_minor else "succeeded"
