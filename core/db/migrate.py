"""Brings the schema up to date at start, and says whether it is."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from core.db.engine import is_sqlite, reading, writing

#: MySQL DDL commits by itself, so several starting processes queue on a named lock.
_LOCK = "tillwatch_migrations"


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing. Safe when several processes start at once."""
    with reading(engine) as connection:
        if revision(connection) == _head():
            return
    with writing(engine) as connection:
        if not is_sqlite(connection):
            connection.execute(text("SELECT GET_LOCK(:name, 120)"), {"name": _LOCK})
        try:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        finally:
            if not is_sqlite(connection):
                connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})


def revision(connection: Connection) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(connection: Connection) -> bool:
    """Whether the database stands at the newest migration."""
    return revision(connection) == _head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()
