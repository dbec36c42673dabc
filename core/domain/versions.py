"""Numbers that grow when something shown has changed: what live screens ask for."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, func, select

from core.db.engine import reading
from core.db.tables import versions
from core.db.upsert import add_to
from core.db.wakeups import Change

#: What can change: payments and their charges; the ledger; disputes and warnings; the inbox;
#: what people decide about refunds.
TOPICS = ("payments", "revenue", "disputes", "inbox", "refunds")


def bump(connection: Connection, topics: Iterable[str], *, slot: int) -> None:
    """Raise the version of each topic in this transaction. Call it last: these rows are hot."""
    rows = [{"topic": topic, "slot": slot, "version": 1} for topic in sorted(topics)]
    add_to(connection, versions, rows, ["version"])


#: Another number as soon as anything shown has changed, for who waits for that.
CHANGED = Change(select(func.sum(versions.c.version)).scalar_subquery())


def changes(engine: Engine) -> int:
    """A number that differs as soon as anything shown has changed."""
    with reading(engine) as connection:
        return int(connection.scalar(select(func.sum(versions.c.version))) or 0)
