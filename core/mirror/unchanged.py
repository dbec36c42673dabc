"""Which of Stripe's objects stand in the mirror just as they were read now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, select, update

from core.db import tables
from core.gateway.snapshots import (
    ChargeSnapshot,
    CustomerSnapshot,
    DisputeSnapshot,
    PaymentSnapshot,
    PayoutSnapshot,
    RefundSnapshot,
    ReviewSnapshot,
    Snapshot,
    WarningSnapshot,
)
from core.ledger.booking import Scope
from core.mirror import stored_readings
from core.mirror.merge import with_charge, with_intent

#: Where the mirror keeps each object that has a row of its own, column by column.
TABLE_OF: dict[type[Snapshot], Table] = {
    ChargeSnapshot: tables.charges,
    CustomerSnapshot: tables.customers,
    RefundSnapshot: tables.refunds,
    DisputeSnapshot: tables.disputes,
    WarningSnapshot: tables.early_fraud_warnings,
    ReviewSnapshot: tables.reviews,
    PayoutSnapshot: tables.payouts,
}
#: The same by kind, and the payments.
MIRRORED = {
    "payment_intent": tables.payments,
    "charge": tables.charges,
    "customer": tables.customers,
    "refund": tables.refunds,
    "dispute": tables.disputes,
    "early_fraud_warning": tables.early_fraud_warnings,
    "review": tables.reviews,
    "payout": tables.payouts,
}
#: What says how a state came, and nothing of the state.
_HOW = ("as_of", "confirmed", "updated_at")
_NAMES = {
    kind: tuple(one.name for one in fields_of(kind) if one.name not in _HOW) for kind in TABLE_OF
}
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_STATE = {kind: attrgetter(*names) for kind, names in _NAMES.items()}
#: The state of confirmed rows by their ids. Built once: that takes longer than asking.
_CONFIRMED: dict[type[Snapshot], Select[Any]] = {
    kind: select(*(TABLE_OF[kind].c[name] for name in names)).where(
        TABLE_OF[kind].c.stripe_id.in_(_IDS),
        TABLE_OF[kind].c.confirmed,
    )
    for kind, names in _NAMES.items()
}
_PAYMENTS = select(tables.payments).where(
    tables.payments.c.stripe_id.in_(_IDS), tables.payments.c.confirmed
)
_CHARGES = select(tables.charges).where(tables.charges.c.stripe_id.in_(_IDS))


def same(connection: Connection, snapshots: Sequence[Snapshot], scope: Scope) -> set[str]:
    """The ids of those that the mirror shows so already, from a confirmed reading."""
    intents = [one for one in snapshots if isinstance(one, PaymentSnapshot)]
    found: set[str] = set()
    for kind in TABLE_OF:
        own = [one for one in snapshots if type(one) is kind]
        if own:
            found |= _alike(connection, kind, own)
    if intents:
        found |= _same_payments(connection, intents, scope)
    return found


def touch(connection: Connection, snapshots: Sequence[Snapshot]) -> None:
    """Write that these unchanged objects were read now, and write nothing else."""
    for table, ids, as_of in _rows_of(snapshots):
        connection.execute(
            update(table)
            .where(table.c.stripe_id.in_(sorted(ids)), table.c.as_of < as_of)
            .values(as_of=as_of)
        )
        stored_readings.touch(connection, table.name, ids, as_of)


def _rows_of(snapshots: Sequence[Snapshot]) -> list[tuple[Table, set[str], datetime]]:
    """The rows behind snapshots of one reading, payments first."""
    found: dict[str, tuple[Table, set[str], datetime]] = {}
    for one in snapshots:
        if isinstance(one, PaymentSnapshot):
            _add(found, tables.payments, one)
            if one.charge is not None:
                _add(found, tables.charges, one.charge)
        else:
            _add(found, TABLE_OF[type(one)], one)
    return [found[name] for name in sorted(found, reverse=True)]


def _add(
    found: dict[str, tuple[Table, set[str], datetime]], table: Table, snapshot: Snapshot
) -> None:
    _, ids, _ = found.setdefault(table.name, (table, set(), snapshot.as_of))
    ids.add(snapshot.stripe_id)


def _alike(connection: Connection, kind: type[Snapshot], own: Sequence[Snapshot]) -> set[str]:
    asked, state = {"ids": [one.stripe_id for one in own]}, _STATE[kind]
    kept = {row.stripe_id: tuple(row) for row in connection.execute(_CONFIRMED[kind], asked)}
    return {one.stripe_id for one in own if kept.get(one.stripe_id) == state(one)}


def _same_payments(
    connection: Connection, intents: Sequence[PaymentSnapshot], scope: Scope
) -> set[str]:
    """Payments of which this reading would change no column, nor one of their charges."""
    asked = {"ids": [one.stripe_id for one in intents]}
    rows = connection.execute(_PAYMENTS, asked).mappings()
    kept = {row["stripe_id"]: dict(row) for row in rows}
    known = [one for one in intents if one.stripe_id in kept]
    if not known:
        return set()
    came = [one.charge for one in known if one.charge is not None]
    attempts = _alike(connection, ChargeSnapshot, came) if came else set()
    paid_by = sorted({row["latest_charge_id"] for row in kept.values() if row["latest_charge_id"]})
    behind: dict[str, Any] = {}
    if paid_by:
        charges = connection.execute(_CHARGES, {"ids": paid_by}).mappings()
        behind = {row["stripe_id"]: row for row in charges}
    return {
        one.stripe_id
        for one in known
        if (one.charge is None or one.charge.stripe_id in attempts)
        and _state(_after(kept[one.stripe_id], one, behind, scope)) == _state(kept[one.stripe_id])
    }


def _after(
    before: dict[str, Any], intent: PaymentSnapshot, behind: dict[str, Any], scope: Scope
) -> dict[str, Any]:
    row = with_intent(before, intent, scope)
    return with_charge(row, behind.get(row["latest_charge_id"]))


def _state(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _HOW}
