"""Whether events can be kept now, how many wait and how streams stand: for probes and metrics."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db.engine import open_engine, reading
from core.db.migrate import is_current, is_newer
from core.events.store import Backlog, backlog
from core.reads.overview.streams import StreamState, stream_states

DatabaseState = Literal["current", "behind", "ahead", "unreachable"]
#: A disk with less free than this is full: SQLite's log ahead would not fit on it.
ROOM = 8 << 20
#: Where a MySQL server is on this machine.
_HERE = (None, "", "localhost", "127.0.0.1", "::1")

_log = logging.getLogger(__name__)


class Readiness:
    """Asks the database; that its schema is current is asked until it is, and then kept.

    Kept, so that processes of the old version stay ready while a new one migrates the schema.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._current = self._newer = False

    def check(self) -> DatabaseState:
        """The database's state now."""
        try:
            with reading(self._engine) as connection:
                connection.execute(text("SELECT 1"))
                self._current = self._current or is_current(connection)
                self._newer = not self._current and is_newer(connection)
        except SQLAlchemyError as error:
            _log.warning("the database does not answer: %s", type(error).__name__)
            return "unreachable"
        if self._current:
            return "current"
        return "ahead" if self._newer else "behind"


def answers_within(url: str, seconds: float) -> bool:
    """Whether the database answers a connection of its own in so many seconds: those that are open
    may wait for good, since a server that hangs keeps them open."""
    answered = threading.Event()

    def ask() -> None:
        engine = open_engine(url, pool_size=1)
        with suppress(SQLAlchemyError), reading(engine) as connection:
            connection.execute(text("SELECT 1"))
            answered.set()
        engine.dispose()

    threading.Thread(target=ask, daemon=True).start()
    return answered.wait(seconds)


def backlog_or_none(engine: Engine) -> Backlog | None:
    """The inbox's backlog; None when the database does not answer."""
    try:
        with reading(engine) as connection:
            return backlog(connection)
    except SQLAlchemyError as error:
        _log.warning("the inbox could not be counted: %s", type(error).__name__)
        return None


class Disks:
    """The disks that this process cannot work without: VAR_DIR's, and the database's if it is here.

    What a server elsewhere has left is its own to say, by refusing to write.
    """

    def __init__(self, engine: Engine, var_dir: Path) -> None:
        self._engine, self._var_dir = engine, var_dir
        self._database: Path | None = None

    def is_full(self) -> bool:
        """Whether one of them is."""
        places = {_existing(self._var_dir), self._of_database()}
        return _is_full([place for place in places if place is not None])

    def _of_database(self) -> Path | None:
        """The folder of the database's files; asked for until a server here told it."""
        if self._database is None:
            url = self._engine.url
            if self._engine.dialect.name == "sqlite":
                self._database = Path(url.database or ".").parent
            elif url.host in _HERE or "unix_socket" in url.query:
                with suppress(SQLAlchemyError), reading(self._engine) as connection:
                    self._database = Path(connection.scalar(text("SELECT @@datadir")))
        return None if self._database is None else _existing(self._database)


def _is_full(places: Collection[Path]) -> bool:
    for place in places:
        with suppress(OSError):
            if shutil.disk_usage(place).free < ROOM:
                return True
    return False


def _existing(place: Path) -> Path | None:
    """The place or the nearest folder above it that exists; None where none can be looked at."""
    with suppress(OSError):
        return next((one for one in (place, *place.absolute().parents) if one.exists()), None)
    return None


def streams_or_none(
    engine: Engine, modes: Collection[bool]
) -> dict[bool, tuple[StreamState, ...]] | None:
    """How the streams of these modes stand; None when the database does not answer."""
    try:
        with reading(engine) as connection:
            now = clock.now()
            return {mode: stream_states(connection, livemode=mode, now=now) for mode in modes}
    except SQLAlchemyError as error:
        _log.warning("the streams could not be read: %s", type(error).__name__)
        return None
