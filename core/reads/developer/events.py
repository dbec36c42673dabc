"""The inbox: events with their delivery, and what became of the objects that they told of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core import clock
from core.clock import NEVER
from core.db.tables import events, metadata, payments, stale_objects
from core.errors import NotFound
from core.masking import HIDDEN
from core.reads.permissions import requires
from core.reads.search.logs import keyset
from core.reads.search.logs.events import FEW, FIELDS, LOG, SOURCES, STATES, read_line, search
from core.reads.search.logs.keyset import AccessPath, LogPage, Search
from core.reads.search.query import Query
from core.states import EventState

__all__ = ["FIELDS", "SOURCES", "STATES", "Query", "read_line"]

UTC_ZONE = ZoneInfo("UTC")
_SECRET = "client_secret"  # noqa: S105 # the name of a field
#: What objects call themselves, where it is not the name under which they are read again.
_KINDS = {"radar.early_fraud_warning": "early_fraud_warning"}
_MIRRORS = {
    "payment_intent": "payments",
    "charge": "charges",
    "refund": "refunds",
    "dispute": "disputes",
    "payout": "payouts",
    "early_fraud_warning": "early_fraud_warnings",
    "review": "reviews",
    "customer": "customers",
}


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `attempts` are those that failed; `duration_us` its share of applying.

    `skipped_because` says why it changes nothing here (see `core/db/inbox_tables.py`).
    """

    seq: int
    stripe_id: str
    type: str
    livemode: bool
    api_version: str | None
    account: str | None
    object_id: str | None
    source: str
    created_at: datetime
    received_at: datetime
    state: str
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    skipped_because: str | None
    applied_at: datetime | None
    duration_us: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """An object that an event told of. `waiting`: it is to be read again from Stripe; `parked`:
    Stripe refuses it. `as_of`, `confirmed`: the state that is shown; None if none is."""

    kind: str
    stripe_id: str
    waiting: bool
    parked: bool
    last_error: str | None
    as_of: datetime | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event with its body, whose secrets are hidden, and the objects that it told of."""

    event: EventRow
    body: Mapping[str, Any]
    readings: tuple[Reading, ...]
    #: The payment that it is about, if there is one here.
    payment_id: str | None

    @property
    def thin(self) -> bool:
        """Whether it names its object, and carries nothing of it."""
        return bool(self.body.get("object") == "v2.core.event")


_COLUMNS = [events.c[name] for name in EventRow.__slots__]


@requires("see_events")
def page(
    conn: Connection,
    *,
    query: Query,
    livemode: bool,
    cursor: str | None = None,
    older: bool = True,
    limit: int = 50,
    zone: ZoneInfo = UTC_ZONE,
    now: datetime | None = None,
) -> LogPage[EventRow]:
    """One page of the events that match `query`. Days in it are those of `zone`."""
    asked = search(conn, query, livemode=livemode, zone=zone, now=now or clock.now())
    found = keyset.page(conn, asked, cursor=cursor, older=older, limit=limit)
    read = conn.execute(select(*_COLUMNS).where(events.c.seq.in_(found.keys)))
    return keyset.filled(found, (EventRow(*row) for row in read))


@requires("see_events")
def waiting(conn: Connection, *, livemode: bool) -> dict[str, int]:
    """How many events are pending and dead, and objects parked, each counted up to `FEW`."""
    found: dict[str, int] = {}
    for state in (EventState.PENDING, EventState.DEAD):
        some = (
            select(events.c.seq)
            .where(events.c.state == state, events.c.livemode == livemode)
            .limit(FEW)
            .subquery()
        )
        found[state] = int(conn.scalar(select(func.count()).select_from(some)) or 0)
    s = stale_objects.c
    parked = (s.next_attempt_at >= NEVER) & (s.livemode == livemode)
    few = select(s.stripe_id).where(parked).limit(FEW).subquery()
    found["parked"] = int(conn.scalar(select(func.count()).select_from(few)) or 0)
    return found


@requires("see_events")
def without_key(conn: Connection, *, livemode: bool) -> int:
    """How many events of a mode wait for a key of it, counted up to `FEW`."""
    e = events.c
    waits = (
        (e.state == EventState.SKIPPED) & (e.next_attempt_at >= NEVER) & (e.livemode == livemode)
    )
    waits &= e.skipped_because == "no_key"
    some = select(e.seq).where(waits).limit(FEW).subquery()
    return int(conn.scalar(select(func.count()).select_from(some)) or 0)


@requires("see_events")
def detail(conn: Connection, *, event_id: str, livemode: bool) -> EventDetail:
    """One event; `NotFound` when it is not in this mode's inbox."""
    e = events.c
    asked = select(*_COLUMNS, e.body).where(e.stripe_id == event_id, e.livemode == livemode)
    row = conn.execute(asked).first()
    if row is None:
        raise NotFound
    *values, raw = row
    body = json.loads(raw)
    readings = tuple(_reading(conn, kind, stripe_id) for kind, stripe_id in _objects_of(body))
    return EventDetail(EventRow(*values), hidden(body), readings, _payment(conn, readings))


