"""The places that a process passes: at each it may die, or stand still while others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event

from tests.support.refund_crashes import Killed

#: Statements that change nothing here are no place of their own.
_WRITES = ("INSERT", "UPDATE", "DELETE")
#: Places at which a process holds no lock, so that others may go on meanwhile.
_FREE = ("before request", "after request", "after commit", "after reading")


class Failpoints:
    """What was ordered for the step under way. `passed` counts every place by name, all told."""

    def __init__(self) -> None:
        self.passed: dict[str, int] = {}
        self._dies_in: int | None = None
        self._stands_in: int | None = None
        self._meanwhile: Callable[[], None] = lambda: None

    def order(self, *, dies_in: int | None) -> None:
        """Die at the so many-th place from now."""
        self._dies_in = dies_in

    def order_pause(self, stands_in: int, meanwhile: Callable[[], None]) -> None:
        """Stand still at the so many-th place without a lock, while something else is done."""
        self._stands_in, self._meanwhile = stands_in, meanwhile

    def reset(self) -> None:
        """As new, for another run."""
        self.clear()
        self.passed = {}

    def clear(self) -> None:
        self._dies_in = self._stands_in = None

    def at(self, place: str) -> None:
        """A process passes a place; `Killed` where it was to die."""
        self.passed[place] = self.passed.get(place, 0) + 1
        if self._dies_in is not None:
            self._dies_in -= 1
            if self._dies_in < 0:
                self.clear()
                raise Killed
        if self._stands_in is not None and place in _FREE:
            self._stands_in -= 1
            if self._stands_in < 0:
                meanwhile, dies_in = self._meanwhile, self._dies_in
                self.clear()
                meanwhile()
                self._dies_in = dies_in

    def watch(self, engine: Engine) -> None:
        """Pass a place at each statement that writes, at each commit, and where a reading ends."""
        dialect: Any = engine.dialect
        commit = dialect.do_commit

        def do_commit(connection: Any) -> None:
            if not getattr(connection, "in_transaction", True):
                commit(connection)
                return
            self.at("before commit")
            commit(connection)
            self.at("after commit")

        dialect.do_commit = do_commit

        @event.listens_for(engine, "rollback")
        def _reading_ended(connection: Connection) -> None:
            if not connection.get_execution_options().get("writes"):
                self.at("after reading")

        @event.listens_for(engine, "before_cursor_execute")
        def _statement(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if statement.startswith(_WRITES):
                self.at("statement")
