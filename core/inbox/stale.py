"""Objects that changed at Stripe and must be read again: marked, claimed, cleared."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import mysql, sqlite

from core.db.engine import is_sqlite
from core.db.tables import stale_objects as table

LEASE = timedelta(seconds=20)
#: A failing reading waits twice as long each time, up to a quarter of an hour.
BACKOFF = timedelta(seconds=2)
LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Mark:
    """`known_at` is Stripe's time of the newest event about the object."""

    kind: str
    stripe_id: str
    livemode: bool
    known_at: datetime
    object_created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An object that this worker may read until its lease ends."""

    kind: str
    stripe_id: str
    livemode: bool
    mark: int
    known_at: datetime
    object_created_at: datetime | None
    attempts: int


def mark(connection: Connection, marks: Sequence[Mark], *, at: datetime) -> None:
    """Ask for these objects to be read again. A reading under way then does not clear them."""
    if not marks:
        return
    latest: dict[tuple[str, str], Mark] = {}
    for one in marks:
        key = (one.kind, one.stripe_id)
        if key not in latest or latest[key].known_at <= one.known_at:
            latest[key] = one
    rows = [
        {
            "kind": one.kind,
            "stripe_id": one.stripe_id,
            "livemode": one.livemode,
            "mark": 1,
            "known_at": one.known_at,
            "object_created_at": one.object_created_at,
            "attempts": 0,
            "next_attempt_at": at,
        }
        for _, one in sorted(latest.items())
    ]
    c = table.c
    if is_sqlite(connection):
        insert = sqlite.insert(table)
        new = insert.excluded
    else:
        into = mysql.insert(table)
        new = into.inserted
    known_at = case((new.known_at > c.known_at, new.known_at), else_=c.known_at)
    soon = case((c.fence.is_(None), new.next_attempt_at), else_=c.next_attempt_at)
    born = func.coalesce(c.object_created_at, new.object_created_at)
    # Literals, not parameters: PyMySQL takes none behind the rows of a bulk insert.
    pairs = [
        ("mark", c.mark + literal_column("1")),
        ("object_created_at", born),
        ("known_at", known_at),
        ("attempts", literal_column("0")),
        ("next_attempt_at", soon),
    ]
    if is_sqlite(connection):
        connection.execute(
            insert.on_conflict_do_update(index_elements=["kind", "stripe_id"], set_=dict(pairs)),
            rows,
        )
    else:
        connection.execute(into.on_duplicate_key_update(pairs), rows)


def claim(
    connection: Connection, *, livemode: bool, limit: int, at: datetime
) -> tuple[str, list[Claimed]]:
    """Lease up to `limit` due objects: the fence that proves it, and what they are."""
    c = table.c
    due = and_(c.next_attempt_at <= at, c.livemode == livemode)
    keys = connection.execute(
        select(c.kind, c.stripe_id).where(due).order_by(c.next_attempt_at).limit(limit)
    ).all()
    if not keys:
        return "", []
    fence = uuid.uuid4().hex
    chosen = tuple_(c.kind, c.stripe_id).in_([tuple(key) for key in keys])
    connection.execute(
        update(table).where(chosen, due).values(fence=fence, next_attempt_at=at + LEASE)
    )
    found = connection.execute(
        select(
            c.kind, c.stripe_id, c.livemode, c.mark, c.known_at, c.object_created_at, c.attempts
        ).where(chosen, c.fence == fence)
    )
    return fence, [Claimed(*row) for row in found]


def still_owned(connection: Connection, fence: str, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Those whose lease nobody took over, locked. The others must not be written."""
    c = table.c
    chosen = tuple_(c.kind, c.stripe_id).in_([(one.kind, one.stripe_id) for one in claimed])
    rows = connection.execute(
        select(c.kind, c.stripe_id).where(chosen, c.fence == fence).with_for_update()
    )
    owned = {tuple(row) for row in rows}
    return [one for one in claimed if (one.kind, one.stripe_id) in owned]


def clear(connection: Connection, fence: str, done: Sequence[Claimed], *, at: datetime) -> None:
    """Forget objects that were read, unless they were marked again meanwhile."""
    if not done:
        return
    c = table.c
    exact = tuple_(c.kind, c.stripe_id, c.mark).in_(
        [(one.kind, one.stripe_id, one.mark) for one in done]
    )
    connection.execute(delete(table).where(exact, c.fence == fence))
    again = tuple_(c.kind, c.stripe_id).in_([(one.kind, one.stripe_id) for one in done])
    connection.execute(
        update(table).where(again, c.fence == fence).values(fence=None, next_attempt_at=at)
    )


def put_off(
    connection: Connection, fence: str, failed: Sequence[Claimed], reason: str, *, at: datetime
) -> None:
    """Try these again later: their reading failed."""
    if not failed:
        return
    rows = [
        {
            "k": one.kind,
            "i": one.stripe_id,
            "a": one.attempts + 1,
            "n": at + min(BACKOFF * 2 ** min(one.attempts, 12), LONGEST),
        }
        for one in failed
    ]
    c = table.c
    connection.execute(
        update(table)
        .where(c.kind == bindparam("k"), c.stripe_id == bindparam("i"), c.fence == fence)
        .values(
            fence=None,
            attempts=bindparam("a"),
            next_attempt_at=bindparam("n"),
            last_error=reason[:500],
        ),
        rows,
    )


def backlog(connection: Connection) -> int:
    """How many objects wait to be read again."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
