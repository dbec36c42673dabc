"""Parked objects, put back to be read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, true, update

from core import clock
from core.clock import NEVER
from core.db.engine import retrying, writing
from core.db.tables import stale_objects
from core.domain import versions


def put_back(connection: Connection, which: ColumnElement[bool], *, at: datetime) -> int:
    """Make those of them that are parked due at once, as if never tried; how many.

    The caller commits.
    """
    found = connection.execute(
        update(stale_objects)
        .where(which, stale_objects.c.next_attempt_at >= NEVER)
        .values(attempts=0, next_attempt_at=at, fence=None)
    ).rowcount
    versions.bump(connection, ["inbox"], slot=0)
    return found


def retry(engine: Engine, stripe_ids: Sequence[str] | None) -> int:
    """Put these back, or all where none are named; how many were parked."""
    which = true() if stripe_ids is None else stale_objects.c.stripe_id.in_(list(stripe_ids))

    def again() -> int:
        with writing(engine) as connection:
            return put_back(connection, which, at=clock.now())

    return retrying(again)
