"""When payments are scored and cases follow: at once while something changes, late ones in turn."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from core import clock
from core.db.engine import reading, retrying, writing
from core.domain import cursors, versions
from core.risk import cases, inflight_approvals
from core.risk.mirror_scoring import BATCH, score_arrivals

#: A payment's first attempt mostly follows within the hour.
FRESH = timedelta(hours=2)
#: So far back attempts are expected at all; what is older has been looked at once.
LATE = timedelta(days=30)
SWEEP_SECONDS = 300.0
_CURSOR = "risk:scored_until"


class Watch:
    """One worker's turn: fresh payments at each change, late ones every few minutes."""

    def __init__(self, engine: Engine, zone: ZoneInfo) -> None:
        self._engine = engine
        self._zone = zone
        self._seen = -1
        self._swept_at: float | None = None
        self._cases_at = -1

    def step(self) -> bool:
        """Score what is due, then open and close cases; whether a step took as much as it can."""
        busy = self._scored()
        version = versions.changes(self._engine)
        if busy or version != self._cases_at:
            more = cases.follow_sources(self._engine)
            self._cases_at = -1 if busy or more else version
            return busy or more
        return False

    def _scored(self) -> bool:
        if self._swept_at is None or time.monotonic() - self._swept_at > SWEEP_SECONDS:
            return self._sweep()
        version = versions.changes(self._engine)
        if version == self._seen:
            return False
        busy = self._score(clock.now() - FRESH)
        if not busy:
            self._seen = version
        return busy

    def _sweep(self) -> bool:
        """From where everything is known to be scored; the cursor follows once nothing is left."""
        with reading(self._engine) as connection:
            kept = cursors.position(connection, _CURSOR)
        since = clock.from_unix(kept["since"]) if kept else clock.EPOCH
        if self._score(since) or self._tidied():
            return True
        self._swept_at = time.monotonic()
        until = clock.to_unix(clock.now() - LATE)

        def keep() -> None:
            with writing(self._engine) as connection:
                cursors.keep_position(connection, _CURSOR, {"since": until}, at=clock.now())

        if kept is None or until > kept["since"]:
            retrying(keep)
        return False

    def _tidied(self) -> bool:
        """Scores linked whose answers came late, old passes gone; whether there may be more."""

        def work() -> int:
            with writing(self._engine) as connection:
                return max(
                    inflight_approvals.link(connection),
                    inflight_approvals.prune(connection, at=clock.now()),
                )

        return retrying(work) == inflight_approvals.CHUNK

    def _score(self, since: datetime) -> bool:
        return score_arrivals(self._engine, self._zone, since=since) == BATCH
