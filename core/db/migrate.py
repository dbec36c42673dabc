"""Brings the schema up to date at start, and says whether it is."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Select, inspect, literal_column, or_, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from core import clock
from core.db.engine import is_sqlite, long_statements, reading, retrying, writing
from core.db.turn_tables import migration_lease
from core.db.upsert import insert_missing
from core.errors import DatabaseDown, Misconfigured

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"
_log = logging.getLogger(__name__)
#: Who migrates says so again six times in this; after it another begins where that one stopped.
_LASTS = timedelta(seconds=60)
#: So long a starting process waits for another one, in seconds, and looks so often.
_PATIENCE, _LOOK_EVERY = 120.0, 0.1


@long_statements()
def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing. Safe when several processes start at once."""
    with reading(engine) as connection:
        if is_current(connection):
            return
        refuse_newer(connection)
    # Alembic takes 11 MB of memory for good; a process that finds nothing to do goes without.
    from alembic import command

    with _in_turn(engine), writing(engine) as connection:
        if is_current(connection):
            return
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

    On MySQL each statement that changes a table commits by itself, so that no transaction's turn
    lasts long enough: a lease is taken, and kept up while the migrations run. SQLite has one
    writer, and undoes what was cut short.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    with writing(engine) as connection:
        connection.execute(CreateTable(migration_lease, if_not_exists=True))
    fence = _waited_for_lease(engine)
    done = threading.Event()
    keeper = threading.Thread(target=_keep_lease, args=(engine, fence, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        _write_lease(engine, fence, None, clock.now())


def _waited_for_lease(engine: Engine) -> str:
    fence, until = uuid.uuid4().hex, time.monotonic() + _PATIENCE
    while not retrying(partial(_take_lease, engine, fence)):
        if time.monotonic() > until:
            raise DatabaseDown("Another process is still bringing the tables up to date.")
        time.sleep(_LOOK_EVERY)
    return fence


def _take_lease(engine: Engine, fence: str) -> bool:
    """Whether it was free, or its holder has said nothing for a lease and is taken for dead."""
    now, lease = clock.now(), migration_lease.c
    with writing(engine) as connection:
        insert_missing(connection, migration_lease, [{"id": 1, "until": clock.EPOCH}], "id")
        free = or_(lease.fence.is_(None), lease.until <= now, lease.until > now + 2 * _LASTS)
        taken = migration_lease.update().where(free).values(fence=fence, until=now + _LASTS)
        return connection.execute(taken).rowcount == 1


def _keep_lease(engine: Engine, fence: str, done: threading.Event) -> None:
    while not done.wait(_LASTS.total_seconds() / 6):
        try:
            _write_lease(engine, fence, fence, clock.now() + _LASTS)
        except DBAPIError as error:
            # The migration itself hears of it, or this is tried again long before the lease ends.
            _log.warning("migrations: the lease was not kept up: %s", type(error).__name__)


def _write_lease(engine: Engine, mine: str, fence: str | None, until: datetime) -> None:
    held = migration_lease.update().where(migration_lease.c.fence == mine)

    def work() -> None:
        with writing(engine) as connection:
            connection.execute(held.values(fence=fence, until=until))

    retrying(work)


def _clear_half_made(connection: Connection) -> None:
    """Take away what a first migration left that was cut short: MySQL commits each table alone.

    Only empty tables go; one with rows in it belongs to somebody, and the migration then fails.
    """
    if is_sqlite(connection) or revision(connection) is not None:
        return
    from core.db.tables import metadata

    there = set(inspect(connection).get_table_names())
    made = [
        table
        for table in metadata.sorted_tables
        if table.name in there and table is not migration_lease
    ]
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
