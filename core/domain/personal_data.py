"""Until when personal data was let go: nothing that is older may come back in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from core import clock
from core.db.tables import settings_table
from core.db.upsert import insert_missing, upsert

_NAME = "personal_data.purged"
#: Nothing younger is ever let go: no younger object needs a look at how far that went.
SHORTEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Purged:
    """What was made before `before` is kept without what is about a person; up to `done` nothing
    of that is left. Between the two a purge is under way."""

    before: datetime = clock.EPOCH
    done: datetime = clock.EPOCH


def purged(connection: Connection) -> Purged:
    """How far the purge is."""
    kept = connection.scalar(select(settings_table.c.value).where(settings_table.c.name == _NAME))
    if kept is None:
        return Purged()
    said = json.loads(kept)
    return Purged(clock.from_micros(said["before"]), clock.from_micros(said["done"]))


def take_turn(connection: Connection, *, at: datetime) -> Purged:
    """How far the purge is, for whoever carries it on: others wait until this one commits.

    They stand in line at a row that is written, which holds on every node of a cluster.
    """
    row = {"name": _NAME, "value": _said(Purged()), "updated_at": at, "updated_by": "system"}
    insert_missing(connection, settings_table, [row], "name")
    mine = settings_table.c.name == _NAME
    connection.execute(settings_table.update().where(mine).values(updated_at=at))
    return purged(connection)


def keep_purged(connection: Connection, purge: Purged, *, at: datetime) -> None:
    """Write how far the purge is."""
    row = {"name": _NAME, "value": _said(purge), "updated_at": at, "updated_by": "system"}
    upsert(connection, settings_table, [row])


def _said(purge: Purged) -> str:
    return json.dumps(
        {"before": clock.to_micros(purge.before), "done": clock.to_micros(purge.done)}
    )
