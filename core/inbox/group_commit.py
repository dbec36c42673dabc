"""Group commit: one thread writes what has piled up, and answers after its commit."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db.engine import is_full, is_passing, retrying
from core.db.pinned_connection import HeldConnection
from core.errors import DatabaseDown, InboxFull, TillwatchError
from core.events.store import IncomingEvent, store

_log = logging.getLogger(__name__)

#: Events a commit takes. No wait to fill it up: while one commit flushes, the next piles up.
MOST_PER_COMMIT = 256
MOST_WAITING = 4096
MOST_WAITING_BYTES = 32 << 20
#: A disk that was full is taken for full so long, unless a commit goes well: who is told that
#: nothing can be kept sends nothing to try it with.
FULL_SECONDS = 30
#: Tries of a commit before its senders are told to come again, and seconds after which there is
#: no further one.
_TRIES, _LONGEST = 4, 5.0

Ticket = TypeVar("Ticket")


def _no_measure(_rows: int, _seconds: float) -> None:
    """Keeps no figures."""


class GroupWriter(Generic[Ticket]):
    """Commits queued events by way of one thread; a ticket stands for whoever waits for one.

    `settle(tickets, error)` is called in that thread: with None once the tickets' events are
    committed, else with why they could not be kept. `measure(rows, seconds)` sees each commit.
    """

    def __init__(
        self,
        engine: Engine,
        settle: Callable[[Sequence[Ticket], TillwatchError | None], None],
        *,
        source: str = "webhook",
        measure: Callable[[int, float], None] = _no_measure,
    ) -> None:
        self._connection = HeldConnection(engine)
        self._settle = settle
        self._source = source
        self._measure = measure
        self._queue: deque[tuple[IncomingEvent, Ticket]] = deque()
        self._bytes = 0
        self._full_at = 0.0
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, *, seconds: float = 30) -> None:
        """Take no more, commit what waits, end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(seconds)

    def waiting(self) -> int:
        """How many events are queued now."""
        return len(self._queue)

    def submit(self, event: IncomingEvent, ticket: Ticket) -> None:
        """Queue one event and return at once; `InboxFull` if too much waits, or when stopping."""
        with self._changed:
            held = self._bytes + len(event.raw)
            if self._stopping or len(self._queue) >= MOST_WAITING or held > MOST_WAITING_BYTES:
                raise InboxFull
            self._queue.append((event, ticket))
            self._bytes = held
            self._changed.notify()

    def is_alive(self) -> bool:
        """Whether events can be kept at all."""
        return self._thread.is_alive() and not self._stopping

    def was_full(self) -> bool:
        """Whether the database's disk was full at the last commit, not long ago."""
        return bool(self._full_at) and time.monotonic() - self._full_at < FULL_SECONDS

    def _run(self) -> None:
        batch: list[tuple[IncomingEvent, Ticket]] = []
        try:
            while batch := self._next():
                self._commit(batch)
        finally:
            # Should the thread die of something unforeseen, nobody may wait for it for ever.
            with self._changed:
                self._stopping = True
                left = [ticket for _, ticket in (*batch, *self._queue)]
                self._queue.clear()
            if left:
                self._settle(left, DatabaseDown())
            self._connection.close()

    def _next(self) -> list[tuple[IncomingEvent, Ticket]]:
        with self._changed:
            while not self._queue and not self._stopping:
                self._changed.wait()
            batch = list(islice(self._queue, MOST_PER_COMMIT))
            for event, _ in batch:
                self._queue.popleft()
                self._bytes -= len(event.raw)
            return batch

    def _commit(self, batch: list[tuple[IncomingEvent, Ticket]]) -> None:
        started = time.perf_counter()
        error: TillwatchError | None = None
        try:
            retrying(
                lambda: self._write([event for event, _ in batch]),
                tries=_TRIES,
                repeatable=True,
                longest=_LONGEST,
            )
        except SQLAlchemyError as failure:
            if len(batch) > 1 and not is_passing(failure):
                # One event that the database refuses must not turn its neighbours away.
                for item in batch:
                    self._commit([item])
                return
            _log.error("an event could not be kept: %s", type(failure).__name__)
            error = DatabaseDown()
            self._full_at = time.monotonic() if is_full(failure) else 0.0
        else:
            self._full_at = 0.0
        took = time.perf_counter() - started
        self._settle([ticket for _, ticket in batch], error)
        self._measure(len(batch), took)

    def _write(self, batch: Sequence[IncomingEvent]) -> None:
        with self._connection.writing() as connection:
            store(connection, batch, source=self._source, received_at=clock.now())
