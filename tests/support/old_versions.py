"""A database that walks through all versions of the schema, with rows written at each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection, Engine, event

from core.db import migrate
from core.db.engine import reading, writing

#: What a company cannot get back from Stripe, or hangs money on.
KEPT = (
    *("users", "user_roles", "sessions", "api_tokens", "audit_log", "events", "operations"),
    *("payments", "charges", "refunds", "disputes", "payouts", "balance_transactions"),
    *("refund_requests", "cases", "list_entries", "rule_sets", "breaks", "periods"),
)
#: The version that first wrote a table, where an earlier one made it for nothing yet.
_FIRST = {"operations": 3, "refund_requests": 6}
_STATES = {
    "operations": "succeeded",
    "refund_requests": "succeeded",
    "cases": "open",
    "events": "applied",
    "breaks": "open",
    "periods": "closed",
}
_WORDS = {"currency": "usd", "settlement_currency": "usd", "status": "succeeded", "type": "charge"}
_MICROSECONDS = 1_760_000_000_000_000


class Killed(Exception):
    """The process ends here, as by `kill -9`: what MySQL committed by itself stays."""


def revisions() -> list[str]:
    """All versions, oldest first."""
    folder = Path(migrate.__file__).parent / "migrations" / "versions"
    return sorted(path.name.partition("_")[0] for path in folder.glob("[0-9]*.py"))


def upgrade_to(engine: Engine, revision: str) -> None:
    """Bring the schema up to this version, as `migrate.upgrade` does to the newest."""
    with writing(engine) as connection:
        migrate._clear_half_made(connection)
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def killed_at(engine: Engine, statement: int) -> Iterator[list[str]]:
    """Kill whoever works on the engine before its `statement`th change; the changes before it."""
    seen: list[str] = []

    def count(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if (
            sql.lstrip()
            .upper()
            .startswith(("SELECT", "PRAGMA", "SHOW", "DESCRIBE", "BEGIN", "SET"))
        ):
            return
        if len(seen) == statement:
            raise Killed
        seen.append(sql)

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)


def fill(engine: Engine, revision: str) -> dict[str, int]:
    """Write a row into each table that is kept and there already; how many rows each then has."""
    with writing(engine) as connection:
        there = set(sa.inspect(connection).get_table_names())
        found = sa.MetaData()
        found.reflect(connection, only=[name for name in KEPT if name in there])
        for table in found.sorted_tables:
            if table.name in KEPT and int(revision) >= _FIRST.get(table.name, 1):
                connection.execute(table.insert().values(_row(table, int(revision))))
        return counted(connection)


def counted(connection: Connection) -> dict[str, int]:
    """The rows of each table that is kept and there."""
    there = set(sa.inspect(connection).get_table_names())
    names = [name for name in KEPT if name in there]
    query = sa.func.count()
    return {
        name: connection.scalar(sa.select(query).select_from(sa.table(name))) or 0 for name in names
    }


def rows_of(engine: Engine, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of a table, ordered."""
    with reading(engine) as connection:
        query = sa.select(*map(sa.column, columns)).select_from(sa.table(name))
        return sorted(tuple(row) for row in connection.execute(query))


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    columns = [column for column in table.columns if not column.nullable or column.primary_key]
    return {column.name: _value(table.name, column, number) for column in columns}


def _value(table: str, column: sa.Column[Any], number: int) -> Any:
    name, kind = column.name, column.type
    if isinstance(kind, sa.Boolean) or (
        isinstance(kind, sa.Integer) and getattr(kind, "display_width", 0) == 1
    ):
        return False
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 1, 1)  # noqa: DTZ001 # as MySQL keeps it
    if isinstance(kind, sa.Date):
        return date(2026, 1, 1)
    if isinstance(kind, sa.Integer | sa.Numeric):
        return _MICROSECONDS if name.endswith(("_at", "_on", "_until", "at")) else 100 + number
    if isinstance(kind, sa.types._Binary):
        return b"{}"
    if name == "state" and table in _STATES:
        return _STATES[table]
    if name in _WORDS:
        return _WORDS[name]
    key = "id" if name == "user_id" else name
    length = getattr(kind, "length", None) or 64
    return "{}" if length > 2000 else f"{key}_{number:04}"[-length:]
