"""The operators' log: pages of it by a search line, one row in full, and how its chain stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select

from core import clock
from core.db.tables import audit_log, settings_table
from core.errors import NotFound
from core.reads.permissions import requires
from core.reads.search.logs import keyset
from core.reads.search.logs.audit import FIELDS, read_line, search
from core.reads.search.logs.keyset import LogPage
from core.reads.search.logs.names import names_of
from core.reads.search.query import Query

__all__ = ["FIELDS", "Query", "read_line"]

UTC_ZONE = ZoneInfo("UTC")
#: The action under which a walk over the whole chain is noted, with what it found.
VERIFY = "audit.verify"
HOLDS, BROKEN = "ok", "broken"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row. `actor_name` and `target_name` are None for what stands for itself; `details` is
    the JSON that was sealed."""

    seq: int
    at: datetime
    actor: str
    actor_name: str | None
    action: str
    target: str
    target_name: str | None
    outcome: str
    details: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The last walk over the chain: when, by whom, over how many rows, and what was broken."""

    at: datetime
    by: str
    rows: int
    broken_seq: int | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Chain:
    """How many rows there are, the hash of the last, and the last walk, if there was one."""

    rows: int
    hash: str
    verified: Verified | None


@requires("administer")
def page(
    conn: Connection,
    *,
    query: Query,
    cursor: str | None = None,
    older: bool = True,
    limit: int = 50,
    zone: ZoneInfo = UTC_ZONE,
    now: datetime | None = None,
) -> LogPage[AuditRow]:
    """One page of the rows that match `query`. Days in it are those of `zone`."""
    asked = search(conn, query, zone=zone, now=now or clock.now())
    found = keyset.page(conn, asked, cursor=cursor, older=older, limit=limit)
    read = conn.execute(select(audit_log).where(audit_log.c.seq.in_(found.keys)))
    return keyset.filled(found, _named(conn, read.all()))


@requires("administer")
def exceeds(conn: Connection, *, query: Query, zone: ZoneInfo, most: int) -> bool:
    """Whether the log has more than `most` rows, whatever is searched in it."""
    return (conn.scalar(select(func.max(audit_log.c.seq))) or 0) > most


@requires("administer")
def row(conn: Connection, *, seq: int) -> AuditRow:
    """One row; `NotFound` when there is none of this number."""
    read = conn.execute(select(audit_log).where(audit_log.c.seq == seq)).all()
    if not read:
        raise NotFound
    return _named(conn, read)[0]


@requires("administer")
def chain(conn: Connection) -> Chain:
    """How the chain stands: its head as it is kept, and the newest walk in the log itself."""
    head = select(settings_table.c.value).where(settings_table.c.name == "audit.head")
    rows, _, sealed = (conn.scalar(head) or "0 ").partition(" ")
    walks = select(audit_log).where(audit_log.c.action == VERIFY)
    newest = walks.order_by(audit_log.c.at.desc(), audit_log.c.seq.desc()).limit(1)
    last = conn.execute(newest).first()
    return Chain(int(rows), sealed, _verified(conn, last) if last else None)


def _verified(conn: Connection, last: Row[Any]) -> Verified | None:
    try:
        said = json.loads(last.details)
        rows, broken = int(said["rows"]), said["broken"] or {}
        by = names_of(conn, [last.actor]).get(last.actor, last.actor)
        return Verified(last.at, by, rows, broken.get("row"), broken.get("why"))
    except (ValueError, KeyError, TypeError, AttributeError):
        # Somebody rewrote the row: a walk will name it, and nothing it says is to be believed.
        return None


def _named(conn: Connection, read: Sequence[Row[Any]]) -> list[AuditRow]:
    names = names_of(conn, {name for row in read for name in (row.actor, row.target) if name})
    return [
        AuditRow(
            **row._mapping,
            actor_name=names.get(row.actor),
            target_name=names.get(row.target),
        )
        for row in read
    ]
