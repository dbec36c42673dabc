"""Reading Stripe: single objects and pages of lists, as confirmed snapshots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from core import clock
from core.errors import MalformedObject, StripeError, StripeKeyRefused, StripeRefused
from core.gateway import fields
from core.gateway.client import PAGE, Gateway, Json
from core.gateway.ledger_entries import ledger_entry
from core.gateway.objects import read_object
from core.gateway.snapshots import LedgerEntry, Snapshot
from core.program_faults import PROGRAM_FAULTS, log_fault

T = TypeVar("T")

#: Where each kind of object is listed, and what is asked for with it.
_PATHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "customer": ("/v1/customers", ()),
    "charge": ("/v1/charges", ()),
    "payment_intent": ("/v1/payment_intents", ("latest_charge",)),
    "refund": ("/v1/refunds", ()),
    "dispute": ("/v1/disputes", ()),
    "payout": ("/v1/payouts", ()),
    "early_fraud_warning": ("/v1/radar/early_fraud_warnings", ()),
    "review": ("/v1/reviews", ()),
}
KINDS = tuple(_PATHS)
LEDGER = "balance_transaction"
_LEDGER_PATH = "/v1/balance_transactions"
EVENT = "event"
_EVENTS_PATH = "/v1/events"
#: Stripe's own word for a kind, where it differs.
_OBJECTS = {"early_fraud_warning": "radar.early_fraud_warning"}
_KIND_OF = {_OBJECTS.get(kind, kind): kind for kind in KINDS}
#: The beginning of the ids that are made for what has none: Stripe cannot be asked for those.
MADE = "unreadable_"


@dataclass(frozen=True, slots=True)
class Unread:
    """An object that Stripe gave and that cannot be read. `reason` names the field at fault.

    One without an id of its own has one that is made of its content (`MADE`).
    """

    kind: str
    stripe_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One page of a list, newest first.

    `last_id` is the last object that has one, `oldest` the earliest time of the page (seconds);
    `unread` could not be read. `plain`: Stripe did not expand what was asked for with the page,
    for want of the rights in `lacking` where it names them.
    """

    unread: tuple[Unread, ...]
    last_id: str | None
    oldest: int | None
    has_more: bool
    plain: bool
    lacking: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Page(Listed):
    """A page of objects of one kind."""

    snapshots: tuple[Snapshot, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An object behind a balance transaction, as it came along. Most are mirrored long since, and
    are never read: `read` gives the snapshot, or why there is none."""

    kind: str
    stripe_id: str
    read: Callable[[], tuple[list[Snapshot], list[Unread]]]


@dataclass(frozen=True, kw_only=True)
class LedgerPage(Listed):
    """A page of balance transactions, and the objects behind them that came along.

    `sums` are Stripe's own rows, counted whether they could be read or not: by currency, the
    count and the net in minor units. A row whose currency or net is none counts nowhere.
    """

    entries: tuple[LedgerEntry, ...]
    sources: tuple[Source, ...]
    sums: dict[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class EventPage(Listed):
    """A page of events as Stripe wrote them; each is an object with an id."""

    events: tuple[Json, ...]


def joined(pages: Sequence[Page | LedgerPage]) -> Page | LedgerPage:
    """Pages of one list that follow each other as one; of an object that is in two the later
    reading."""
    last = pages[-1]
    ends: dict[str, Any] = {
        "unread": tuple(one for page in pages for one in page.unread),
        "oldest": min((page.oldest for page in pages if page.oldest is not None), default=None),
        "plain": any(page.plain for page in pages),
        "lacking": tuple(dict.fromkeys(right for page in pages for right in page.lacking)),
    }
    if isinstance(last, Page):
        listed = [page for page in pages if isinstance(page, Page)]
        snapshots = {one.stripe_id: one for page in listed for one in page.snapshots}
        return replace(last, snapshots=tuple(snapshots.values()), **ends)
    booked = [page for page in pages if isinstance(page, LedgerPage)]
    entries = {one.stripe_id: one for page in booked for one in page.entries}
    sums: dict[str, tuple[int, int]] = {}
    for page in booked:
        for currency, (count, net) in page.sums.items():
            before = sums.get(currency, (0, 0))
            sums[currency] = (before[0] + count, before[1] + net)
    sources = tuple(one for page in booked for one in page.sources)
    return replace(last, entries=tuple(entries.values()), sources=sources, sums=sums, **ends)


def read_one(gateway: Gateway, kind: str, stripe_id: str, *, known_at: datetime) -> Snapshot:
    """Read an object again. `StripeNotFound` if it is gone.

    The reading began after everything that was known at `known_at`, so it is never dated before
    that: Stripe's clock and ours may differ.
    """
    return read_with_parts(gateway, kind, stripe_id, known_at=known_at)[0]


def read_with_parts(
    gateway: Gateway, kind: str, stripe_id: str, *, known_at: datetime
) -> tuple[Snapshot, tuple[Unread, ...]]:
    """The same, and what came along with the object and cannot be read itself."""
    path, expand = _PATHS[kind]
    as_of = not_before(known_at)
    source, _ = _get(gateway, f"{path}/{stripe_id}", {}, expand)
    try:
        return _snapshot(gateway, kind, source, as_of), ()
    except MalformedObject:
        bare, parts = _without_parts(gateway, kind, source, as_of)
        if not parts:
            raise
        return _snapshot(gateway, kind, bare, as_of), tuple(parts)


def not_before(known_at: datetime) -> datetime:
    """The time of a reading that begins now, by the later of the two clocks."""
    return max(clock.now(), clock.from_micros(clock.to_micros(known_at) + 1))


def read_page(
    gateway: Gateway,
    kind: str,
    *,
    created: dict[str, int] | None = None,
    starting_after: str | None = None,
    charge: str | None = None,
    known_at: datetime = clock.EPOCH,
    plain: bool = False,
) -> Page:
    """A page of 100 objects; `created` is Stripe's filter in seconds, such as `{"gte": …}`.

    `charge`: those of one charge alone. `plain`: nothing is asked for with them.
    """
    path, expand = _PATHS[kind]
    as_of = not_before(known_at)
    params = _list_params(created, starting_after) | ({"charge": charge} if charge else {})
    answer, lacking = _get(gateway, path, params, () if plain else _of_data(expand))
    data = _data(answer, kind)
    snapshots, unread = _snapshots(gateway, kind, data, as_of)
    return Page(
        snapshots=tuple(snapshots),
        unread=tuple(unread),
        **_end(answer, data, created),
        plain=plain or lacking is not None,
        lacking=lacking or (),
    )


def read_ledger_page(
    gateway: Gateway,
    *,
    created: dict[str, int] | None = None,
    starting_after: str | None = None,
    payout: str | None = None,
    currency: str | None = None,
    plain: bool = False,
) -> LedgerPage:
    """A page of 100 balance transactions, with their sources unless `plain`.

    `payout`: those that it paid out; `currency`: those that are in it.
    """
    as_of = clock.now()
    narrowed = {"payout": payout, "currency": currency}
    params = _list_params(created, starting_after) | {k: v for k, v in narrowed.items() if v}
    expand = () if plain else _of_data(("source",))
    answer, lacking = _get(gateway, _LEDGER_PATH, params, expand)
    data = _data(answer, LEDGER)
    return _ledger_page(
        gateway,
        data,
        as_of,
        **_end(answer, data, created),
        plain=plain or lacking is not None,
        lacking=lacking or (),
    )


def read_ledger_row(gateway: Gateway, stripe_id: str) -> LedgerPage:
    """One balance transaction with its source, as a page of its own."""
    as_of = clock.now()
    row, lacking = _get(gateway, f"{_LEDGER_PATH}/{stripe_id}", {}, ("source",))
    return _ledger_page(
        gateway,
        [row],
        as_of,
        **_end({}, [row], None),
        plain=lacking is not None,
        lacking=lacking or (),
    )


def read_events(
    gateway: Gateway, *, created: dict[str, int], starting_after: str | None = None
) -> EventPage:
    """A page of 100 events."""
    answer, _ = _get(gateway, _EVENTS_PATH, _list_params(created, starting_after), ())
    data = _data(answer, EVENT)
    events, unread = _sorted_out(EVENT, data, _event)
    return EventPage(
        events=tuple(events),
        unread=tuple(unread),
        **_end(answer, data, created),
        plain=False,
        lacking=(),
    )


def read_event(gateway: Gateway, stripe_id: str) -> Json:
    """One event as Stripe wrote it."""
    source, _ = _get(gateway, f"{_EVENTS_PATH}/{stripe_id}", {}, ())
    return _event(source)


def _get(
    gateway: Gateway, path: str, params: dict[str, Any], expand: Sequence[str]
) -> tuple[Any, tuple[str, ...] | None]:
    """Stripe's answer, and the rights that were lacking for what was to come along, None if none.

    What was to come along can need rights of its own. Without it, the object itself is had.
    """
    try:
        return gateway.get(path, **params, **({"expand": list(expand)} if expand else {})), None
    except (StripeKeyRefused, StripeRefused) as error:
        if not expand or not _may_be_of_expanding(error):
            raise
        lacking = error.permissions if isinstance(error, StripeKeyRefused) else ()
        return gateway.get(path, **params), lacking


def _may_be_of_expanding(error: StripeError) -> bool:
    if isinstance(error, StripeKeyRefused):
        return bool(error.permissions)
    return error.http_status == 400 and (error.param or "").startswith("expand")


def _snapshot(gateway: Gateway, kind: str, source: Any, as_of: datetime) -> Snapshot:
    """An object of the kind that was asked for, and of the mode of the key."""
    if not isinstance(source, dict):
        raise MalformedObject(f"{kind} is not an object")
    if _KIND_OF.get(_text(source.get("object"))) != kind:
        raise MalformedObject(f"object is not {_OBJECTS.get(kind, kind)}")
    snapshot = read_object(source, as_of=as_of, confirmed=True, livemode=gateway.livemode)
    if snapshot is None:
        raise MalformedObject(f"{kind} is an unknown object")
    if snapshot.livemode is not gateway.livemode:
        raise MalformedObject("livemode is not the key's")
    return snapshot


def _without_parts(
    gateway: Gateway, kind: str, source: Any, as_of: datetime
) -> tuple[Any, list[Unread]]:
    """An object with only the ids of what came along and cannot be read."""
    unread: list[Unread] = []
    if not isinstance(source, dict):
        return source, unread
    bare = dict(source)
    for name in _PATHS[kind][1]:
        part = source.get(name)
        if not isinstance(part, dict):
            continue
        inner = _KIND_OF.get(_text(part.get("object")))
        if inner is not None:
            odd = _sorted_out(inner, [part], _reader(gateway, inner, as_of))[1]
            unread += odd
            bare[name] = part.get("id") if odd else part
    return bare, unread


def _entry(gateway: Gateway, source: Any) -> LedgerEntry:
    if not isinstance(source, dict):
        raise MalformedObject(f"{LEDGER} is not an object")
    return ledger_entry(source, livemode=gateway.livemode)


def _event(source: Any) -> Json:
    if not isinstance(source, dict):
        raise MalformedObject(f"{EVENT} is not an object")
    fields.stripe_id(source)
    return source


def _ledger_page(gateway: Gateway, data: Sequence[Any], as_of: datetime, **page: Any) -> LedgerPage:
    entries, unread = _sorted_out(LEDGER, data, lambda row: _entry(gateway, row))
    sources = (_source(gateway, row, as_of) for row in data)
    return LedgerPage(
        entries=tuple(entries),
        sources=tuple(source for source in sources if source is not None),
        unread=tuple(unread),
        sums=_sums(data),
        **page,
    )


def _source(gateway: Gateway, row: Any, as_of: datetime) -> Source | None:
    """What stands behind a row, where it came along and is of a kind that is mirrored."""
    source = row.get("source") if isinstance(row, dict) else None
    if not isinstance(source, dict):
        return None
    kind = _KIND_OF.get(_text(source.get("object")))
    if kind is None:
        return None
    return Source(
        kind,
        _id_of(source),
        lambda: _sorted_out(kind, [source], _reader(gateway, kind, as_of)),
    )


def _reader(gateway: Gateway, kind: str, as_of: datetime) -> Callable[[Any], Snapshot]:
    return lambda source: _snapshot(gateway, kind, source, as_of)


def _snapshots(
    gateway: Gateway, kind: str, data: Iterable[Any], as_of: datetime
) -> tuple[list[Snapshot], list[Unread]]:
    """The objects of a page. One that is right but for what came along is kept without that."""
    parts: list[Unread] = []

    def read(source: Any) -> Snapshot:
        try:
            return _snapshot(gateway, kind, source, as_of)
        except MalformedObject:
            bare, odd = _without_parts(gateway, kind, source, as_of)
            snapshot = _snapshot(gateway, kind, bare, as_of)
            parts.extend(odd)
            return snapshot

    found, unread = _sorted_out(kind, data, read)
    return found, unread + parts


def _sorted_out(
    kind: str, data: Iterable[Any], read: Callable[[Any], T]
) -> tuple[list[T], list[Unread]]:
    """What could be read of these, and what could not: one of them holds up no other."""
    found: list[T] = []
    unread: list[Unread] = []
    for source in data:
        try:
            found.append(read(source))
        except MalformedObject as error:
            unread.append(Unread(kind, _id_of(source), error.message))
        except PROGRAM_FAULTS as error:
            own = _id_of(source)
            log_fault(error, f"{kind} {own}")
            unread.append(Unread(kind, own, f"the program failed: {type(error).__name__}"))
    return found, unread


def _sums(data: Iterable[Any]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for row in data:
        if not isinstance(row, dict):
            continue
        try:
            currency, net = fields.currency(row), fields.owed(row, "net")
        except MalformedObject:
            continue
        count, total = found.get(currency, (0, 0))
        found[currency] = (count + 1, total + net)
    return found


def _id_of(source: Any) -> str:
    """The object's own id, or one made of its content."""
    if isinstance(source, dict):
        try:
            return fields.stripe_id(source)
        except MalformedObject:
            pass
    try:
        content = json.dumps(source, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        content = type(source).__name__
    return MADE + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:32]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _of_data(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"data.{name}" for name in names)


def _list_params(created: dict[str, int] | None, starting_after: str | None) -> dict[str, Any]:
    params: dict[str, Any] = {"limit": PAGE}
    if created:
        params["created"] = created
    if starting_after:
        params["starting_after"] = starting_after
    return params


def _data(answer: Any, kind: str) -> list[Any]:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        raise MalformedObject(f"data of the list of {kind} is not a list")
    return data


def _end(answer: Json, data: Sequence[Any], created: dict[str, int] | None) -> dict[str, Any]:
    """Where the page ends: by the objects that can say it."""
    rows = [row for row in data if isinstance(row, dict)]
    own = (_id_of(row) for row in reversed(rows))
    floor, ceiling = (created or {}).get("gte", 0), (created or {}).get("lte", _LATEST)
    times = [row.get("created") for row in rows]
    within = [one for one in times if type(one) is int and floor <= one <= ceiling]
    return {
        "last_id": next((one for one in own if not one.startswith(MADE)), None),
        "oldest": min(within, default=None),
        "has_more": answer.get("has_more") is True,
    }


#: The end of the year 9999, where DATETIME ends.
_LATEST = 253_402_300_799
