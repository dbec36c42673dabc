"""Objects that carry an operation's tag without being known as what came of it.

One operation makes one object. Two with its tag mean that it was sent twice under keys that Stripe
took for different ones, or that somebody copied the tag; `core.alerts` tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from core.db.tables import operation_objects, operations
from core.db.upsert import insert_missing
from core.gateway.snapshots import PaymentSnapshot, RefundSnapshot, Snapshot

_ID = re.compile(r"(?P<id>[0-9a-f-]{36})")
#: In the metadata of a payment, as JSON.
_TAGGED = re.compile(r'"tillwatch_operation": "(?P<id>[0-9a-f-]{36})"')


@dataclass(frozen=True, slots=True)
class Tagged:
    """An object at Stripe with the tag of an operation."""

    operation_id: str
    stripe_id: str
    livemode: bool
    payment_id: str | None


def note_tagged_snapshots(
    connection: Connection, snapshots: Iterable[Snapshot], at: datetime
) -> None:
    """Note those of them that are not known as what came of the operation whose tag they carry."""
    note_tagged(connection, list(_tagged(snapshots)), at)


def note_tagged(connection: Connection, found: list[Tagged], at: datetime) -> None:
    """As `note_tagged_snapshots`. A tag that is no operation's of ours says nothing."""
    if not found:
        return
    o = operations.c
    asked = select(o.id, o.livemode, o.stripe_id).where(
        o.id.in_({one.operation_id for one in found})
    )
    known = {(row.id, bool(row.livemode)): row.stripe_id for row in connection.execute(asked)}
    rows = [
        {
            "operation_id": one.operation_id,
            "stripe_id": one.stripe_id,
            "livemode": one.livemode,
            "payment_id": one.payment_id,
            "seen_at": at,
        }
        for one in found
        if known.get((one.operation_id, one.livemode), one.stripe_id) != one.stripe_id
    ]
    rows.sort(key=lambda row: (row["operation_id"], row["stripe_id"]))
    insert_missing(connection, operation_objects, rows, "operation_id", "stripe_id")


def settle(connection: Connection, operation_id: str, stripe_id: str) -> None:
    """The operation is known to have made this object: it is as it should be."""
    c = operation_objects.c
    own = (c.operation_id == operation_id) & (c.stripe_id == stripe_id)
    connection.execute(delete(operation_objects).where(own))


def _tagged(snapshots: Iterable[Snapshot]) -> Iterator[Tagged]:
    for one in snapshots:
        if isinstance(one, RefundSnapshot):
            tag = _ID.fullmatch(one.operation_id or "")
        elif isinstance(one, PaymentSnapshot):
            tag = _TAGGED.search(one.metadata_json or "")
        else:
            continue
        if tag:
            payment = one.payment_id if isinstance(one, RefundSnapshot) else None
            yield Tagged(tag["id"], one.stripe_id, one.livemode, payment)
