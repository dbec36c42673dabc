"""What an event says: a snapshot to show at once, and which objects to read again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import MalformedObject
from core.gateway import fields
from core.gateway.objects import read_object
from core.gateway.snapshots import Snapshot
from core.mirror.refresh_queue import RefreshRequest

_log = logging.getLogger(__name__)

#: Objects that are read again by their own id.
_KINDS = {
    "payment_intent": "payment_intent",
    "refund": "refund",
    "dispute": "dispute",
    "payout": "payout",
    "radar.early_fraud_warning": "early_fraud_warning",
    "review": "review",
    "customer": "customer",
}
#: Objects whose change also changes the payment that they belong to.
_OF_PAYMENTS = {"charge", "refund", "dispute", "checkout.session", "invoice"}


@dataclass(frozen=True)
class EventEffects:
    """`known` is False for a type that changes nothing here: it is recorded and passed."""

    known: bool
    snapshots: tuple[Snapshot, ...] = ()
    marks: tuple[RefreshRequest, ...] = ()


def read_effects(body: bytes, created_at: datetime, livemode: bool) -> EventEffects:
    """Read a stored event's body. `MalformedObject` if the object inside cannot be read."""
    source = json.loads(body)["data"]["object"]
    kind = source.get("object")
    if kind not in _KINDS and kind not in _OF_PAYMENTS:
        return EventEffects(known=False)
    if source.get("livemode", livemode) is not livemode:
        raise MalformedObject("livemode of the object differs from the event's")
    marks = tuple(
        RefreshRequest(mark_kind, stripe_id, livemode, created_at, _born(source, mark_kind == kind))
        for mark_kind, stripe_id in _stale(kind, source)
    )
    try:
        snapshot = read_object(source, as_of=created_at, confirmed=False, livemode=livemode)
    except MalformedObject as error:
        # The object's id is clear, and Stripe can be asked for it in the version that we read.
        _log.warning("a snapshot of %s cannot be read: %s", kind, error.message)
        snapshot = None
    return EventEffects(True, (snapshot,) if snapshot is not None else (), marks)


def _stale(kind: str, source: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(_KINDS[kind], fields.stripe_id(source))] if kind in _KINDS else []
    if kind in _OF_PAYMENTS:
        payments = _payments(source)
        if payments:
            found += [("payment_intent", payment) for payment in payments]
        elif kind == "charge":
            found.append(("charge", fields.stripe_id(source)))
        elif charge := fields.reference(source, "charge"):
            found.append(("charge", charge))
    return found


def _payments(source: Mapping[str, Any]) -> list[str]:
    """The PaymentIntents of an object. Invoices list theirs since 2025-03-31."""
    listed = fields.part(source, "payments").get("data")
    rows = [fields.part(row, "payment") for row in listed] if isinstance(listed, list) else []
    found = [fields.reference(row, "payment_intent") for row in (source, *rows)]
    return [payment for payment in found if payment]


def _born(source: Mapping[str, Any], own: bool) -> datetime | None:
    """When the marked object itself was made, if this event says it."""
    return fields.moment(source, "created") if own else None
