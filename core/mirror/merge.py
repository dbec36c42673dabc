"""One payments row from a PaymentIntent, its latest charge, its refunds and its disputes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain import payment_states
from core.domain.refund_states import UNDONE
from core.domain.search_histograms import folded_email
from core.gateway.snapshots import PaymentSnapshot, Snapshot
from core.ledger.booking import Scope

Row = Mapping[Any, Any]

#: What a payments row takes from the PaymentIntent as it stands.
_OF_INTENT = (
    "stripe_id",
    "livemode",
    "created_at",
    "as_of",
    "confirmed",
    "status",
    "amount_minor",
    "currency",
    "amount_received_minor",
    "amount_capturable_minor",
    "latest_charge_id",
    "customer_id",
    "order_id",
    "user_id",
    "ip",
    "email",
    "description",
    "method_type",
    "failure_code",
    "decline_code",
    "failure_message",
    "next_action",
    "cancellation_reason",
    "metadata_json",
    "canceled_at",
)
#: What it takes from its latest charge, where there is one.
_OF_CHARGE = (
    "amount_captured_minor",
    "card_brand",
    "card_last4",
    "card_country",
    "card_fingerprint",
    "customer_name",
    "risk_score",
    "risk_level",
)
_NO_CHARGE: dict[str, Any] = {**dict.fromkeys(_OF_CHARGE), "amount_captured_minor": 0}
_NO_PARTS: dict[str, Any] = {
    "amount_refunded_minor": 0,
    "amount_disputed_minor": 0,
    "disputed": False,
    "dispute_outcome": "",
}
_NO_FEE: dict[str, Any] = {"fee_minor": None, "net_minor": None, "settlement_currency": None}


@dataclass(frozen=True, slots=True)
class RefundOf:
    """A refund of a payment; `category` is its ledger row's, None until Stripe has booked it."""

    stripe_id: str
    payment_id: str
    status: str
    amount_minor: int
    released: bool
    category: str | None


@dataclass(frozen=True, slots=True)
class DisputeOf:
    """A dispute about a payment. Minor units of its own `currency`."""

    payment_id: str
    status: str
    amount_minor: int
    currency: str
    refundable: bool


def is_newer(new: Snapshot, old: Row | Snapshot) -> bool:
    """Whether a state overrides another: later, or as late and not less certain."""
    as_of, confirmed = (
        (old.as_of, old.confirmed)
        if isinstance(old, Snapshot)
        else (old["as_of"], old["confirmed"])
    )
    return new.as_of > as_of or (new.as_of == as_of and (new.confirmed or not confirmed))


def newest(snapshots: Sequence[Any]) -> dict[str, Any]:
    """The newest snapshot of each object."""
    kept: dict[str, Any] = {}
    for snapshot in snapshots:
        other = kept.get(snapshot.stripe_id)
        if other is None or is_newer(snapshot, other):
            kept[snapshot.stripe_id] = snapshot
    return kept


def with_intent(old: Row | None, snapshot: PaymentSnapshot, scope: Scope) -> dict[str, Any]:
    """The row with the PaymentIntent's columns set; the charge's are still the old ones."""
    source = vars(snapshot)
    row: dict[str, Any] = {**_NO_CHARGE, **_NO_PARTS, **_NO_FEE, "facet": 0, **(old or {})}
    changed_charge = old is not None and old["latest_charge_id"] != snapshot.latest_charge_id
    row |= {name: source[name] for name in _OF_INTENT}
    if changed_charge:
        row |= _NO_CHARGE | _NO_FEE
    return row | {"updated_at": snapshot.as_of, "day": scope.day(snapshot.created_at)}


def with_charge(row: dict[str, Any], charge: Row | None) -> dict[str, Any]:
    """The row with its charge's columns."""
    row["amount_captured_minor"] = row["amount_received_minor"]
    if charge is not None:
        row |= {name: charge[name] for name in _OF_CHARGE}
        row["method_type"] = charge["method_type"] or row["method_type"]
        row["email"] = row["email"] or charge["email"]
        row["updated_at"] = max(row["updated_at"], charge["as_of"])
    row["email"] = folded_email(row["email"]) if row["email"] else None
    return row


def is_release(refund: RefundOf, charge: Row | None) -> bool:
    """Whether a refund only let an authorization go: no money was given back.

    Before 2025-03-31.basil Stripe wrote a Refund of what a capture left, and of an authorization
    that was canceled. The ledger says so of the first; nothing was captured of the second.
    """
    if refund.category is not None:
        return refund.category == "partial_capture_reversal"
    return refund.released if charge is None else not charge["captured"]


def with_refunds(row: dict[str, Any], charge: Row | None, refunds: Sequence[RefundOf]) -> None:
    """Set what was given back, by refunds and by Stripe's own sum: each may be ahead."""
    taken = [one for one in refunds if one.status not in UNDONE]
    given_back = sum(one.amount_minor for one in taken if not one.released)
    let_go = sum(one.amount_minor for one in taken if one.released)
    stated = 0
    if charge is not None and charge["captured"]:
        stated = min(charge["amount_refunded_minor"] - let_go, charge["amount_captured_minor"])
    row["amount_refunded_minor"] = max(given_back, stated)


def with_disputes(row: dict[str, Any], charge: Row | None, disputes: Sequence[DisputeOf]) -> None:
    """Set how the disputes stand and what they hold or took, of what was captured.

    One in another currency counts for all of it. One that Stripe tells of and that is not read
    yet counts as open.
    """
    outcome = payment_states.dispute_outcome(one.status for one in disputes)
    if not disputes and charge is not None and charge["disputed"]:
        outcome = payment_states.OPEN
    captured = row["amount_captured_minor"]
    gone = [
        one
        for one in disputes
        if payment_states.is_withdrawn(one.status, refundable=one.refundable)
    ]
    own = sum(one.amount_minor for one in gone if one.currency == row["currency"])
    unread = outcome == payment_states.OPEN and not disputes
    foreign = any(one.currency != row["currency"] for one in gone)
    row["amount_disputed_minor"] = captured if unread or foreign else min(own, captured)
    row["dispute_outcome"] = outcome
    row["disputed"] = outcome in payment_states.DISPUTED


def with_state(row: dict[str, Any]) -> None:
    """Set the state that follows from all of it."""
    row["state"] = payment_states.payment_state(
        row["status"],
        failed=bool(row["failure_code"]),
        received_minor=row["amount_captured_minor"],
        refunded_minor=row["amount_refunded_minor"],
        disputed=row["disputed"],
    )
