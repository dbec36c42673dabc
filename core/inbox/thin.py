"""Thin events: they name an object that changed, and nothing of it; Stripe is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.inbox.event_effects import EventEffects
from core.mirror.refresh_queue import RefreshRequest

#: Under which name each related object is read, where this program has a reading for it.
READ_AS = {
    "payment_intent": "payment_intent",
    "charge": "charge",
    "refund": "refund",
    "dispute": "dispute",
    "payout": "payout",
    "customer": "customer",
    "review": "review",
    "radar.early_fraud_warning": "early_fraud_warning",
}


def thin_effects(document: Mapping[str, Any], created_at: datetime, livemode: bool) -> EventEffects:
    """The object to be read again; unknown where there is none, or no reading for its kind.

    Some name no object at all (`v1.balance.available`), some none that stands at Stripe's v1
    addresses (`v2.core.account…`).
    """
    related = document.get("related_object")
    if not isinstance(related, dict):
        return EventEffects(known=False)
    kind, stripe_id = READ_AS.get(str(related.get("type"))), related.get("id")
    if kind is None or not isinstance(stripe_id, str) or not stripe_id:
        return EventEffects(known=False)
    return EventEffects(True, marks=(RefreshRequest(kind, stripe_id, livemode, created_at, None),))
