"""A number per topic that grows when what a screen shows may have changed."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from core.db.tables import versions
from core.reads.needs import needs


@needs("see_payments")
def version(conn: Connection, *, topic: str, livemode: bool) -> int:
    """The topic's version: the sum over the slots that workers count in; 0 before any change.

    Both modes share a topic: a change in the other mode costs a screen one redraw, no more.
    """
    asked = select(func.coalesce(func.sum(versions.c.version), 0))
    return int(conn.scalar(asked.where(versions.c.topic == topic)) or 0)
