"""What the guard asks the database: is this session in force, and are the open ones still?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from core.access import sessions
from core.access.sessions import Session
from core.db.engine import reading, retrying, writing
from core.errors import DatabaseDown


def enter(
    engine: Engine, token: str, *, now: datetime, production: bool, activity: bool
) -> Session | None:
    """The session in force behind a token; `activity` (a person did something) keeps it awake.

    `DatabaseDown` when the database does not answer.
    """
    try:
        with reading(engine) as connection:
            found = sessions.find(connection, token, now=now, production=production)
            due = activity and found is not None and sessions.is_due(connection, found.key, now)
        if found is not None and due:
            retrying(lambda: _touch(engine, found.key, now))
    except OperationalError as error:
        raise DatabaseDown from error
    return found


def still_open(
    engine: Engine, keys: Collection[str], *, now: datetime, production: bool
) -> frozenset[str]:
    """Those of the sessions that are in force now; `DatabaseDown` when nobody answers."""
    try:
        with reading(engine) as connection:
            return sessions.in_force(connection, keys, now=now, production=production)
    except OperationalError as error:
        raise DatabaseDown from error


def _touch(engine: Engine, key: str, now: datetime) -> None:
    with writing(engine) as connection:
        sessions.touch(connection, key, now)
