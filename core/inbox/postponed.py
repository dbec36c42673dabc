"""Objects whose reading failed: tried again later, or parked until there is new word of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, literal, update

from core.db.parked import PARKED
from core.db.tables import stale_objects as table
from core.inbox.stale import LONGEST, Claimed

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
    _later(connection, fence, refused, dict.fromkeys(refused, PARKED), at)


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
