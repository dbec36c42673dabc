"""Empty databases of the benchmark's own, beside the one that it was given."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from core.db import migrate
from core.db.engine import open_engine


@contextmanager
def empty_database(engine: Engine, name: str) -> Iterator[Engine]:
    """A database of the same kind with all tables and no rows; gone afterwards."""
    if engine.dialect.name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
            made = open_engine(f"sqlite:///{Path(folder) / name}.db")
            migrate.upgrade(made)
            yield made
            made.dispose()
        return
    database = f"tillwatch_bench_{name}"
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {database}"))
        connection.execute(text(f"CREATE DATABASE {database}"))
    url = engine.url.set(database=database).render_as_string(hide_password=False)
    made = open_engine(url)
    migrate.upgrade(made)
    try:
        yield made
    finally:
        made.dispose()
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {database}"))
