"""Writes that SQLite and MySQL do alike: insert once, newer wins, add to a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, and_, case, or_
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import IntegrityError

from core.db.bulk import insert_rows
from core.db.engine import is_sqlite
from core.errors import InsertRace

Row = Mapping[str, Any]


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row], *key: str) -> None:
    """Insert rows whose unique `key` (its columns) is not there yet; the others change nothing.

    A duplicate is passed over by its key alone: other errors still raise, unlike INSERT IGNORE.
    """
    if rows:
        statement = _insert_missing(table, key, is_sqlite(connection))
        insert_rows(connection, table, rows, statement)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that were not there a moment ago; `InsertRace` if another writer was faster."""
    if not rows:
        return
    try:
        insert_rows(connection, table, rows)
    except IntegrityError as error:
        if _is_duplicate(error):
            raise InsertRace from error
        raise


def _is_duplicate(error: IntegrityError) -> bool:
    """Whether a key was there already; a value that is missing is another fault."""
    said = error.orig.args if error.orig is not None else ()
    return bool(said) and (said[0] == 1062 or "UNIQUE" in str(said[0]))


def upsert_newer(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert mirror rows, or overwrite what stands there if this state is newer.

    Newer means a later `as_of`; at the same instant a confirmed state is not undone by an
    unconfirmed one. Rows are written in key order, so that two writers do not deadlock.
    """
    if rows:
        ordered = sorted(rows, key=lambda row: str(row["stripe_id"]))
        connection.execute(_upsert_newer(table, is_sqlite(connection)), ordered)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows or overwrite all their columns, under a lock that the caller holds."""
    if rows:
        connection.execute(_upsert(table, tuple(rows[0]), is_sqlite(connection)), rows)


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """`upsert` straight to the driver: for many small rows with the same columns."""
    if rows:
        statement = _upsert(table, tuple(rows[0]), is_sqlite(connection))
        insert_rows(connection, table, rows, statement)


def add_to(connection: Connection, table: Table, rows: Sequence[Row], sums: Sequence[str]) -> None:
    """Add each row's `sums` to what stands under its key; insert where nothing stands.

    Rows are written in key order, so that two writers do not deadlock.
    """
    if rows:
        keys = [column.name for column in table.primary_key.columns]
        ordered = sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))
        insert_rows(connection, table, ordered, _add_to(table, tuple(sums), is_sqlite(connection)))


# The statements are built once each: putting them together costs more than running them.


@cache
def _insert_missing(table: Table, key: tuple[str, ...], sqlite_: bool) -> Any:
    if sqlite_:
        return sqlite.insert(table).on_conflict_do_nothing(list(key))
    return mysql.insert(table).on_duplicate_key_update([(key[0], table.c[key[0]])])


#: What an update never changes, and what it changes last.
_KEPT = ("stripe_id", "created_at", "as_of", "confirmed")


#: A column whose `info` says `derived` follows from other rows: a reading says nothing of it.
@cache
def _upsert_newer(table: Table, sqlite_: bool) -> Any:
    names = [c.name for c in table.columns if c.name not in _KEPT and not c.info.get("derived")]
    if sqlite_:
        insert = sqlite.insert(table)
        new = insert.excluded
        return insert.on_conflict_do_update(
            index_elements=["stripe_id"],
            set_={name: new[name] for name in (*names, "confirmed", "as_of")},
            where=_newer(new, table),
        )
    into = mysql.insert(table)
    new = into.inserted
    # MySQL assigns from left to right: the guard's own columns come last,
    # confirmed before as_of because the guard reads both.
    guard = _newer(new, table)
    pairs = [(name, case((guard, new[name]), else_=table.c[name])) for name in names]
    kept = case((guard, new["confirmed"]), else_=table.c.confirmed)
    latest = case((new["as_of"] > table.c.as_of, new["as_of"]), else_=table.c.as_of)
    return into.on_duplicate_key_update([*pairs, ("confirmed", kept), ("as_of", latest)])


def _newer(new: Any, table: Table) -> Any:
    same = and_(new["as_of"] == table.c.as_of, or_(new["confirmed"], ~table.c.confirmed))
    return or_(new["as_of"] > table.c.as_of, same)


@cache
def _upsert(table: Table, given: tuple[str, ...], sqlite_: bool) -> Any:
    keys = [column.name for column in table.primary_key.columns]
    names = [name for name in given if name not in keys]
    if sqlite_:
        insert = sqlite.insert(table)
        return insert.on_conflict_do_update(
            index_elements=keys, set_={name: insert.excluded[name] for name in names}
        )
    into = mysql.insert(table)
    return into.on_duplicate_key_update([(name, into.inserted[name]) for name in names])


@cache
def _add_to(table: Table, sums: tuple[str, ...], sqlite_: bool) -> Any:
    if sqlite_:
        insert = sqlite.insert(table)
        return insert.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key.columns],
            set_={name: table.c[name] + insert.excluded[name] for name in sums},
        )
    into = mysql.insert(table)
    return into.on_duplicate_key_update(
        [(name, table.c[name] + into.inserted[name]) for name in sums]
    )
