"""The inbox's door: what an event must look like, and its one insert."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Connection, func, select

from core import clock
from core.db.inbox_tables import events
from core.db.upsert import insert_missing
from core.errors import MalformedEvent
from core.masking import hide_secrets

#: What a thin event calls itself: it names the object that changed, and carries nothing of it.
THIN = "v2.core.event"

_EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,60}")
#: Such as `charge.refunded` and `v2.core.account[requirements].updated`.
_TYPE = re.compile(r"[A-Za-z0-9_.\[\]-]{1,128}")
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]{1,59}")
#: A thin event's `context`: an account, or the way to it from an organization.
_CONTEXT = re.compile(r"(?:[!-.0-~]{1,64}/){0,8}([A-Za-z0-9_]{1,64})")
#: A thin event's time, from 1970 on.
_WRITTEN = re.compile(r"(?:19[7-9]|[2-9]\d\d)\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
#: The ids of coupons, plans and the like are chosen by people; these are printable ASCII.
_OBJECT_ID = re.compile(r"[!-~]{1,64}")
#: The end of the year 9999, where DATETIME ends.
_LATEST = 253_402_300_799


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event as Stripe sent it: its envelope, and the bytes of its body, secrets hidden."""

    id: str
    type: str
    livemode: bool
    api_version: str | None
    account: str | None
    created_at: datetime
    object_id: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the inbox still holds: events to apply, events given up, the oldest one waiting."""

    pending: int
    dead: int
    oldest_received_at: datetime | None


def parse_envelope(raw: bytes) -> IncomingEvent:
    """Read an event's envelope; `MalformedEvent` says which part is not an event's.

    Only the envelope is judged: an object of an unknown kind or version is kept as it is. A thin
    event (stripe-python's `v2/core/_event.py`) names its object in `related_object`, or none, and
    writes its time as text. What signs the body was checked before: secrets are hidden here.
    """
    document = _json(raw)
    kind = document.get("object") if isinstance(document, dict) else None
    if kind == "event":
        subject, created_at = _carried(document), _moment(document.get("created"))
    elif kind == THIN:
        subject, created_at = document.get("related_object"), _written(document.get("created"))
    else:
        raise MalformedEvent("the body is not an event object")
    livemode = document.get("livemode")
    if not isinstance(livemode, bool):
        raise MalformedEvent("livemode is not true or false")
    object_id = subject.get("id") if isinstance(subject, dict) else None
    if not isinstance(object_id, str) or not _OBJECT_ID.fullmatch(object_id):
        object_id = None
    return IncomingEvent(
        id=_word(document, "id", _EVENT_ID),
        type=_word(document, "type", _TYPE),
        livemode=livemode,
        api_version=_word_or_none(document, "api_version", _VERSION),
        account=_word_or_none(document, "account", _ACCOUNT) or _context(document),
        created_at=created_at,
        object_id=object_id,
        raw=hide_secrets(raw),
    )


def as_bytes(event: Mapping[str, Any]) -> bytes:
    """An event of Stripe's list as the body that a webhook would have brought."""
    try:
        return json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MalformedEvent("the event is not text in UTF-8") from None


def store(
    connection: Connection,
    incoming: Sequence[IncomingEvent],
    *,
    source: str,
    received_at: datetime,
) -> None:
    """Insert events that are not in the inbox yet, ready to be applied; the caller commits.

    `source` says who brought them: webhook, poll, backfill. An event that is there already stays
    as it is, whatever came with it now.
    """
    rows = [_row(event, source, received_at) for event in incoming]
    # In id order, so that two writers of the same events do not deadlock.
    insert_missing(connection, events, sorted(rows, key=lambda row: row["stripe_id"]), "stripe_id")


def backlog(connection: Connection, *, most: int = 10_000) -> Backlog:
    """Count what waits and what is dead, each up to `most`, by the index alone."""
    counts = {}
    for state in ("pending", "dead"):
        some = select(events.c.seq).where(events.c.state == state).limit(most).subquery()
        counts[state] = connection.execute(select(func.count()).select_from(some)).scalar_one()
    oldest = connection.execute(
        select(events.c.received_at)
        .where(events.c.state == "pending")
        .order_by(events.c.next_attempt_at)
        .limit(1)
    ).scalar_one_or_none()
    return Backlog(counts["pending"], counts["dead"], oldest)


def _row(event: IncomingEvent, source: str, received_at: datetime) -> dict[str, Any]:
    return {
        "stripe_id": event.id,
        "type": event.type,
        "livemode": event.livemode,
        "api_version": event.api_version,
        "account": event.account,
        "object_id": event.object_id,
        "source": source,
        "body": event.raw,
        "created_at": event.created_at,
        "received_at": received_at,
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": received_at,
    }


def _json(raw: bytes) -> Any:
    try:
        # Decoded here: left to itself, json would also take UTF-16 and UTF-32.
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise MalformedEvent("the body is nested too deeply") from None
    except ValueError:
        raise MalformedEvent("the body is not JSON in UTF-8") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _word(document: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise MalformedEvent(f"{name} is missing or is not written as Stripe writes it")
    return value


def _word_or_none(document: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    return None if document.get(name) is None else _word(document, name, pattern)


def _carried(document: Mapping[str, Any]) -> Any:
    data = document.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    if not isinstance(subject, dict):
        raise MalformedEvent("data.object is not an object")
    return subject


def _context(document: Mapping[str, Any]) -> str | None:
    """The account that a `context` leads to; newer snapshot events have one beside `account`."""
    context = document.get("context")
    found = _CONTEXT.fullmatch(context) if isinstance(context, str) else None
    return found[1] if found else None


def _written(created: Any) -> datetime:
    try:
        if isinstance(created, str) and _WRITTEN.fullmatch(created):
            return datetime.fromisoformat(created)
    except ValueError:
        pass
    raise MalformedEvent("created is not a time such as 2026-11-30T12:00:00.000Z")


def _moment(created: Any) -> datetime:
    if isinstance(created, bool) or not isinstance(created, int) or not 0 <= created <= _LATEST:
        raise MalformedEvent("created is not a time in whole seconds since 1970")
    return clock.from_unix(created)
