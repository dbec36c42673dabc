"""Ledger rows as Stripe listed them, kept in pages: what the ledger can be made from anew."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from core import clock
from core.db.bulk import insert_rows
from core.db.tables import ledger_readings
from core.gateway.snapshots import FeePart, LedgerEntry

_L = ledger_readings.c
_TIMES = ("created_at", "available_on")


@dataclass(frozen=True, slots=True)
class Booked:
    """When a row came into the ledger, and the day on which it counts, where that is another.

    Of a row from before that was kept it is not known when it came.
    """

    first_seen_at: datetime | None
    booked_day: date | None


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Rows that came together, each with how it was booked; or rows that a payout paid out."""

    seq: int
    payout_id: str | None
    entries: tuple[tuple[LedgerEntry, Booked], ...]
    paid_out: tuple[str, ...]


def keep_entries(
    connection: Connection,
    entries: Iterable[LedgerEntry],
    booked: Mapping[str, Booked],
    *,
    read_at: datetime | None = None,
) -> None:
    """Keep new ledger rows as they came; the caller commits them with the ledger itself.

    `read_at`: when they were read, where that is not when they were booked.
    """
    rows = list(entries)
    if not rows:
        return
    written = [_written(one, booked[one.stripe_id]) for one in rows]
    made = [one.created_at for one in rows]
    seen = read_at or min(booked[one.stripe_id].first_seen_at or clock.EPOCH for one in rows)
    _insert(connection, None, (min(made), max(made), seen), written)


def keep_payout(connection: Connection, payout_id: str, ids: Sequence[str]) -> None:
    """Keep which ledger rows a payout paid out, as Stripe said."""
    now = clock.now()
    _insert(connection, payout_id, (now, now, now), list(ids))


def _insert(
    connection: Connection,
    payout_id: str | None,
    times: tuple[datetime, datetime, datetime],
    content: list[Any],
) -> None:
    row = dict(zip(("oldest_at", "newest_at", "read_at"), times, strict=True))
    insert_rows(
        connection,
        ledger_readings,
        [row | {"payout_id": payout_id, "body": packed(content)}],
    )


def pages(connection: Connection, *, after: int, limit: int) -> list[StoredPage]:
    """Pages in the order in which they came, from behind `after` on."""
    query = (
        select(_L.seq, _L.payout_id, _L.body).where(_L.seq > after).order_by(_L.seq).limit(limit)
    )
    return [_page(*row) for row in connection.execute(query)]


def _page(seq: int, payout_id: str | None, body: bytes) -> StoredPage:
    content = unpacked(body)
    if payout_id is not None:
        return StoredPage(seq, payout_id, (), tuple(content))
    return StoredPage(seq, None, tuple(_read(one) for one in content), ())


def packed(content: Any) -> bytes:
    """JSON, compressed: rows of a page say much the same."""
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)


def unpacked(body: bytes) -> Any:
    """What `packed` was given."""
    return json.loads(zlib.decompress(body))


def _written(entry: LedgerEntry, booked: Booked) -> dict[str, Any]:
    row = {name: value for name, value in vars(entry).items() if value is not None}
    row |= {name: clock.to_micros(row[name]) for name in _TIMES}
    row["fee_parts"] = [
        [part.type, part.amount_minor, part.currency, part.application, part.description]
        for part in entry.fee_parts
    ]
    if booked.first_seen_at is not None:
        row["first_seen_at"] = clock.to_micros(booked.first_seen_at)
    if booked.booked_day is not None:
        row["booked_day"] = booked.booked_day.isoformat()
    return row


#: What a row may lack, for then it is not written.
_OPTIONAL = ("source_id", "charge_id", "exchange_rate", "description")


def _read(row: dict[str, Any]) -> tuple[LedgerEntry, Booked]:
    seen = row.pop("first_seen_at", None)
    day = row.pop("booked_day", None)
    given: dict[str, Any] = {**dict.fromkeys(_OPTIONAL), **row}
    given |= {name: clock.from_micros(row[name]) for name in _TIMES}
    given["fee_parts"] = tuple(FeePart(*part) for part in row["fee_parts"])
    return LedgerEntry(**given), Booked(
        None if seen is None else clock.from_micros(seen),
        None if day is None else date.fromisoformat(day),
    )


def undescribe(
    connection: Connection, *, since: datetime, before: datetime, after: int, limit: int
) -> tuple[int | None, int]:
    """Take what was written on rows that were made before a time out of the pages that may have
    such rows since another; one stretch of pages, in the order of their numbers from behind
    `after` on. The last number, None where there is no more, and how many rows lost something.
    """
    query = select(_L.seq, _L.body).where(_L.seq > after, _L.payout_id.is_(None))
    query = query.where(_L.newest_at >= since, _L.oldest_at < before)
    found = connection.execute(query.order_by(_L.seq).limit(limit)).all()
    edge, lost = clock.to_micros(before), 0
    for seq, body in found:
        rows = unpacked(body)
        old = [one for one in rows if "description" in one and one["created_at"] < edge]
        for one in old:
            del one["description"]
        if old:
            lost += len(old)
            change = update(ledger_readings).where(_L.seq == seq)
            connection.execute(change.values(body=packed(rows)))
    return (found[-1].seq if found else None), lost
