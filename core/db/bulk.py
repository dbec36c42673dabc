"""Bulk inserts straight to the driver: Core's work per parameter costs more than the insert."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Connection, Dialect, Table
from sqlalchemy.dialects import mysql, sqlite

from core.db.engine import is_sqlite
from core.db.literals import rendered
from core.db.types import Utc

Row = Mapping[str, Any]
Convert = Callable[[Any], Any]

#: How each dialect writes a place for a value, as its driver counts them.
_PLAIN: dict[bool, Dialect] = {
    True: sqlite.dialect(paramstyle="qmark"),
    False: mysql.dialect(paramstyle="format"),
}

#: Types whose values need no conversion before they are written as SQL.
_RENDERED_AS_THEY_ARE = (Utc, Boolean)


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Row], statement: Any = None
) -> None:
    """Insert rows that all have the first row's columns; the database's errors are raised.

    `statement` is an insert into `table` that also says what happens to a key that is there; it
    may have no parameters besides the rows' values.
    """
    names = tuple(column.name for column in table.columns if column.name in rows[0])
    plain = _insert(table) if statement is None else statement
    text, converts = _prepared(plain, table, names, is_sqlite(connection))
    pick = _picker(names)
    values = [list(pick(row)) for row in rows]
    for place, convert in converts:
        for row in values:
            row[place] = convert(row[place])
    if is_sqlite(connection):
        connection.exec_driver_sql(text, [tuple(row) for row in values])
        return
    for piece in rendered(values):
        connection.exec_driver_sql(text, (piece,))


def _picker(names: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    if len(names) == 1:
        # itemgetter would give the value itself, and no tuple of one.
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


@cache
def _insert(table: Table) -> Any:
    return table.insert()


@cache
def _prepared(
    statement: Any, table: Table, names: tuple[str, ...], sqlite_: bool
) -> tuple[str, list[tuple[int, Convert]]]:
    """The statement, and which places must be converted for the driver."""
    dialect = _PLAIN[sqlite_]
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    converts: list[tuple[int, Convert]] = []
    for place, name in enumerate(names):
        kind = table.c[name].type
        convert = kind.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None and (sqlite_ or not isinstance(kind, _RENDERED_AS_THEY_ARE)):
            converts.append((place, convert))
    text = str(compiled)
    if not sqlite_:
        # All rows are one parameter there.
        text = text.replace(f"({', '.join(['%s'] * len(names))})", "%s", 1)
    return text, converts
