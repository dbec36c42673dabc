"""The log that shows tampering: insert only, each row sealed with the one before it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, select

from core import clock
from core.db.engine import is_sqlite
from core.db.tables import audit_log, settings_table
from core.db.upsert import insert_missing, insert_new
from core.errors import InvalidInput

_GENESIS = "0" * 64
_HEAD = "audit.head"
_BATCH = 1000
_HEAD_FORM = re.compile(r"\d{1,18} [0-9a-f]{64}")


@dataclass(frozen=True)
class Broken:
    """The first row where the chain does not hold, and why."""

    seq: int
    why: str


def append(
    connection: Connection,
    *,
    actor: str,
    action: str,
    target: str = "",
    outcome: str = "ok",
    details: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> int:
    """Write one row in the caller's own write transaction; returns its number.

    The head row is locked until the caller commits, so call this last: the chain stays linear
    with any number of writers, and nobody waits longer than for this row.
    """
    last_seq, previous = _take_head(connection)
    row: dict[str, Any] = {
        "seq": last_seq + 1,
        "at": now or clock.now(),
        "actor": actor[:64],
        "action": action,
        "target": target[:255],
        "outcome": outcome,
        "details": _canonical(details or {}),
        "previous_hash": previous,
    }
    row["hash"] = seal(row)
    insert_new(connection, audit_log, [row])
    connection.execute(
        settings_table.update()
        .where(settings_table.c.name == _HEAD)
        .values(value=f"{row['seq']} {row['hash']}", updated_at=row["at"])
    )
    return int(row["seq"])


def append_once(
    connection: Connection, within: timedelta, *, actor: str, action: str, **rest: Any
) -> None:
    """Append unless this actor already has such a row: a repeated refusal is one fact."""
    now = rest.get("now") or clock.now()
    query = select(
        exists().where(
            audit_log.c.actor == actor[:64],
            audit_log.c.at > now - within,
            audit_log.c.action == action,
            audit_log.c.target == rest.get("target", "")[:255],
            audit_log.c.outcome == rest.get("outcome", "ok"),
        )
    )
    if not connection.execute(query).scalar():
        append(connection, actor=actor, action=action, **rest)


def seal(row: Mapping[str, Any]) -> str:
    """SHA-256 over the previous row's hash and this row in its one canonical form."""
    fields = [
        row["seq"],
        clock.to_micros(row["at"]),
        row["actor"],
        row["action"],
        row["target"],
        row["outcome"],
        row["details"],
    ]
    return hashlib.sha256((row["previous_hash"] + _canonical(fields)).encode()).hexdigest()


def head(connection: Connection) -> tuple[int, str]:
    """The last row's number and hash: print it elsewhere, and the log is anchored there."""
    query = select(settings_table.c.value).where(settings_table.c.name == _HEAD)
    return _parsed(connection.execute(query).scalar())


def verify(connection: Connection, anchor: tuple[int, str] | None = None) -> Broken | None:
    """Walk the whole chain; the first row that was changed, removed or put in, if any.

    A chain that was written anew from its first row holds by itself: `anchor`, a head that was
    printed earlier and kept elsewhere, shows that too.
    """
    previous, expected = _GENESIS, 1
    while rows := connection.execute(
        select(audit_log).where(audit_log.c.seq >= expected).order_by(audit_log.c.seq).limit(_BATCH)
    ).all():
        for row in rows:
            if row.seq != expected:
                return Broken(expected, "is missing")
            if row.previous_hash != previous:
                return Broken(row.seq, "does not follow the row before it")
            if seal(row._asdict()) != row.hash:
                return Broken(row.seq, "was changed")
            if anchor is not None and anchor[0] == row.seq and anchor[1] != row.hash:
                return Broken(row.seq, "is not the row that the anchor names")
            previous, expected = row.hash, expected + 1
    if anchor is not None and anchor[0] >= expected:
        return Broken(expected, "is missing, and the anchor names a later one")
    if head(connection) != (expected - 1, previous):
        return Broken(expected, "is missing at the end, or the head was changed")
    before = select(audit_log.c.seq).where(audit_log.c.seq < 1).limit(1)
    stray = connection.execute(before).scalar()
    return None if stray is None else Broken(stray, "was put in before the first")


def _take_head(connection: Connection) -> tuple[int, str]:
    query = select(settings_table.c.value).where(settings_table.c.name == _HEAD)
    if not is_sqlite(connection):  # SQLite's writer already holds the only write lock
        query = query.with_for_update()
    value = connection.execute(query).scalar()
    if value is None:
        first = {
            "name": _HEAD,
            "value": f"0 {_GENESIS}",
            "updated_at": clock.now(),
            "updated_by": "audit",
        }
        insert_missing(connection, settings_table, [first], "name")
        value = connection.execute(query).scalar()
    return _parsed(value)


def parse_head(text: str) -> tuple[int, str]:
    """A head as `audit head` prints it; `InvalidInput` for anything else."""
    if not _HEAD_FORM.fullmatch(text.strip()):
        raise InvalidInput("expect", "is a row's number and its hash, as `audit head` prints them")
    return _parsed(text.strip())


def _parsed(value: str | None) -> tuple[int, str]:
    seq, _, sealed = (value or f"0 {_GENESIS}").partition(" ")
    return int(seq), sealed


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
