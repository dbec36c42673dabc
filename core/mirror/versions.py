"""How new the state is that the mirror shows of an object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from core.db import tables

Key = tuple[str, str]

#: Where the mirror shows an object of each kind: its id, and the time of the state shown.
_MIRRORED = {
    kind: tuple((id_column, id_column.table.c.as_of) for id_column in columns)
    for kind, columns in {
        "payment_intent": (tables.payments.c.stripe_id, tables.charges.c.payment_id),
        "charge": (tables.charges.c.stripe_id,),
        "refund": (tables.refunds.c.stripe_id,),
        "dispute": (tables.disputes.c.stripe_id,),
        "payout": (tables.payouts.c.stripe_id,),
        "early_fraud_warning": (tables.early_fraud_warnings.c.stripe_id,),
        "review": (tables.reviews.c.stripe_id,),
        "customer": (tables.customers.c.stripe_id,),
    }.items()
}


def by_kind(keys: Sequence[Key]) -> dict[str, list[str]]:
    """The ids of each kind."""
    found: dict[str, list[str]] = {}
    for kind, stripe_id in keys:
        found.setdefault(kind, []).append(stripe_id)
    return found


def times_shown(connection: Connection, keys: Sequence[Key]) -> dict[Key, datetime]:
    """The time of the state shown of each object, of a payment also that of its charges."""
    found: dict[Key, datetime] = {}
    for kind, ids in by_kind(keys).items():
        for column, as_of in _MIRRORED.get(kind, ()):
            for stripe_id, at in connection.execute(select(column, as_of).where(column.in_(ids))):
                found[kind, stripe_id] = max(at, found.get((kind, stripe_id), at))
    return found
