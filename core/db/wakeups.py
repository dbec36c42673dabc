"""Waking loops when there is work for them: one thread asks for all, in one statement.

SQLite counts the commits of others, and says how many in a few microseconds: only after one is
asked what it brought, and when something falls due by itself. They are counted when its log was
written to, where the system tells of that. Other databases are asked all the time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, null, select
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db.engine import reading
from core.db.file_changes import FileChanges, watch

#: What is woken by any commit is asked for its times only, once in so many seconds at most.
TIMES_EVERY = 1.0
#: All is asked for at least this often, in seconds, whatever was committed: clocks are put back.
AT_LEAST = 5.0

#: A log that was written to is looked at again after so long, then twice that, until the commit is
#: there; it is listened to again so long after one, for they come in swarms.
_FIRST_PAUSE, _SWARM_PAUSE = 0.001, 0.02
#: Who wrote to the log and has committed nothing after so long has taken it back.
_TAKEN_BACK = 5.0
#: After more commits than these of which nothing was heard nobody listens any more: on some file
#: systems changes are told to nobody.
_UNHEARD = 2

_NOTHING = object()
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What a loop waits for: whether anything is `due` at a moment, and when the next thing will
    be that waits for a time (NULL: nothing does)."""

    due: Callable[[datetime], ColumnElement[bool]]
    next_due: Callable[[datetime], ColumnElement[datetime]] | None = None


@dataclass(frozen=True)
class Change:
    """A value that is another one once there is something to do."""

    value: ColumnElement[Any]


@dataclass
class Wakeup:
    """The side of one loop: it waits here, and sleeps through what is none of its work."""

    _work: Work | Change
    #: It is asked for once in so many seconds at most.
    _every: float
    #: Any commit wakes it: its own step looks sooner than it would be asked for.
    _at_once: bool = False
    _event: threading.Event = field(default_factory=threading.Event)
    _pending: bool = True
    _asked_at: float = -AT_LEAST
    _due_at: float = 0.0
    _seen: object = _NOTHING

    def wait(self, seconds: float) -> None:
        """Return when there is work, or after so long; at once if there was some meanwhile."""
        self._event.wait(seconds)
        self._event.clear()

    def wake(self) -> None:
        """End its wait, or the next one."""
        self._event.set()

    @property
    def next_at(self) -> float:
        """When it is to be asked for, at the latest."""
        return max(self._asked_at + self._every, 0.0 if self._pending else self._due_at)

    def is_ready(self, now: float) -> bool:
        """Whether it is to be asked for now: something was committed, or fell due."""
        return now >= self.next_at

    def asks(self, at: datetime) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """What is asked for it, and for the time when to ask again."""
        if isinstance(self._work, Change):
            return self._work.value, null()
        return self._work.due(at), self._work.next_due(at) if self._work.next_due else null()

    def hear(self, said: object, next_due: datetime | None, at: datetime, now: float) -> None:
        """Wake its loop if what was said is news."""
        wait = AT_LEAST
        if next_due is not None:
            wait = min(wait, max(0.0, (next_due - at).total_seconds()))
        self._pending, self._asked_at, self._due_at = False, now, now + wait
        news = said != self._seen if isinstance(self._work, Change) else bool(said)
        self._seen = said
        if news:
            self._event.set()

    def doubt(self) -> None:
        """Something was committed: it may be work."""
        self._pending = True
        if self._at_once:
            self._event.set()


class Wakeups:
    """All loops of a process that wait for work; `look` is the step of a loop of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wakeups: list[Wakeup] = []
        self._commits = _Commits(engine) if engine.dialect.name == "sqlite" else None
        self._count: int | None = None
        self._connection: Connection | None = None
        self._ended = threading.Event()
        #: Tells when the log of SQLite is written to; None where it is asked all the time.
        self._changes: FileChanges | None = None
        #: How long to wait for the commit of what was written, and since when; None: none is due.
        self._pause: float | None = None
        self._written_at, self._unheard = 0.0, 0

    def of(self, work: Work | Change, *, every: float = 0.0) -> Wakeup:
        """Where a loop waits for its work; it is woken once in `every` seconds at most, or by the
        next look."""
        at_once = not every and self._commits is not None
        wakeup = Wakeup(work, TIMES_EVERY if at_once else every, at_once)
        self._wakeups.append(wakeup)
        return wakeup

    def wake_all(self) -> None:
        """End all waits: the process stops."""
        self._ended.set()
        if self._changes is not None:
            self._changes.end()
        for wakeup in self._wakeups:
            wakeup.wake()

    def look(self) -> bool:
        """Wake whoever has work; says that nothing more is to be done."""
        now = time.monotonic()
        # Counted before it is asked: what is committed meanwhile is seen the next time.
        if self._is_news(now):
            for one in self._wakeups:
                one.doubt()
        ready = [one for one in self._wakeups if one.is_ready(now)]
        if ready:
            at = clock.now()
            row = self._ask([column for one in ready for column in one.asks(at)])
            for place, one in enumerate(ready):
                one.hear(row[2 * place], row[2 * place + 1], at, now)
        return False

    def wait(self, seconds: float) -> None:
        """Return when it is time for the next look, after so long where no log tells of writes."""
        if self._changes is None:
            self._ended.wait(seconds)
        elif self._pause is None:
            self._changes.pause(_SWARM_PAUSE)
            now = time.monotonic()
            next_at = min((one.next_at for one in self._wakeups), default=now + AT_LEAST)
            self._changes.wait(max(0.0, next_at - now))
        else:
            # It was written to, and is committed a flush later.
            self._changes.pause(self._pause)
            self._pause = min(2 * self._pause, seconds)

    def _is_news(self, now: float) -> bool:
        """Whether there may be work since the last look."""
        if self._commits is None:
            return True
        # What was heard before the count may be of a commit that comes after it.
        heard = self._changes is not None and self._changes.heard()
        count = self._commits.count()
        news = count is None or count != self._count
        if heard:
            self._pause, self._written_at, self._unheard = _FIRST_PAUSE, now, 0
        elif news:
            self._unheard += self._pause is None
            self._pause = None
        elif now - self._written_at > _TAKEN_BACK:
            self._pause = None
        if count is not None and self._count is None:
            self._changes = watch(Path(f"{self._engine.url.database}-wal"))
            if self._ended.is_set() and self._changes is not None:
                self._changes.end()
            # What was committed before it listened.
            count = self._commits.count()
            self._unheard = 0
        elif self._changes is not None and self._unheard > _UNHEARD:
            _log.info("nothing tells of commits here: they are counted all the time")
            self._changes = None
        self._count = count
        return news

    def _ask(self, columns: list[ColumnElement[Any]]) -> Row[Any]:
        asked = select(*(column.label(f"c{n}") for n, column in enumerate(columns)))
        if self._commits is not None:
            with reading(self._engine) as connection:
                return connection.execute(asked).one()
        if self._connection is None:
            plain = self._engine.connect()
            self._connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        try:
            return self._connection.execute(asked).one()
        except SQLAlchemyError:
            self._connection.invalidate()
            self._connection = None
            raise


class _Commits:
    """`PRAGMA data_version`: another number after each commit by any other connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None

    def count(self) -> int | None:
        """None where the database does not say: whoever asks it will hear why."""
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
