"""Keeps what was exported of closed months. A batch never changes; a correction is a new one."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from core.books.journal import Entry, Key, Line, difference, entry_id
from core.db.bulk import insert_rows
from core.db.tables import journal_batches, journal_lines
from core.db.upsert import insert_new
from core.errors import BatchAltered
from core.money import Money


@dataclass(frozen=True, slots=True)
class Batch:
    """An entry as it was exported, which one of its day it is, and when (UTC)."""

    entry: Entry
    #: From one on, of a day, currency and balance.
    number: int
    exported_at: datetime


def kept(
    connection: Connection, *, livemode: bool, since: date, until: date, currency: str | None = None
) -> dict[Key, list[Batch]]:
    """The batches of these days, first to last correction; `BatchAltered` where one was changed."""
    found: dict[Key, list[Batch]] = defaultdict(list)
    for batch, is_whole in _read(connection, livemode, since, until, currency):
        if not is_whole:
            raise BatchAltered(f"batch {batch.entry.entry_id} is not what was exported")
        found[batch.entry.key].append(batch)
    return found


def altered(connection: Connection, *, livemode: bool, since: date, until: date) -> list[Entry]:
    """The batches of these days that are not what was exported."""
    found = _read(connection, livemode, since, until, None)
    return [batch.entry for batch, is_whole in found if not is_whole]


def _read(
    connection: Connection, livemode: bool, since: date, until: date, currency: str | None
) -> Iterator[tuple[Batch, bool]]:
    """Each batch, and whether its digest is that of its lines."""
    b, n = journal_batches.c, journal_lines.c
    asked = (
        select(journal_batches)
        .where(b.livemode == livemode, b.day >= since, b.day < until)
        .order_by(b.day, b.currency, b.balance_type, b.number)
    )
    if currency is not None:
        asked = asked.where(b.currency == currency)
    batches = list(connection.execute(asked).mappings())
    mine = asked.with_only_columns(b.id).order_by(None)
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in connection.execute(
        select(journal_lines).where(n.batch_id.in_(mine)).order_by(n.batch_id, n.position)
    ).mappings():
        lines[row["batch_id"]].append(_line(row))
    for row in batches:
        key = Key(row["day"], row["currency"], row["balance_type"])
        entry = Entry(row["id"], key, tuple(lines[row["id"]]), row["corrects"])
        yield Batch(entry, row["number"], row["exported_at"]), digest(entry) == row["digest"]


def continued(
    entries: Mapping[Key, Entry],
    before: Mapping[Key, Sequence[Batch]],
    *,
    livemode: bool,
    now: datetime,
) -> tuple[list[Batch], list[Batch]]:
    """All batches of some days and currencies in their order, and those of them that are new.

    `before` are those that are kept. An entry that has none yet is one; where an entry came to
    differ from those it has, the difference is one.
    """
    found: list[Batch] = []
    fresh: list[Batch] = []
    for key in sorted(entries.keys() | before.keys()):
        old = before.get(key, ())
        entry = entries.get(key)
        if old:
            own_id = entry_id(key, livemode=livemode, number=len(old) + 1)
            past = [batch.entry for batch in old]
            entry = difference(entry, past, key, own_id, past[-1].entry_id)
        found += old
        if entry is not None:
            fresh.append(Batch(entry, len(old) + 1, now))
            found.append(fresh[-1])
    return found, fresh


def write(connection: Connection, fresh: Sequence[Batch], *, livemode: bool) -> None:
    """Keep new batches; `InsertRace` when another export was faster: the caller makes them anew."""
    insert_new(connection, journal_batches, [_batch_row(one, livemode) for one in fresh])
    insert_rows(connection, journal_lines, [row for one in fresh for row in _line_rows(one.entry)])


def digest(entry: Entry) -> str:
    """SHA-256 over an entry and its lines."""
    told: list[Any] = [entry.entry_id, entry.corrects, entry.key.day.isoformat(), *entry.key[1:]]
    told += [list(row.values()) for row in _line_rows(entry)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _batch_row(batch: Batch, livemode: bool) -> dict[str, Any]:
    entry = batch.entry
    return {
        "id": entry.entry_id,
        "livemode": livemode,
        **entry.key._asdict(),
        "number": batch.number,
        "corrects": entry.corrects,
        "lines": len(entry.lines),
        "digest": digest(entry),
        "exported_at": batch.exported_at,
    }


def _line_rows(entry: Entry) -> list[dict[str, Any]]:
    return [
        {
            "batch_id": entry.entry_id,
            "position": position,
            "account": line.account,
            "amount_minor": line.minor,
            "currency": entry.currency,
            "what": line.what,
            "count": line.count,
            "source_id": line.source_id,
            "presented_minor": line.presented.minor if line.presented else None,
            "presented_currency": line.presented.currency if line.presented else None,
        }
        for position, line in enumerate(entry.lines, 1)
    ]


def _line(row: Mapping[Any, Any]) -> Line:
    shown = row["presented_currency"]
    return Line(
        row["account"],
        row["amount_minor"],
        row["what"],
        row["count"],
        row["source_id"],
        None if shown is None else Money(row["presented_minor"], shown),
    )
