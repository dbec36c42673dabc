"""Looking for work only where some may have come: what loops ask many times a second."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

#: A step is taken at least this often, in seconds, whatever was committed: work may fall due too.
AT_LEAST = 1.0

Step = Callable[[], bool | None]


def when_committed(engine: Engine, step: Step, has_work: Callable[[Connection], bool]) -> Step:
    """The step, taken where a commit may have brought it work.

    SQLite counts the commits of others, and says how many in a few microseconds. Elsewhere
    `has_work` is asked, one short statement in place of a transaction that writes. What the step
    said when it was last taken is said again while it is passed over.
    """
    if engine.dialect.name == "sqlite":
        return _Counted(engine, step)
    return _Asked(engine, step, has_work)


class _Counted:
    """`PRAGMA data_version`: another number after each commit by any other connection."""

    def __init__(self, engine: Engine, step: Step) -> None:
        self._engine, self._step = engine, step
        self._connection: Any = None
        self._seen: int | None = None
        self._taken_at = 0.0
        self._said: bool | None = None

    def __call__(self) -> bool | None:
        # Read before the step: what is committed while it looks is seen the next time.
        commits = self._commits()
        fresh = time.monotonic() - self._taken_at < AT_LEAST
        if commits is not None and commits == self._seen and fresh:
            return self._said
        self._seen = None
        said = self._step()
        if not said:
            self._seen, self._taken_at, self._said = commits, time.monotonic(), said
        return said

    def _commits(self) -> int | None:
        """None where the database does not say: the step will tell why."""
        try:
            if self._connection is None:
                self._connection = _apart(self._engine)
            driver = self._connection.dbapi_connection
            return int(driver.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            self._connection = None
            return None


def _apart(engine: Engine) -> Any:
    """A connection that is none of the pool's: it is kept for good."""
    found = engine.raw_connection()
    found.detach()
    return found


class _Asked:
    """One statement on a connection of its own, which is in no transaction."""

    def __init__(self, engine: Engine, step: Step, has_work: Callable[[Connection], bool]) -> None:
        self._engine, self._step, self._has_work = engine, step, has_work
        self._connection: Connection | None = None
        self._taken_at: float | None = None
        self._said: bool | None = None

    def __call__(self) -> bool | None:
        taken_at, self._taken_at = self._taken_at, None
        fresh = taken_at is not None and time.monotonic() - taken_at < AT_LEAST
        if fresh and not self._asked():
            self._taken_at = taken_at
            return self._said
        said = self._step()
        if not said:
            self._taken_at, self._said = time.monotonic(), said
        return said

    def _asked(self) -> bool:
        if self._connection is None:
            plain = self._engine.connect()
            self._connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        try:
            return self._has_work(self._connection)
        except SQLAlchemyError:
            self._connection.invalidate()
            self._connection = None
            raise
