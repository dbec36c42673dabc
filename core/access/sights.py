"""Who saw whose data: one audit row a person, object and ten minutes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, Engine

from core import clock
from core.access import audit
from core.db.engine import retrying, writing

WITHIN = timedelta(minutes=10)


def is_new(connection: Connection, actor: str, action: str, target: str) -> bool:
    """Whether `note` would write a row: a write lock for nothing costs others."""
    since = clock.now() - WITHIN
    return not audit.stands(connection, since, actor=actor, action=action, target=target)


def note(engine: Engine, actor: str, action: str, target: str) -> None:
    """Write down that `actor` is about to be shown a target."""

    def work() -> None:
        with writing(engine) as connection:
            audit.append_once(connection, WITHIN, actor=actor, action=action, target=target)

    retrying(work)
