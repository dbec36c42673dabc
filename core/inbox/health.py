"""Whether the database can keep events now, and how many wait: for probes and for metrics."""

from __future__ import annotations

import logging
from typing import Literal

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from core.db.engine import reading
from core.db.migrate import is_current
from core.inbox.store import Backlog, backlog

DatabaseState = Literal["current", "behind", "unreachable"]

_log = logging.getLogger(__name__)


class Readiness:
    """Asks the database; that its schema is current is asked until it is, and then kept.

    Kept, so that processes of the old version stay ready while a new one migrates the schema.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._current = False

    def check(self) -> DatabaseState:
        """The database's state now."""
        try:
            with reading(self._engine) as connection:
                connection.execute(text("SELECT 1"))
                self._current = self._current or is_current(connection)
        except SQLAlchemyError as error:
            _log.warning("the database does not answer: %s", type(error).__name__)
            return "unreachable"
        return "current" if self._current else "behind"


def backlog_or_none(engine: Engine) -> Backlog | None:
    """The inbox's backlog; None when the database does not answer."""
    try:
        with reading(engine) as connection:
            return backlog(connection)
    except SQLAlchemyError as error:
        _log.warning("the inbox could not be counted: %s", type(error).__name__)
        return None
