"""Rows of `streams` for tests of screens, as a worker that lives would have written them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from core import clock
from core.db.engine import writing
from core.db.tables import streams
from core.db.upsert import upsert
from core.domain.stream_limits import STREAMS

#: Longer than any fault may last that is told to nobody.
LONG = timedelta(minutes=2)


def write(engine: Engine, *names: str, livemode: bool = False, **given: Any) -> None:
    """Fresh as of now, all of them or those named; `given` says otherwise."""
    now = clock.now()
    rows = [
        {
            "name": name,
            "livemode": livemode,
            "fresh_as_of": now,
            "checked_at": now,
            "failed_since": None,
            "error": None,
            "reason": None,
            "permission": None,
        }
        | given
        for name in names or STREAMS
    ]
    with writing(engine) as connection:
        upsert(connection, streams, rows)


def fail(engine: Engine, *names: str, since: datetime | None = None, **given: Any) -> None:
    """Stopped for a while, for `error`, `reason`, `permission`."""
    began = since or clock.now() - LONG
    write(engine, *names, **({"failed_since": began, "fresh_as_of": began} | given))


def die(engine: Engine, *names: str) -> None:
    """A worker that was killed a minute ago."""
    began = clock.now() - timedelta(seconds=60)
    write(engine, *names, checked_at=began, fresh_as_of=began)


def forget(engine: Engine) -> None:
    """As if no worker had ever run."""
    with writing(engine) as connection:
        connection.execute(streams.delete())
