"""Readings of what was read before readings were stored: the mirror's own rows, once each.

They prove what follows from them (payments, words, sums) and nothing of themselves, until Stripe is
asked for their objects again.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, exists, func, or_, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import balance_transaction_fees, balance_transactions, ledger_readings, readings
from core.domain import cursors
from core.gateway.ledger_entries import CHARGE_IDS
from core.gateway.snapshots import FeePart, LedgerEntry
from core.ledger.stored_entries import Booked, keep_entries, keep_payout
from core.mirror.stored_readings import SHAPES, keep_rows
from core.mirror.unchanged import MIRRORED

#: Rows of one transaction.
CHUNK = 300
_CURSOR = "readings filled"
_LEDGER = "balance_transaction"
_PARTS = (*SHAPES, _LEDGER)
_B, _F = balance_transactions.c, balance_transaction_fees.c


def is_filled(connection: Connection) -> bool:
    """Whether every row that was read has a reading now."""
    where = cursors.position(connection, _CURSOR)
    return where is not None and where["part"] == len(_PARTS)


def fill(engine: Engine, *, at: datetime) -> bool:
    """Store readings of one stretch of rows that have none; whether there is more.

    Safe to be cut short, and to be run by several at once: a row is kept once.
    """
    with reading(engine) as connection:
        if is_filled(connection):
            return False
    return retrying(partial(_step, engine, at))


def _step(engine: Engine, at: datetime) -> bool:
    with writing(engine) as connection:
        # Others wait at this row, and go on from where this one ends.
        where = cursors.take_position(connection, _CURSOR, _begun(connection), at=at)
        if where["part"] == len(_PARTS):
            return False
        part = _PARTS[where["part"]]
        last = (
            _ledger(connection, where["after"], clock.from_micros(where["until"]))
            if part == _LEDGER
            else _objects(connection, part, where["after"])
        )
        where["after"] = last or ""
        where["part"] += last is None
        cursors.keep_position(connection, _CURSOR, where, at=at)
        return bool(where["part"] < len(_PARTS))


def _begun(connection: Connection) -> dict[str, Any]:
    """Pages of the ledger since then hold all that came."""
    until = connection.scalar(select(func.min(ledger_readings.c.read_at))) or clock.NEVER
    return {"part": 0, "after": "", "until": clock.to_micros(until)}


def _objects(connection: Connection, kind: str, after: str) -> str | None:
    """Where a stretch ends, None where there is no more."""
    table, r = MIRRORED[kind], readings.c
    kept = exists().where(r.kind == kind, r.stripe_id == table.c.stripe_id)
    query = select(table).where(table.c.stripe_id > after, table.c.confirmed, ~kept)
    rows = connection.execute(query.order_by(table.c.stripe_id).limit(CHUNK)).mappings().all()
    keep_rows(connection, kind, rows)
    return rows[-1]["stripe_id"] if rows else None


def _ledger(connection: Connection, after: str, until: datetime) -> str | None:
    before = or_(_B.first_seen_at.is_(None), _B.first_seen_at < until)
    query = select(balance_transactions).where(_B.stripe_id > after, before)
    rows = connection.execute(query.order_by(_B.stripe_id).limit(CHUNK)).all()
    if not rows:
        return None
    parts = _parts(connection, [row.stripe_id for row in rows])
    entries = [_entry(row, tuple(parts[row.stripe_id])) for row in rows]
    booked = {row.stripe_id: Booked(row.first_seen_at, row.booked_day) for row in rows}
    keep_entries(connection, entries, booked, read_at=clock.EPOCH)
    paid_out = defaultdict(list)
    for row in rows:
        if row.payout_id is not None:
            paid_out[row.payout_id].append(row.stripe_id)
    for payout_id, ids in sorted(paid_out.items()):
        keep_payout(connection, payout_id, ids)
    return str(rows[-1].stripe_id)


def _parts(connection: Connection, ids: list[str]) -> dict[str, list[FeePart]]:
    found: dict[str, list[FeePart]] = defaultdict(list)
    query = select(
        _F.transaction_id, _F.type, _F.amount_minor, _F.currency, _F.application, _F.description
    ).where(_F.transaction_id.in_(ids))
    for row in connection.execute(query.order_by(_F.transaction_id, _F.position)):
        found[row[0]].append(FeePart(*row[1:]))
    return found


def _entry(row: Any, parts: tuple[FeePart, ...]) -> LedgerEntry:
    """The row as Stripe listed it; the charge behind a refund or a dispute is found through it."""
    names = set(LedgerEntry.__dataclass_fields__) - {"charge_id", "fee_parts"}
    said = {name: value for name, value in row._mapping.items() if name in names}
    source = row.source_id or ""
    charge = source if source.startswith(CHARGE_IDS) else None
    return LedgerEntry(**said, charge_id=charge, fee_parts=parts)
