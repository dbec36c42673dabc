"""Writes that SQLite and MySQL do alike: insert once, newer wins, add to a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, case, or_
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import IntegrityError

from core.db.engine import is_sqlite
from core.errors import InsertRace

Row = Mapping[str, Any]


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row], key: str) -> None:
    """Insert rows whose unique `key` is not there yet; the others change nothing.

    A duplicate is passed over by its key alone: other errors still raise, unlike INSERT IGNORE.
    """
    if not rows:
        return
    if is_sqlite(connection):
        connection.execute(sqlite.insert(table).on_conflict_do_nothing([key]), rows)
    else:
        statement = mysql.insert(table).on_duplicate_key_update([(key, table.c[key])])
        connection.execute(statement, rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that were not there a moment ago; `InsertRace` if another writer was faster."""
    if not rows:
        return
    try:
        connection.execute(table.insert(), rows)
    except IntegrityError as error:
        raise InsertRace from error


def upsert_newer(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert mirror rows, or overwrite what stands there if this state is newer.

    Newer means a later `as_of`; at the same instant a confirmed state is not undone by an
    unconfirmed one. Rows are written in key order, so that two writers do not deadlock.
    """
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: str(row["stripe_id"]))
    names = [c.name for c in table.columns if c.name not in ("stripe_id", "as_of", "confirmed")]
    names += ["confirmed", "as_of"]
    if is_sqlite(connection):
        insert = sqlite.insert(table)
        new = insert.excluded
        statement: Any = insert.on_conflict_do_update(
            index_elements=["stripe_id"],
            set_={name: new[name] for name in names},
            where=_newer(new, table),
        )
    else:
        into = mysql.insert(table)
        new = into.inserted
        # MySQL assigns from left to right: the guard's own columns come last (PERF section 7.1),
        # confirmed before as_of because the guard reads both.
        guard = _newer(new, table)
        pairs = [(name, case((guard, new[name]), else_=table.c[name])) for name in names[:-2]]
        kept = case((guard, new["confirmed"]), else_=table.c.confirmed)
        latest = case((new["as_of"] > table.c.as_of, new["as_of"]), else_=table.c.as_of)
        statement = into.on_duplicate_key_update([*pairs, ("confirmed", kept), ("as_of", latest)])
    connection.execute(statement, ordered)


def _newer(new: Any, table: Table) -> Any:
    same = and_(new["as_of"] == table.c.as_of, or_(new["confirmed"], ~table.c.confirmed))
    return or_(new["as_of"] > table.c.as_of, same)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows or overwrite all their columns, under a lock that the caller holds."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    names = [name for name in rows[0] if name not in keys]
    if is_sqlite(connection):
        insert = sqlite.insert(table)
        statement: Any = insert.on_conflict_do_update(
            index_elements=keys, set_={name: insert.excluded[name] for name in names}
        )
    else:
        into = mysql.insert(table)
        statement = into.on_duplicate_key_update([(name, into.inserted[name]) for name in names])
    connection.execute(statement, rows)


def add_to(connection: Connection, table: Table, rows: Sequence[Row], sums: Sequence[str]) -> None:
    """Add each row's `sums` to what stands under its key; insert where nothing stands.

    Rows are written in key order, so that two writers do not deadlock.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    ordered = sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))
    if is_sqlite(connection):
        insert = sqlite.insert(table)
        statement: Any = insert.on_conflict_do_update(
            index_elements=keys, set_={name: table.c[name] + insert.excluded[name] for name in sums}
        )
    else:
        into = mysql.insert(table)
        statement = into.on_duplicate_key_update(
            [(name, table.c[name] + into.inserted[name]) for name in sums]
        )
    connection.execute(statement, ordered)