@requires("use_developer_tools")
def samples(
    conn: Connection, *, types: Sequence[str], livemode: bool, most: int = 20
) -> tuple[str, ...]:
    """Ids of the objects that events of these types told of lately, each once, newest first."""
    e = events.c
    paths = tuple(AccessPath("ex_type", (e.livemode == livemode, e.type == one)) for one in types)
    found = keyset.page(conn, Search(LOG, paths), cursor=None, older=True, limit=200)
    rows = conn.execute(select(e.seq, e.object_id).where(e.seq.in_(found.keys)))
    ids = {row[0]: row[1] for row in rows}
    named = (ids.get(seq) for seq in found.keys)
    return tuple(dict.fromkeys(one for one in named if one))[:most]


def hidden(value: Any) -> Any:
    """JSON with its client secrets hidden: whoever has one can pay with it."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if name == _SECRET and part else hidden(part)
            for name, part in value.items()
        }
    return [hidden(part) for part in value] if isinstance(value, list) else value


def _objects_of(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The objects that an event is about: its own, and the payment that it belongs to."""
    source = _part(_part(body, "data"), "object")
    related = _part(body, "related_object")
    kind, stripe_id = source.get("object", related.get("type")), source.get("id", related.get("id"))
    kind = _KINDS.get(str(kind), str(kind))
    if kind in _MIRRORS and isinstance(stripe_id, str):
        yield kind, stripe_id
    payment = source.get("payment_intent")
    payment = payment.get("id") if isinstance(payment, Mapping) else payment
    if isinstance(payment, str):
        yield "payment_intent", payment


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _payment(conn: Connection, readings: Sequence[Reading]) -> str | None:
    """A charge without a PaymentIntent is its own payment."""
    ids = [one.stripe_id for one in readings if one.kind in ("payment_intent", "charge")]
    return conn.scalar(select(payments.c.stripe_id).where(payments.c.stripe_id.in_(ids)).limit(1))


def _reading(conn: Connection, kind: str, stripe_id: str) -> Reading:
    s = stale_objects.c
    wait = conn.execute(
        select(s.next_attempt_at, s.last_error).where(s.kind == kind, s.stripe_id == stripe_id)
    ).first()
    table = metadata.tables[_MIRRORS[kind]]
    shown = conn.execute(
        select(table.c.as_of, table.c.confirmed).where(table.c.stripe_id == stripe_id)
    ).first()
    return Reading(
        kind,
        stripe_id,
        waiting=wait is not None,
        parked=wait is not None and wait.next_attempt_at >= NEVER,
        last_error=wait.last_error if wait else None,
        as_of=shown.as_of if shown else None,
        confirmed=shown.confirmed if shown else None,
    )
