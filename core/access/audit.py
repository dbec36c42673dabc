"""The log that shows tampering: insert only, each row sealed with the one before it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from core import clock
from core.db import turns
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


@dataclass(frozen=True)
class Walk:
    """How far the chain was proved: up to which row, and its hash; `broken` once a row does not
    hold. A long log is walked in parts, for nobody waits for a million rows."""

    seq: int = 0
    hash: str = _GENESIS
    done: bool = False
    broken: Broken | None = None


#: Built once: putting it together takes longer than reading a few rows.
_AFTER = (
    select(audit_log)
    .where(audit_log.c.seq > bindparam("seq"))
    .order_by(audit_log.c.seq)
    .limit(bindparam("rows"))
)


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

    Nobody else appends until the caller commits, so call this last: the chain stays linear with any
    number of writers, and nobody waits longer than for this row.
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
    moment = rest.get("now") or clock.now()
    said = {name: rest[name] for name in ("target", "outcome") if name in rest}
    if not stands(connection, moment - within, actor=actor, action=action, **said):
        append(connection, actor=actor, action=action, **rest)


def stands(
    connection: Connection,
    since: datetime,
    *,
    actor: str,
    action: str,
    target: str = "",
    outcome: str = "ok",
) -> bool:
    """Whether this actor has such a row since then."""
    query = select(
        exists().where(
            audit_log.c.actor == actor[:64],
            audit_log.c.at > since,
            audit_log.c.action == action,
            audit_log.c.target == target[:255],
            audit_log.c.outcome == outcome,
        )
    )
    return bool(connection.execute(query).scalar())


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
    walk = Walk()
    while not walk.done:
        walk = advance(connection, walk, _BATCH, anchor)
    return walk.broken


def advance(
    connection: Connection, walk: Walk, rows: int, anchor: tuple[int, str] | None = None
) -> Walk:
    """Go on with a walk for at most so many rows: rows that were proved are never looked at again.

    Past the last row it looks at the ends of the chain, and the walk is done.
    """
    previous, expected = walk.hash, walk.seq + 1
    found = connection.execute(_AFTER, {"seq": walk.seq, "rows": rows}).all()
    for row in found:
        if row.seq != expected:
            return Walk(expected - 1, previous, True, Broken(expected, "is missing"))
        why = _fault(row, previous, anchor)
        if why:
            return Walk(expected - 1, previous, True, Broken(row.seq, why))
        previous, expected = row.hash, expected + 1
    done = len(found) < rows
    broken = _ends(connection, expected, previous, anchor) if done else None
    return Walk(expected - 1, previous, done, broken)


def _fault(row: Any, previous: str, anchor: tuple[int, str] | None) -> str | None:
    """What is wrong with the next row of the chain."""
    if row.previous_hash != previous:
        return "does not follow the row before it"
    if seal(row._mapping) != row.hash:
        return "was changed"
    if anchor is not None and anchor[0] == row.seq and anchor[1] != row.hash:
        return "is not the row that the anchor names"
    return None


def _ends(
    connection: Connection, expected: int, previous: str, anchor: tuple[int, str] | None
) -> Broken | None:
    """What is wrong behind the last row, or before the first."""
    if anchor is not None and anchor[0] >= expected:
        return Broken(expected, "is missing, and the anchor names a later one")
    if head(connection) != (expected - 1, previous):
        return Broken(expected, "is missing at the end, or the head was changed")
    before = select(audit_log.c.seq).where(audit_log.c.seq < 1).limit(1)
    stray = connection.execute(before).scalar()
    return None if stray is None else Broken(stray, "was put in before the first")


def _take_head(connection: Connection) -> tuple[int, str]:
    turns.take(connection, _HEAD)
    query = select(settings_table.c.value).where(settings_table.c.name == _HEAD)
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


#: Made once: `json.dumps` makes one a call, and a long log is sealed again row by row.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
