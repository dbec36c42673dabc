"""What a person calls a payment, derived from Stripe's status and what happened since."""

from __future__ import annotations

from collections.abc import Iterable

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

#: The statuses in which a dispute, an inquiry or, after a loss, an appeal takes an answer; those in
#: which the issuer has it. A status that ends alike and is new at Stripe is taken for its like.
ANSWERABLE = ("needs_response", "warning_needs_response", "appeal_needs_response")
IN_REVIEW = ("under_review", "warning_under_review", "appeal_under_review")
NEEDS_RESPONSE = "needs_response"
UNDER_REVIEW = "under_review"

#: How the disputes of a payment stand together; the first that one of them has is the payment's.
#: `open` holds the money, an `inquiry` asks for no money yet, `lost` took it; the others gave it
#: back or never took it.
OPEN = "open"
INQUIRY = "inquiry"
LOST = "lost"
WON = "won"
PREVENTED = "prevented"
CLOSED = "closed"
DISPUTE_OUTCOMES = (OPEN, INQUIRY, LOST, WON, PREVENTED, CLOSED)
_OUTCOME_OF = {
    "needs_response": OPEN,
    "under_review": OPEN,
    "appeal_needs_response": OPEN,
    "appeal_under_review": OPEN,
    "warning_needs_response": INQUIRY,
    "warning_under_review": INQUIRY,
    "lost": LOST,
    "won": WON,
    "prevented": PREVENTED,
    "warning_closed": CLOSED,
}
#: With these a payment is called disputed; after the others it has its own state back.
DISPUTED = frozenset({OPEN, INQUIRY, LOST})
#: In these the money is not with the shop.
WITHDRAWN = frozenset({OPEN, LOST})


def dispute_outcome(statuses: Iterable[str]) -> str:
    """How disputes of these statuses stand together, '' without any.

    A status that nobody knows yet counts as open: its money may be gone.
    """
    found = {outcome_of(status) for status in statuses}
    return next((one for one in DISPUTE_OUTCOMES if one in found), "")


def outcome_of(status: str) -> str:
    """What one dispute's status means for its payment."""
    return _OUTCOME_OF.get(status, OPEN)


def is_known(status: str) -> bool:
    """Whether this status of a dispute is one that Stripe documented when this was written."""
    return status in _OUTCOME_OF


def is_withdrawn(status: str, *, refundable: bool) -> bool:
    """Whether a dispute's money is not with the shop.

    Of a status that nobody knows yet Stripe's own `is_charge_refundable` tells it.
    """
    return outcome_of(status) in WITHDRAWN if is_known(status) else not refundable


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
