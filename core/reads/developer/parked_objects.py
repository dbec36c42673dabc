"""Objects that are read no more until somebody asks for it, or an event tells of them anew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core import clock
from core.clock import NEVER
from core.db.tables import stale_objects
from core.reads.permissions import requires

#: How Stripe names the right that a restricted key lacks.
_RIGHT = re.compile(r"\brak_[a-z0-9_]+\b")


@dataclass(frozen=True, slots=True)
class ParkedObject:
    """One of them. `since`: what happened to it from then on is not shown; None if not known."""

    kind: str
    stripe_id: str
    reason: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ParkedObjects:
    """The first `rows` by kind and id, and how many there are in all."""

    rows: tuple[ParkedObject, ...]
    total: int


@dataclass(frozen=True, slots=True)
class MissingRight:
    """A right (`rak_…`) that the key lacks: `count` objects of these `kinds` wait for it."""

    right: str
    kinds: tuple[str, ...]
    count: int
    since: datetime | None


@requires("see_events")
def page(conn: Connection, *, livemode: bool, limit: int = 200) -> ParkedObjects:
    """The objects of a mode that are parked."""
    s = stale_objects.c
    mine = (s.next_attempt_at >= NEVER) & (s.livemode == livemode)
    asked = select(s.kind, s.stripe_id, s.last_error, s.known_at).where(mine)
    rows = conn.execute(asked.order_by(s.kind, s.stripe_id).limit(limit))
    total = conn.scalar(select(func.count()).select_from(stale_objects).where(mine))
    found = (ParkedObject(kind, one, said or "", _known(at)) for kind, one, said, at in rows)
    return ParkedObjects(tuple(found), int(total or 0))


@requires("see_payments")
def missing_rights(conn: Connection, *, livemode: bool, now: datetime) -> tuple[MissingRight, ...]:
    """The rights that objects wait for which are put off or parked, by name."""
    s = stale_objects.c
    # What is due is not looked at: a long queue would be read to its end.
    mine = (s.next_attempt_at > now) & (s.livemode == livemode) & s.last_error.contains("rak_")
    asked = select(s.kind, s.last_error, func.count(), func.min(s.known_at)).where(mine)
    found: dict[str, MissingRight] = {}
    for kind, said, count, at in conn.execute(asked.group_by(s.kind, s.last_error)):
        for right in set(_RIGHT.findall(said)):
            one = found.get(right, MissingRight(right, (), 0, None))
            times = [time for time in (one.since, _known(at)) if time is not None]
            kinds = tuple(sorted({*one.kinds, kind}))
            since = min(times, default=None)
            found[right] = MissingRight(right, kinds, one.count + int(count), since)
    return tuple(found[right] for right in sorted(found))


def _known(at: datetime) -> datetime | None:
    """A list brings objects without word of when they changed."""
    return at if at > clock.EPOCH else None
