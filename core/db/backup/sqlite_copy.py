"""A SQLite file copied by its online backup, while others write; and put back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from core.db.backup.archive import Writer
from core.errors import BackupFailed, BackupRefused

_CHUNK = 1 << 20
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def copy(source: Path, made: Path) -> dict[str, int]:
    """Copy the database as it is at one moment; the rows of each of its tables.

    In one step: nobody who writes meanwhile waits for it, or makes it begin again.
    """
    if not source.exists():
        raise BackupFailed(f"There is no database at {source}.")
    made.touch(0o600)
    try:
        with closing(_opened(source, "ro")) as ours, closing(sqlite3.connect(made)) as theirs:
            ours.backup(theirs)
            # One file, without a log beside it.
            theirs.execute("PRAGMA journal_mode=DELETE")
            (said,) = theirs.execute("PRAGMA quick_check(1)").fetchone()
            if said != "ok":
                raise BackupFailed("The database is damaged, and so would be its backup.")
            return _count(theirs)
    except sqlite3.Error as error:
        raise BackupFailed(f"The database could not be copied ({error}).") from None


def schema(made: Path) -> str | None:
    """The migration that a copy stands at."""
    with closing(_opened(made, "ro")) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.Error:
            return None
    return None if row is None else str(row[0])


def pour(made: Path, out: Writer) -> None:
    """Write the copy into the backup."""
    with made.open("rb") as file:
        while piece := file.read(_CHUNK):
            out.write(piece)


def refuse_taken(target: Path) -> None:
    """`BackupRefused` where the target is there and holds anything."""
    beside = [Path(f"{target}{ending}") for ending in ("-wal", "-shm", "-journal")]
    if (target.exists() and target.stat().st_size) or any(path.exists() for path in beside):
        raise BackupRefused(
            f"{target} is there already: restore into a new file. Nothing was written."
        )


def rows_of(made: Path) -> dict[str, int]:
    """The rows of each table of a file that was restored."""
    try:
        with closing(_opened(made, "ro")) as connection:
            return _count(connection)
    except sqlite3.Error:
        raise BackupRefused.damaged() from None


def put(made: Path, target: Path) -> None:
    """Give the restored file its name, unless somebody took the name meanwhile."""
    refuse_taken(target)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(target)


def _count(connection: sqlite3.Connection) -> dict[str, int]:
    names = sorted(name for (name,) in connection.execute(_TABLES))
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 # its own tables
        for name in names
    }


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30)
