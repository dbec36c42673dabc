"""Objects whose reading failed: tried again later, or parked until there is new word of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, delete, literal, select, update

from core.clock import EPOCH, NEVER
from core.db.tables import stale_objects as table
from core.db.upsert import insert_missing
from core.gateway.readings import Unread
from core.mirror.refresh_queue import LONGEST, Claimed

#: A failing reading waits twice as long each time.
BACKOFF = timedelta(seconds=2)


def put_off(
    connection: Connection, fence: str, failed: Mapping[Claimed, str], *, at: datetime
) -> None:
    """Try these again later: their reading failed, for the reason given with each."""
    due = {one: at + min(BACKOFF * 2 ** min(one.attempts, 12), LONGEST) for one in failed}
    _later(connection, fence, failed, due, at)


def park(
    connection: Connection, fence: str, refused: Mapping[Claimed, str], *, at: datetime
) -> None:
    """Try these no more, until they are marked again: for the reason given with each."""
    _later(connection, fence, refused, dict.fromkeys(refused, NEVER), at)


def park_unread(
    connection: Connection, unread: Collection[Unread], *, livemode: bool, at: datetime
) -> None:
    """Park what a list brought and what cannot be read, for the reason given with each.

    An object that is to be read again anyway is left to that reading: it may be newer.
    """
    rows = [
        {
            "kind": one.kind,
            "stripe_id": one.stripe_id,
            "livemode": livemode,
            "mark": 1,
            "known_at": EPOCH,
            "attempts": 1,
            "next_attempt_at": NEVER,
            "last_error": one.reason[:500],
        }
        for one in {(one.kind, one.stripe_id): one for one in unread}.values()
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (row["kind"], row["stripe_id"]))
    insert_missing(connection, table, rows, "kind", "stripe_id")
    c = table.c
    connection.execute(
        update(table)
        .where(
            c.kind == bindparam("k"),
            c.stripe_id == bindparam("i"),
            c.next_attempt_at >= NEVER,
        )
        .values(last_error=bindparam("e")),
        [{"k": row["kind"], "i": row["stripe_id"], "e": row["last_error"]} for row in rows],
    )


def unpark(connection: Connection, read: Mapping[str, Collection[str]]) -> None:
    """Forget that these (ids by kind) could not be read: now they were."""
    if not any(read.values()):
        return
    c = table.c
    if connection.execute(select(c.kind).where(c.next_attempt_at >= NEVER).limit(1)).first():
        for kind, ids in sorted(read.items()):
            connection.execute(
                delete(table).where(
                    c.kind == kind, c.stripe_id.in_(sorted(ids)), c.next_attempt_at >= NEVER
                )
            )


def _later(
    connection: Connection,
    fence: str,
    failed: Mapping[Claimed, str],
    due: Mapping[Claimed, datetime],
    at: datetime,
) -> None:
    """End the lease, and say why. What was marked again meanwhile begins anew, soon."""
    if not failed:
        return
    rows = [
        {
            "k": one.kind,
            "i": one.stripe_id,
            "m": one.mark,
            "a": one.attempts + 1,
            "n": due[one],
            "e": reason[:500],
        }
        for one, reason in failed.items()
    ]
    c = table.c
    same = c.mark == bindparam("m")
    kind = c.next_attempt_at.type
    moment = case((same, bindparam("n", type_=kind)), else_=literal(at + BACKOFF, kind))
    connection.execute(
        update(table)
        .where(c.kind == bindparam("k"), c.stripe_id == bindparam("i"), c.fence == fence)
        .values(
            fence=None,
            attempts=case((same, bindparam("a")), else_=0),
            next_attempt_at=moment,
            last_error=bindparam("e"),
        ),
        rows,
    )
