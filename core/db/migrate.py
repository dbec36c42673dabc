"""Brings the schema up to date at start, and says whether it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Select, inspect, literal_column, select, text

from core.db.engine import is_sqlite, reading, writing
from core.errors import DatabaseDown, Misconfigured

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"
#: MySQL DDL commits by itself, so several starting processes queue on a named lock.
_LOCK = "tillwatch_migrations"


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing. Safe when several processes start at once."""
    with reading(engine) as connection:
        if is_current(connection):
            return
        refuse_newer(connection)
    # Alembic takes 11 MB of memory for good; a process that finds nothing to do goes without.
    from alembic import command

    with _in_turn(engine), writing(engine) as connection:
        _clear_half_made(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def refuse_newer(connection: Connection) -> None:
    """`Misconfigured` where a later version of the program has brought the tables up to date."""
    if is_newer(connection):
        raise Misconfigured(
            "the database's tables are those of a newer Tillwatch"
            f" ({revision(connection)}; this one knows them up to {head()}): start that one, or"
            " restore a backup from before"
        )


@contextmanager
def _in_turn(engine: Engine) -> Iterator[None]:
    """One process at a time, until its last row is committed. `DatabaseDown` after two minutes.

    The lock is another connection's: let go inside the transaction, the next in turn would still
    read the version before. SQLite has one writer anyway.
    """
    with reading(engine) as holder:
        if is_sqlite(holder):
            yield
            return
        if holder.scalar(text("SELECT GET_LOCK(:name, 120)"), {"name": _LOCK}) != 1:
            raise DatabaseDown("Another process is still bringing the tables up to date.")
        try:
            yield
        finally:
            holder.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})


def _clear_half_made(connection: Connection) -> None:
    """Take away what a first migration left that was cut short: MySQL commits each table alone.

    Only empty tables go; one with rows in it belongs to somebody, and the migration then fails.
    """
    if is_sqlite(connection) or revision(connection) is not None:
        return
    from core.db.tables import metadata

    there = set(inspect(connection).get_table_names())
    made = [table for table in metadata.sorted_tables if table.name in there]
    some: list[Select[Any]] = [
        select(literal_column("1")).select_from(table).limit(1) for table in made
    ]
    if not any(connection.execute(one).first() for one in some):
        metadata.drop_all(connection, tables=made)


def revision(connection: Connection) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return found


def is_current(connection: Connection) -> bool:
    """Whether the database stands at the newest migration."""
    return revision(connection) == head()


def is_newer(connection: Connection) -> bool:
    """Whether the database stands at a migration that this program does not know."""
    found = revision(connection)
    return found is not None and found not in _known()


@cache
def head() -> str:
    """The newest migration: the files are numbered, and begin with their revision."""
    return max(_known())


@cache
def _known() -> frozenset[str]:
    names = (path.name for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))
    return frozenset(name.partition("_")[0] for name in names)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
