"""Hides the client secrets in events that an earlier version kept as they came."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, bindparam, select

from core.db.engine import reading, retrying, writing
from core.db.inbox_tables import events
from core.domain import cursors
from core.masking import hide_secrets

#: Events that are looked at in one step: it holds no other writer up for long.
CHUNK = 200
#: While processes are replaced one by one, one of the earlier version may still keep a secret; so
#: all is walked again after this long.
AGAIN_AFTER = timedelta(hours=1)
_CURSOR = "hide kept secrets"


def hide_kept_secrets(engine: Engine, *, at: datetime) -> bool:
    """Hide what stands in the next chunk of events; whether there is more to look at now.

    It walks all of them twice in a database's life, then never again.
    """
    with reading(engine) as connection:
        where = cursors.position(connection, _CURSOR)
    if where is None:
        where = {"began": at.isoformat(), "seq": 0, "walk": 1}
    return retrying(partial(_step, engine, where, at))


def _step(engine: Engine, where: dict[str, Any], at: datetime) -> bool:
    again_at = datetime.fromisoformat(where["began"]) + AGAIN_AFTER
    if where["walk"] > 2 or (where["walk"] == 2 and at < again_at):
        return False
    e = events.c
    query = select(e.seq, e.body).where(e.seq > where["seq"]).order_by(e.seq).limit(CHUNK)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    found = [(row.seq, row.body, hide_secrets(row.body)) for row in rows]
    changes = [{"one": seq, "left": left} for seq, body, left in found if left != body]
    if len(rows) == CHUNK:
        where = where | {"seq": rows[-1].seq}
    else:
        where = where | {"seq": 0, "walk": where["walk"] + 1}
    with writing(engine) as connection:
        if changes:
            change = events.update().where(e.seq == bindparam("one"))
            connection.execute(change.values(body=bindparam("left")), changes)
        cursors.keep_position(connection, _CURSOR, where, at=at)
    return len(rows) == CHUNK
