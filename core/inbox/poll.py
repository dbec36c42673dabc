"""Polling Stripe's events into the same inbox: heals gaps, and serves where no webhook arrives."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine, select

from core import clock
from core.db import cursors
from core.db.engine import reading, retrying, writing
from core.db.tables import events
from core.errors import MalformedEvent
from core.gateway.client import PAGE, Gateway, Json
from core.inbox import streams
from core.inbox.store import IncomingEvent, parse_envelope, store

_log = logging.getLogger(__name__)

#: Stripe keeps events for 30 days; what is older comes by backfill from the lists.
REACH = timedelta(days=30)
#: Events can appear late in the list: so much of what was seen is read again.
OVERLAP = timedelta(minutes=5)
#: Where a first poll begins; the backfill covers what lies before.
FIRST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Polled:
    """`new` events were stored. `gap` is True if Stripe no longer has all since the last poll."""

    new: int
    gap: bool


def events_name(livemode: bool) -> str:
    """The name of the cursor that a mode's poll keeps."""
    return f"events:{'live' if livemode else 'test'}"


def poll(engine: Engine, gateway: Gateway) -> Polled:
    """Store the events since the last poll that no webhook brought. Each page is committed."""
    name = events_name(gateway.livemode)
    now = clock.now()
    with reading(engine) as connection:
        kept = cursors.position(connection, name)
    since = clock.from_unix(kept["since"]) if kept else now - FIRST
    gap = since < now - REACH
    if gap:
        # Before the cursor moves: what was missed is told even if this step ends here.
        streams.note_gap(engine, gateway.livemode, since)
    start = max(since, now - REACH)
    new, newest = 0, start
    created = {"gte": clock.to_unix(start - OVERLAP)}
    for page in gateway.pages("/v1/events", created=created):
        new += retrying(partial(_store_page, engine, page))
        newest = max(newest, clock.from_unix(page[0]["created"]))
        if len(page) < PAGE:
            break
    if kept is None or newest > since:
        retrying(partial(_keep, engine, name, newest))
    return Polled(new, gap)


def _store_page(engine: Engine, page: list[Json]) -> int:
    """Most events of a page came by webhook already: only the others' bodies are written."""
    with writing(engine) as connection:
        ids = [event["id"] for event in page]
        known = set(
            connection.scalars(select(events.c.stripe_id).where(events.c.stripe_id.in_(ids)))
        )
        fresh = [_parsed(event) for event in page if event["id"] not in known]
        incoming = [event for event in fresh if event is not None]
        store(connection, incoming, source="poll", received_at=clock.now())
        return len(incoming)


def _parsed(event: Json) -> IncomingEvent | None:
    try:
        return parse_envelope(json.dumps(event, ensure_ascii=False).encode())
    except (MalformedEvent, UnicodeEncodeError) as error:
        _log.error("event %s of Stripe's list cannot be kept: %s", event.get("id"), error)
        return None


def _keep(engine: Engine, name: str, newest: datetime) -> None:
    with writing(engine) as connection:
        cursors.keep(connection, name, {"since": clock.to_unix(newest)}, at=clock.now())
