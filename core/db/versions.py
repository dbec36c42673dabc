"""Numbers that grow when something shown has changed: what live screens ask for (UI section 7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from core.db.tables import versions
from core.db.upsert import add_to

#: What can change: payments and their charges; the ledger; disputes and warnings; the inbox.
TOPICS = ("payments", "revenue", "disputes", "inbox")


def bump(connection: Connection, topics: Iterable[str], *, slot: int, at: datetime) -> None:
    """Raise the version of each topic in this transaction. Call it last: these rows are hot."""
    rows = [
        {"topic": topic, "slot": slot, "version": 1, "changed_at": at} for topic in sorted(topics)
    ]
    add_to(connection, versions, rows, ["version"])
