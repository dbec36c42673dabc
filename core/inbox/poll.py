"""Polling Stripe's events into the same inbox: heals gaps, and serves where no webhook arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import events
from core.domain import cursors
from core.errors import MalformedEvent
from core.events.coverage import REACH, events_name, gap_of
from core.events.store import IncomingEvent, as_bytes, parse_envelope, store
from core.gateway import fields
from core.gateway.client import Gateway, Json
from core.gateway.readings import EVENT, EventPage, Unread, read_events
from core.gateway.walk import Place, walk
from core.mirror import streams
from core.mirror.faults import OF_ONE_OBJECT, reason, set_aside
from core.mirror.postponed import park_unread, unpark

#: Events can appear late in the list: so much of what was seen is read again.
OVERLAP = timedelta(minutes=5)
#: Where a first poll begins; the backfill covers what lies before.
FIRST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Polled:
    """`new` events were stored, `parked` ones could not be read.

    `gap_since`: from then on Stripe no longer has all events that were missed. It stays until a
    `sync` has read the lists that far back.
    """

    new: int
    gap_since: datetime | None = None
    parked: int = 0

    @property
    def gap(self) -> bool:
        """Whether events were missed for good."""
        return self.gap_since is not None


def poll(engine: Engine, gateway: Gateway) -> Polled:
    """Store the events since the last poll that no webhook brought. Each page is committed.

    An event that cannot be read is parked, and stops no other.
    """
    name, now = events_name(gateway.livemode), clock.now()
    with reading(engine) as connection:
        kept = cursors.position(connection, name) or {}
    since = clock.from_unix(kept["since"]) if kept else now - FIRST
    gap = gap_of(kept, now)
    if gap is not None and kept.get("gap") is None:
        # Before the cursor moves: what was missed is told even if this step ends here.
        streams.note_gap(engine, gateway.livemode, clock.from_unix(gap))
        retrying(partial(_keep, engine, name, {"gap": gap}))
    start = max(since, now - REACH)
    floor = clock.to_unix(start - OVERLAP)

    def read(place: Place, _plain: bool) -> EventPage:
        return read_events(gateway, created=place.created(floor), starting_after=place.after)

    new, parked, newest = 0, 0, start
    for page, _ in walk(read):
        stored, odd = _write_page(engine, page, gateway.livemode)
        new, parked = new + stored, parked + odd
        newest = max([newest, *_times(page.events)])
    # An event that says it is of the far future must not have the poll pass over all until then.
    newest = min(newest, max(since, now + FIRST))
    if not kept or newest > since:
        retrying(partial(_keep, engine, name, {"since": clock.to_unix(newest)}))
    return Polled(new, None if gap is None else clock.from_unix(gap), parked)


def _times(found: Sequence[Json]) -> list[datetime]:
    return [at for event in found if (at := fields.moment(event, "created")) is not None]


def _write_page(engine: Engine, page: EventPage, livemode: bool) -> tuple[int, int]:
    """Store a page's events: how many were new, and how many were parked.

    Most came by webhook already: only the others' bodies are written.
    """
    ids = [event["id"] for event in page.events]
    with reading(engine) as connection:
        kept = select(events.c.stripe_id).where(events.c.stripe_id.in_(ids))
        known = set(connection.scalars(kept))
    good, bad = _parsed([event for event in page.events if event["id"] not in known])
    unread = [*page.unread, *bad]
    if not good and not unread:
        return 0, 0
    try:
        retrying(partial(_store, engine, good, unread, livemode), repeatable=True)
    except OF_ONE_OBJECT as error:
        set_aside(error, "a page of events")
        unread += _store_singly(engine, good, unread, livemode)
    return len(good) - (len(unread) - len(page.unread) - len(bad)), len(unread)


def _store_singly(
    engine: Engine, good: Sequence[IncomingEvent], unread: Sequence[Unread], livemode: bool
) -> list[Unread]:
    refused = []
    for event in good:
        try:
            retrying(partial(_store, engine, [event], [], livemode), repeatable=True)
        except OF_ONE_OBJECT as error:
            set_aside(error, f"event {event.id}")
            refused.append(Unread(EVENT, event.id, reason(error)))
    retrying(partial(_store, engine, [], [*unread, *refused], livemode))
    return refused


def _parsed(found: Sequence[Json]) -> tuple[list[IncomingEvent], list[Unread]]:
    good, bad = [], []
    for event in found:
        try:
            good.append(parse_envelope(as_bytes(event)))
        except MalformedEvent as error:
            bad.append(Unread(EVENT, event["id"], error.message))
    return good, bad


def _store(
    engine: Engine, found: Sequence[IncomingEvent], unread: Sequence[Unread], livemode: bool
) -> None:
    with writing(engine) as connection:
        now = clock.now()
        store(connection, found, source="poll", received_at=now)
        unpark(connection, {EVENT: [event.id for event in found]})
        park_unread(connection, unread, livemode=livemode, at=now)


def _keep(engine: Engine, name: str, where: dict[str, Any]) -> None:
    with writing(engine) as connection:
        kept = cursors.position(connection, name) or {}
        cursors.keep_position(connection, name, kept | where, at=clock.now())
