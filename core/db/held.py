"""A connection that one thread keeps between its transactions: the pool's check and reset on each
way out and back are as much of a short transaction as its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


class HeldConnection:
    """Opened at the first transaction, and again after one that failed. For one thread alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction: committed at the end; rolled back, and the connection given back
        to the pool, on an error. A server that hung up meanwhile is such an error: try again."""
        if self._held is None:
            self._held = self._engine.connect().execution_options(writes=True)
        try:
            with self._held.begin():
                yield self._held
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back to the pool."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
