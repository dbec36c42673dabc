"""What of Stripe's objects is about a person, and the same without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from core import clock
from core.domain.personal_data import SHORTEST, purged
from core.gateway.snapshots import (
    ChargeSnapshot,
    CustomerSnapshot,
    LedgerEntry,
    PaymentSnapshot,
    Snapshot,
)

S = TypeVar("S", bound=Snapshot)

#: Names, addresses, what was written on a payment, and what tells one card from others. Ids stay,
#: the shop's own for its order and its user too.
PERSONAL: dict[type[Snapshot], tuple[str, ...]] = {
    ChargeSnapshot: ("email", "customer_name", "card_last4", "card_fingerprint"),
    PaymentSnapshot: ("email", "ip", "description", "metadata_json"),
    CustomerSnapshot: ("email", "name"),
}


def without_old(connection: Connection, snapshots: Sequence[S]) -> Sequence[S]:
    """Snapshots without what is about a person, where that was let go of objects of their age."""
    before = _before(connection, [one.created_at for one in snapshots])
    return snapshots if before is None else [reduced(one, before) for one in snapshots]


def entries_without_old(
    connection: Connection, entries: Sequence[LedgerEntry]
) -> Sequence[LedgerEntry]:
    """The same of ledger rows: what was written on them."""
    before = _before(connection, [one.created_at for one in entries])
    if before is None:
        return entries
    return [replace(one, description=None) if one.created_at < before else one for one in entries]


def reduced(snapshot: S, before: datetime) -> S:
    """A snapshot without what is about a person, if its object was made before a time."""
    changed: dict[str, Any] = {}
    if snapshot.created_at < before:
        changed = dict.fromkeys(PERSONAL.get(type(snapshot), ()))
    if isinstance(snapshot, PaymentSnapshot) and snapshot.charge is not None:
        changed["charge"] = reduced(snapshot.charge, before)
    return replace(snapshot, **changed) if changed else snapshot


def _before(connection: Connection, made: Sequence[datetime]) -> datetime | None:
    """Until when it was let go, where one of these is old enough to ask."""
    if not made or min(made) > clock.now() - SHORTEST:
        return None
    return purged(connection).before
