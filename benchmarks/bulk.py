"""Many rows at once: SQLite's executemany without a journal, MariaDB's LOAD DATA."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymysql
from sqlalchemy import Connection, Table
from sqlalchemy.engine import make_url

from core.db.engine import is_sqlite, open_engine

_TIMES = {"created_at", "updated_at", "as_of", "available_on"}


@contextmanager
def loading(url: str) -> Iterator[Connection]:
    """One transaction that loads everything; on SQLite into a new file, without a journal."""
    path = make_url(url).database
    if url.startswith("sqlite") and path:
        for ending in ("", "-wal", "-shm"):
            Path(path + ending).unlink(missing_ok=True)
    engine = open_engine(url)
    with engine.connect().execution_options(writes=True) as conn:
        if is_sqlite(conn):
            driver: Any = conn.connection.driver_connection
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
                driver.execute(f"PRAGMA {pragma}")
        with conn.begin():
            yield conn
    engine.dispose()


def load_all(conn: Connection, table: Table, frames: Iterable[pd.DataFrame]) -> None:
    """Load frame after frame; times in them are microseconds since 1970."""
    for frame in frames:
        if len(frame):
            load(conn, table, frame)


def load(conn: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Insert a frame whose columns have the names of the table's."""
    names = ", ".join(frame.columns)
    if is_sqlite(conn):
        marks = ", ".join("?" * len(frame.columns))
        columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in frame]
        insert = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
        driver: Any = conn.connection.driver_connection
        driver.executemany(insert, zip(*(column.tolist() for column in columns), strict=True))
        return
    shown = frame.assign(
        **{
            name: np.datetime_as_string(frame[name].to_numpy().astype("datetime64[us]"))
            for name in _TIMES & set(frame.columns)
        }
    )
    driver = conn.connection.driver_connection
    _load_file(driver, table.name, names, shown)


def _load_file(
    driver: pymysql.Connection[Any], table: str, names: str, frame: pd.DataFrame
) -> None:
    """LOAD DATA is several times as fast as INSERT."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        frame.to_csv(file.name, sep="\t", header=False, index=False, na_rep="\\N")
        with driver.cursor() as cursor:
            cursor.execute(f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE {table} ({names})")
