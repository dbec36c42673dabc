"""Where the inbox stands: counts by state, and the events that were given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from core.clock import NEVER
from core.db.engine import reading
from core.db.tables import events, stale_objects
from core.states import EventState


@dataclass(frozen=True)
class Failure:
    """An event that was given up after its tries."""

    stripe_id: str
    type: str
    attempts: int
    last_error: str | None
    received_at: datetime


@dataclass(frozen=True)
class Refusal:
    """An object that is not read again until an event of it comes, or is replayed."""

    kind: str
    stripe_id: str
    livemode: bool
    last_error: str | None


def counts_by_state(engine: Engine) -> dict[str, int]:
    """Events by state; `stale` objects wait to be read again, `parked` ones Stripe refuses."""
    with reading(engine) as connection:
        rows = connection.execute(select(events.c.state, func.count()).group_by(events.c.state))
        found = dict.fromkeys([state.value for state in EventState], 0)
        found |= {row[0]: row[1] for row in rows}
        parked = stale_objects.c.next_attempt_at >= NEVER
        for name, test in (("stale", ~parked), ("parked", parked)):
            asked = select(func.count()).select_from(stale_objects).where(test)
            found[name] = connection.execute(asked).scalar_one()
        return found


def failures(engine: Engine, *, limit: int = 1000) -> list[Failure]:
    """The events that were given up, newest first."""
    e = events.c
    with reading(engine) as connection:
        rows = connection.execute(
            select(e.stripe_id, e.type, e.attempts, e.last_error, e.received_at)
            .where(e.state == EventState.DEAD)
            .order_by(e.next_attempt_at.desc())
            .limit(limit)
        )
        return [Failure(*row) for row in rows]


def refusals(engine: Engine, *, limit: int = 1000) -> list[Refusal]:
    """The objects that Stripe refuses to show for good, in the order of their ids."""
    c = stale_objects.c
    with reading(engine) as connection:
        rows = connection.execute(
            select(c.kind, c.stripe_id, c.livemode, c.last_error)
            .where(c.next_attempt_at >= NEVER)
            .order_by(c.kind, c.stripe_id)
            .limit(limit)
        )
        return [Refusal(*row) for row in rows]
