"""What must not happen at any moment, also where it heals later: the database itself notes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Connection, text

from core.states import OperationState

#: States in which an operation has ended.
ENDS = (OperationState.SUCCEEDED, OperationState.REFUSED, OperationState.FAILED)
_MIRRORS = ("payments", "charges", "refunds", "disputes", "payouts")


def watch(connection: sqlite3.Connection) -> None:
    """Have the database note what must not happen, from now on."""
    connection.execute("CREATE TABLE seen_wrong (what TEXT NOT NULL)")
    for table in _MIRRORS:
        _note(
            connection,
            table,
            "as_of",
            "NEW.as_of < OLD.as_of",
            f"'{table} ' || OLD.stripe_id || ' went back to an older state'",
        )
    ends = ", ".join(f"'{end}'" for end in ENDS)
    _note(
        connection,
        "operations",
        "state",
        f"OLD.state IN ({ends}) AND NEW.state <> OLD.state",
        "'operation ' || OLD.id || ' had ended ' || OLD.state || ' and became ' || NEW.state",
    )


def _note(connection: sqlite3.Connection, table: str, column: str, when: str, what: str) -> None:
    connection.execute(
        f"CREATE TRIGGER {table}_watched AFTER UPDATE OF {column} ON {table} WHEN {when}"
        f" BEGIN INSERT INTO seen_wrong VALUES ({what}); END"
    )


def noted(connection: Connection) -> Iterator[str]:
    """What happened and must not have."""
    for what in connection.scalars(text("SELECT what FROM seen_wrong")):
        yield str(what)
