"""The newest reading of each object, kept beside the mirror: what it can be made from anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, and_, case, or_, select, update
from sqlalchemy.dialects import mysql, sqlite

from core import clock
from core.db.bulk import insert_rows
from core.db.engine import is_sqlite
from core.db.tables import readings
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

#: What is kept, in the order in which the mirror is made from it: what stands behind a row first.
SHAPES: Mapping[str, type[Snapshot]] = {
    "charge": ChargeSnapshot,
    "customer": CustomerSnapshot,
    "refund": RefundSnapshot,
    "dispute": DisputeSnapshot,
    "early_fraud_warning": WarningSnapshot,
    "review": ReviewSnapshot,
    "payout": PayoutSnapshot,
    "payment_intent": PaymentSnapshot,
}
_KIND_OF = {shape: kind for kind, shape in SHAPES.items()}
#: Columns of their own; a payment's charge has a reading of its own.
_BESIDE = frozenset({"stripe_id", "livemode", "created_at", "as_of", "confirmed", "charge"})
#: What a reading says, by kind; and what of it are times.
_SAID = {
    kind: tuple(one.name for one in fields(shape) if one.name not in _BESIDE)
    for kind, shape in SHAPES.items()
}
_TIMES = {
    kind: tuple(
        one.name for one in fields(shape) if one.name not in _BESIDE and "datetime" in str(one.type)
    )
    for kind, shape in SHAPES.items()
}
_JSON = json.JSONEncoder(separators=(",", ":"))
_R = readings.c


@dataclass(frozen=True, slots=True)
class Absent:
    """An object that Stripe said, at `as_of`, that it does not have."""

    kind: str
    stripe_id: str
    livemode: bool
    as_of: datetime


def keep_readings(connection: Connection, snapshots: Iterable[Snapshot]) -> None:
    """Keep what was read from Stripe; of an object the newest. What events say is in the inbox."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one in snapshots:
        for own in (one, getattr(one, "charge", None)):
            if own is not None and own.confirmed:
                kind = _KIND_OF[type(own)]
                before = rows.get((kind, own.stripe_id))
                if before is None or own.as_of >= before["as_of"]:
                    rows[kind, own.stripe_id] = _row(kind, vars(own))
    _write(connection, [rows[key] for key in sorted(rows)])


def keep_absent(
    connection: Connection, absent: Iterable[tuple[str, str, bool]], *, at: datetime
) -> None:
    """Keep that Stripe does not have these (kind, id, livemode), where nothing was read of them."""
    rows = [
        {"kind": kind, "stripe_id": stripe_id, "livemode": livemode}
        | {"created_at": at, "as_of": at, "body": None}
        for kind, stripe_id, livemode in sorted(set(absent))
        if kind in SHAPES
    ]
    _write(connection, rows)


def touch(connection: Connection, table: str, ids: Iterable[str], as_of: datetime) -> None:
    """Keep that these objects of a mirror table were read again, and were as they had been."""
    connection.execute(
        update(readings)
        .where(_R.kind == _KIND_IN[table], _R.stripe_id.in_(sorted(ids)), _R.as_of < as_of)
        .values(as_of=as_of)
    )


#: The kind of the objects in a mirror table.
_KIND_IN = {
    "payments": "payment_intent",
    "charges": "charge",
    "customers": "customer",
    "refunds": "refund",
    "disputes": "dispute",
    "early_fraud_warnings": "early_fraud_warning",
    "reviews": "review",
    "payouts": "payout",
}
#: The mirror table of each kind.
TABLE_OF_KIND = {kind: table for table, kind in _KIND_IN.items()}


def _write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """In key order, so that two writers do not deadlock."""
    if rows:
        insert_rows(connection, readings, rows, _upsert(is_sqlite(connection)))


@cache
def _upsert(sqlite_: bool) -> Any:
    """Newer wins; that there is none never overwrites what was read; `created_at` stays."""
    if sqlite_:
        insert = sqlite.insert(readings)
        new = insert.excluded
        return insert.on_conflict_do_update(
            index_elements=["kind", "stripe_id"],
            set_={name: new[name] for name in ("livemode", "body", "as_of")},
            where=_newer(new, readings),
        )
    into = mysql.insert(readings)
    new, guard = into.inserted, _newer(into.inserted, readings)
    # MySQL assigns from left to right: what the guard reads comes last.
    pairs = [(name, case((guard, new[name]), else_=_R[name])) for name in ("livemode", "body")]
    latest = case((new["as_of"] > _R.as_of, new["as_of"]), else_=_R.as_of)
    return into.on_duplicate_key_update([*pairs, ("as_of", latest)])


def _newer(new: Any, table: Table) -> Any:
    said = or_(new["body"].is_not(None), table.c.body.is_(None))
    return and_(said, new["as_of"] >= table.c.as_of)


def stored(connection: Connection, kind: str, *, after: str, limit: int) -> list[Snapshot | Absent]:
    """The readings of a kind in the order of their ids, from behind `after` on."""
    query = (
        select(_R.stripe_id, _R.livemode, _R.created_at, _R.as_of, _R.body)
        .where(_R.kind == kind, _R.stripe_id > after)
        .order_by(_R.stripe_id)
        .limit(limit)
    )
    return [
        Absent(kind, row.stripe_id, row.livemode, row.as_of)
        if row.body is None
        else _read(kind, row.body, row[:4])
        for row in connection.execute(query)
    ]


def keep_rows(connection: Connection, kind: str, rows: Iterable[Mapping[Any, Any]]) -> None:
    """Keep rows of the mirror, which were read, as their own readings: there is no other."""
    _write(connection, [_row(kind, row) for row in rows])


def _row(kind: str, every: Mapping[Any, Any]) -> dict[str, Any]:
    said = {name: value for name in _SAID[kind] if (value := every[name]) is not None}
    for name in _TIMES[kind]:
        if name in said:
            said[name] = clock.to_micros(said[name])
    return {
        "kind": kind,
        "stripe_id": every["stripe_id"],
        "livemode": every["livemode"],
        "created_at": every["created_at"],
        "as_of": every["as_of"],
        "body": _packed(said),
    }


def _read(kind: str, body: bytes, beside: Sequence[Any]) -> Snapshot:
    said = dict.fromkeys(_SAID[kind]) | json.loads(body)
    for name in _TIMES[kind]:
        if said[name] is not None:
            said[name] = clock.from_micros(said[name])
    stripe_id, livemode, created_at, as_of = beside
    if kind == "payment_intent":
        said["charge"] = None
    return SHAPES[kind](
        stripe_id=stripe_id,
        livemode=livemode,
        created_at=created_at,
        as_of=as_of,
        confirmed=True,
        **said,
    )


def _packed(said: Mapping[str, Any]) -> bytes:
    # Not compressed: a few hundred bytes gain a third, for more time than all the rest takes.
    return _JSON.encode(said).encode()


def strip(connection: Connection, kind: str, ids: Iterable[str], names: Iterable[str]) -> None:
    """Take fields out of the readings of these objects: what is about a person."""
    personal = set(names)
    query = select(_R.stripe_id, _R.body).where(_R.kind == kind, _R.stripe_id.in_(sorted(ids)))
    for stripe_id, body in connection.execute(query.where(_R.body.is_not(None))).all():
        said = json.loads(body)
        if personal & said.keys():
            left = {name: value for name, value in said.items() if name not in personal}
            change = update(readings).where(_R.kind == kind, _R.stripe_id == stripe_id)
            connection.execute(change.values(body=_packed(left)))
