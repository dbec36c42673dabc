"""One payments row from a PaymentIntent and its latest charge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.db.buckets import folded_email
from core.db.states import payment_state
from core.gateway.snapshots import PaymentSnapshot, Snapshot
from core.ledger.scope import Scope

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
    "card_brand",
    "card_last4",
    "card_country",
    "card_fingerprint",
    "customer_name",
    "amount_refunded_minor",
    "disputed",
    "risk_score",
    "risk_level",
)
_NO_CHARGE: dict[str, Any] = {
    **dict.fromkeys(_OF_CHARGE),
    "amount_refunded_minor": 0,
    "disputed": False,
    "dispute_outcome": "",
    "amount_captured_minor": 0,
    "amount_disputed_minor": 0,
}
_NO_FEE: dict[str, Any] = {"fee_minor": None, "net_minor": None, "settlement_currency": None}


def is_newer(new: Snapshot, old: Row | Snapshot) -> bool:
    """Whether a state overrides another: later, or as late and not less certain."""
    as_of, confirmed = (
        (old.as_of, old.confirmed)
        if isinstance(old, Snapshot)
        else (old["as_of"], old["confirmed"])
    )
    return new.as_of > as_of or (new.as_of == as_of and (new.confirmed or not confirmed))


def newest(snapshots: list[Any]) -> dict[str, Any]:
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
    row: dict[str, Any] = {**_NO_CHARGE, **_NO_FEE, "facet": 0, **(old or {})}
    changed_charge = old is not None and old["latest_charge_id"] != snapshot.latest_charge_id
    row |= {name: source[name] for name in _OF_INTENT}
    if changed_charge:
        row |= _NO_CHARGE | _NO_FEE
    return row | {"updated_at": snapshot.as_of, "day": scope.day(snapshot.created_at)}


def with_charge(row: dict[str, Any], charge: Row | None) -> dict[str, Any]:
    """The row with its charge's columns and with the state that follows from both."""
    if charge is not None:
        row |= {name: charge[name] for name in _OF_CHARGE}
        row["amount_captured_minor"] = charge["amount_captured_minor"]
        row["method_type"] = charge["method_type"] or row["method_type"]
        row["email"] = row["email"] or charge["email"]
        row["updated_at"] = max(row["updated_at"], charge["as_of"])
    row["email"] = folded_email(row["email"]) if row["email"] else None
    row["state"] = payment_state(
        row["status"],
        failed=bool(row["failure_code"]),
        received_minor=row["amount_received_minor"],
        refunded_minor=row["amount_refunded_minor"],
        disputed=row["disputed"],
    )
    return row
