"""Reading stale objects over and over, through times in which Stripe does not answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, select, update

from core import clock
from core.clock import NEVER
from core.db.engine import retrying, writing
from core.db.tables import stale_objects
from core.errors import TillwatchError
from core.gateway.client import Gateway
from core.mirror.apply import BookingContext
from core.mirror.refresh import refresh

#: While Stripe is silent one of the objects that it failed is tried so often. An object that it
#: fails over while it answers for others costs them no more than one try in so long.
ASK_EVERY = timedelta(seconds=15)


class RefreshLoop:
    """The steps of one mode. What Stripe failed waits longer each time, up to minutes: one of them
    is tried meanwhile, and with the first answer all of them are due."""

    def __init__(self, engine: Engine, gateway: Gateway, books: BookingContext) -> None:
        self._engine, self._gateway, self._books = engine, gateway, books
        #: What was said when Stripe did not answer; None while nothing waits for that any more.
        self._silence: str | None = None
        self._failed_at = self._asked_at = clock.EPOCH

    def step(self) -> bool | None:
        """Whether there was something to read; None if nothing was tried since Stripe failed."""
        try:
            done = refresh(self._engine, self._gateway, self._books)
        except TillwatchError as error:
            self._silence, self._failed_at = error.message[:500], clock.now()
            raise
        if self._silence is None:
            return done > 0
        if clock.now() - (self._failed_at if done else self._last_try) < ASK_EVERY:
            return True if done else None
        self._asked_at = clock.now()
        if not self._bring_forward(None if done else 1):
            self._silence = None
            return done > 0
        return True if done else None

    @property
    def _last_try(self) -> datetime:
        return max(self._failed_at, self._asked_at)

    def _bring_forward(self, most: int | None) -> int:
        return retrying(lambda: self._due_now(most))

    def _due_now(self, most: int | None) -> int:
        with writing(self._engine) as connection:
            return _bring_forward(
                connection, self._gateway.livemode, self._silence or "", most, at=clock.now()
            )


def _bring_forward(
    connection: Connection, livemode: bool, reason: str, most: int | None, *, at: datetime
) -> int:
    """Make those due that were put off for this reason, the soonest first, up to so many."""
    s = stale_objects.c
    off = and_(s.next_attempt_at > at, s.next_attempt_at < NEVER, s.livemode == livemode)
    waits = and_(off, s.fence.is_(None), s.attempts > 0, s.last_error == reason)
    if most is None:
        return connection.execute(
            update(stale_objects).where(waits).values(next_attempt_at=at)
        ).rowcount
    asked = select(s.kind, s.stripe_id).where(waits).order_by(s.next_attempt_at).limit(most)
    keys = connection.execute(asked).all()
    for kind, stripe_id in keys:
        mine = and_(s.kind == kind, s.stripe_id == stripe_id, waits)
        connection.execute(update(stale_objects).where(mine).values(next_attempt_at=at))
    return len(keys)
