"""A connection that one thread keeps between its transactions: the pool's check and reset on each
way out and back are a sixth of a short one on MySQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

#: What lay idle longer may have been cut off without a word: the pool checks it, or its age.
IDLE_SECONDS = 10


class HeldConnection:
    """Opened at the first transaction, and again after one that failed. For one thread alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | None = None
        self._used_at = 0.0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction: committed at the end; rolled back, and the connection given back
        to the pool, on an error. A server that hung up meanwhile is such an error: try again."""
        if time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()
        if self._held is None:
            self._held = self._engine.connect().execution_options(writes=True)
        try:
            with self._held.begin():
                yield self._held
        except BaseException:
            # Whatever it was, it goes on to the caller; a connection in doubt is not used again.
            self.close()
            raise
        self._used_at = time.monotonic()

    def close(self) -> None:
        """Give the connection back to the pool."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
