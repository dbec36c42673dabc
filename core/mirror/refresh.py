"""Reading stale objects again: the reading, not the event, is the truth."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from core import clock
from core.db.engine import retrying, writing
from core.errors import (
    LeaseLost,
    MalformedObject,
    StripeError,
    StripeNotFound,
    TillwatchError,
)
from core.events.store import as_bytes, parse_envelope, store
from core.gateway.client import Gateway
from core.gateway.readings import (
    EVENT,
    KINDS,
    LEDGER,
    MADE,
    Page,
    Unread,
    read_event,
    read_ledger_row,
    read_page,
    read_with_parts,
)
from core.gateway.snapshots import Snapshot
from core.gateway.walk import Place, walk
from core.ledger.ingest import relink
from core.mirror import refresh_queue, stored_readings
from core.mirror.absent import take_out
from core.mirror.apply import PAYOUT_LEDGER, BookingContext, apply
from core.mirror.faults import OF_ONE_OBJECT, UNREADABLE, is_of_one_object, reason, set_aside
from core.mirror.ledger_walk import write_page
from core.mirror.list_pages import payments_missing
from core.mirror.payments import CHARGE_DISPUTES, CHARGE_REFUNDS
from core.mirror.payout_walk import note_payout
from core.mirror.postponed import park, park_unread, put_off
from core.mirror.refresh_queue import Claimed, RefreshRequest, payment_kind
from core.program_faults import PROGRAM_FAULTS

#: How many objects one step leases.
BATCH = 60
#: How many are read one by one before their readings are applied.
CHUNK = 8
#: From so many of a kind on, a page of the list is tried before single readings.
LIST_FROM = 8
#: Seconds of the lease that readings may use; what is left then is given back.
SPEND = refresh_queue.LEASE.total_seconds() * 0.6
#: So often Stripe may say that there is no such object before it is forgotten.
MISSES = 3
#: So often Stripe may refuse an object before it is parked. What cannot be read is parked at once:
#: the next reading would bring the same.
TRIES = 8

#: The lists that hang on a charge: what is read of each.
_OF_CHARGE = {CHARGE_REFUNDS: "refund", CHARGE_DISPUTES: "dispute"}
#: Ledger rows may have been booked before these were known.
_LINKED = ("charge", "refund", "dispute")

_log = logging.getLogger(__name__)


@dataclass
class Readings:
    """What became of a few objects. `silence`: Stripe does not answer; no more are asked for.

    `failed` are put off; `refused` are not asked for again until there is new word of them.
    `unread` came along and could not be read. Of what is `gone`, Stripe does not have `absent`.
    """

    found: dict[Claimed, tuple[Snapshot, ...]] = field(default_factory=dict)
    gone: list[Claimed] = field(default_factory=list)
    absent: list[Claimed] = field(default_factory=list)
    failed: dict[Claimed, str] = field(default_factory=dict)
    refused: dict[Claimed, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    silence: TillwatchError | None = None

    def note(self, one: Claimed, error: BaseException) -> None:
        """An object was not had: forget it, park it, or try it later."""
        set_aside(error, f"{one.kind} {one.stripe_id}")
        if not isinstance(error, TillwatchError):
            self.refuse(one, reason(error))
        elif not is_of_one_object(error):
            # Tried later than the others, for it may be the only one that Stripe fails over.
            self.failed[one] = error.message
            self.silence = error
        elif isinstance(error, StripeNotFound) and one.kind != LEDGER:
            # The money of a ledger row does not go away: it may only be listed later.
            self._miss(one, error)
        elif isinstance(error, UNREADABLE) or one.attempts + 1 >= TRIES:
            self.refuse(one, error.message)
        else:
            self.failed[one] = error.message

    def _miss(self, one: Claimed, error: StripeNotFound) -> None:
        if one.attempts + 1 < MISSES:
            self.failed[one] = error.message
            return
        _log.warning("%s %s is not at Stripe: forgotten", one.kind, one.stripe_id)
        self.gone.append(one)
        self.absent.append(one)

    def refuse(self, one: Claimed, reason: str) -> None:
        """Asking again would bring the same: park it."""
        _log.error("%s %s is parked: %s", one.kind, one.stripe_id, reason)
        self.refused[one] = reason


def refresh(engine: Engine, gateway: Gateway, books: BookingContext, *, batch: int = BATCH) -> int:
    """One step: lease stale objects, read them, apply the readings. The number worked off.

    What Stripe refuses is put off with its reason and parked in the end; what it does not have is
    forgotten after a few tries. Readings are applied a few at a time, well within the lease.
    Where Stripe does not answer at all, what was read is kept and its error is raised.
    """
    fence, claimed = retrying(partial(_claim, engine, gateway.livemode, batch))
    if not claimed:
        return 0
    until = time.monotonic() + SPEND
    left, silence = set(claimed), None
    for readings in _readings(engine, gateway, books, claimed):
        _keep(engine, books, fence, readings)
        left -= {*readings.found, *readings.gone, *readings.failed, *readings.refused}
        silence = readings.silence
        if silence is not None or time.monotonic() > until:
            break
    if left:
        retrying(partial(_give_back, engine, fence, sorted(left, key=lambda one: one.stripe_id)))
    if silence is not None:
        raise silence
    return len(claimed) - len(left)


def _claim(engine: Engine, livemode: bool, limit: int) -> tuple[str, list[Claimed]]:
    with writing(engine) as connection:
        return refresh_queue.claim(connection, livemode=livemode, limit=limit, at=clock.now())


def _readings(
    engine: Engine, gateway: Gateway, books: BookingContext, claimed: Sequence[Claimed]
) -> Iterator[Readings]:
    made = [one for one in claimed if one.stripe_id.startswith(MADE)]
    if made:
        # Stripe cannot be asked for these; the walk that found them finds them again.
        yield Readings(gone=made)
    by_kind: dict[str, list[Claimed]] = defaultdict(list)
    for one in claimed:
        if one not in made:
            by_kind[one.kind].append(one)
    written: dict[str, Callable[[str], object]] = {
        PAYOUT_LEDGER: partial(note_payout, engine, gateway, books),
        LEDGER: partial(_book, engine, gateway, books),
        EVENT: partial(_store, engine, gateway),
    }
    for kind in sorted(by_kind, key=lambda kind: kind in written):
        if kind in written:
            for one in by_kind[kind]:
                yield _written(one, written[kind])
        elif kind in _OF_CHARGE:
            for one in by_kind[kind]:
                yield _of_charge(gateway, one)
        elif kind in KINDS:
            yield from _read(gateway, kind, by_kind[kind])
        else:
            yield Readings(refused=dict.fromkeys(by_kind[kind], f"{kind} is not read"))


def _read(gateway: Gateway, kind: str, group: Sequence[Claimed]) -> Iterator[Readings]:
    listed = _listed(gateway, kind, group) if len(group) >= LIST_FROM else Readings()
    if listed.found or listed.refused:
        yield listed
    single = [one for one in group if one not in listed.found and one not in listed.refused]
    for start in range(0, len(single), CHUNK):
        yield _read_singly(gateway, kind, single[start : start + CHUNK])


def _listed(gateway: Gateway, kind: str, group: Sequence[Claimed]) -> Readings:
    """Pages of the list around the objects' own times, as long as a page brings enough of them.

    A short cut: what it does not bring is read by itself, and fails by itself.
    """
    readings = Readings()
    wanted = {one.stripe_id: one for one in group if one.object_created_at is not None}
    times = [one.object_created_at for one in wanted.values() if one.object_created_at is not None]
    if len(times) < LIST_FROM:
        return readings
    created = {"gte": clock.to_unix(min(times)), "lte": clock.to_unix(max(times))}
    known_at = max(one.known_at for one in group)
    after: str | None = None
    while True:
        try:
            page = read_page(
                gateway, kind, created=created, starting_after=after, known_at=known_at
            )
        except (StripeError, MalformedObject):
            return readings
        here = {wanted[s.stripe_id]: (s,) for s in page.snapshots if s.stripe_id in wanted}
        readings.found |= here
        for unread in page.unread:
            if unread.kind == kind and unread.stripe_id in wanted:
                readings.refuse(wanted[unread.stripe_id], unread.reason)
        after = page.last_id
        if not page.has_more or len(here) < LIST_FROM or len(readings.found) == len(wanted):
            return readings


def _read_singly(gateway: Gateway, kind: str, chunk: Sequence[Claimed]) -> Readings:
    readings = Readings()
    for one in chunk:
        try:
            snapshot, unread = read_with_parts(gateway, kind, one.stripe_id, known_at=one.known_at)
            readings.found[one] = (snapshot,)
            readings.unread += unread
        except (StripeError, MalformedObject, *PROGRAM_FAULTS) as error:
            readings.note(one, error)
            if readings.silence is not None:
                break
    return readings


def _of_charge(gateway: Gateway, one: Claimed) -> Readings:
    """All refunds, or all disputes, of one charge."""
    readings, found = Readings(), list[Snapshot]()

    def read(place: Place, plain: bool) -> Page:
        return read_page(
            gateway,
            _OF_CHARGE[one.kind],
            created=None if place.until is None else place.created(0),
            starting_after=place.after,
            charge=one.stripe_id,
            known_at=one.known_at,
            plain=plain,
        )

    try:
        for page, _ in walk(read):
            found += page.snapshots
            readings.unread += page.unread
        readings.found[one] = tuple(found)
    except (StripeError, MalformedObject) as error:
        readings.note(one, error)
    return readings


def _written(one: Claimed, write: Callable[[str], object]) -> Readings:
    """What is written as it is read: doing it twice changes nothing."""
    readings = Readings()
    try:
        write(one.stripe_id)
        readings.gone.append(one)
    except OF_ONE_OBJECT as error:
        readings.note(one, error)
    return readings


def _book(engine: Engine, gateway: Gateway, books: BookingContext, stripe_id: str) -> None:
    page = read_ledger_row(gateway, stripe_id)
    for unread in page.unread:
        if unread.kind == LEDGER:
            raise MalformedObject(unread.reason)
    write_page(engine, books, page, livemode=gateway.livemode)


def _store(engine: Engine, gateway: Gateway, stripe_id: str) -> None:
    event = parse_envelope(as_bytes(read_event(gateway, stripe_id)))

    def write() -> None:
        with writing(engine) as connection:
            store(connection, [event], source="poll", received_at=clock.now())

    retrying(write)


def _keep(engine: Engine, books: BookingContext, fence: str, readings: Readings) -> None:
    """Apply what was found, settle the rest. A bad object is set aside alone."""
    try:
        retrying(partial(_apply, engine, books, fence, readings.found), repeatable=True)
    except LeaseLost:
        return
    except OF_ONE_OBJECT as error:
        set_aside(error, f"{len(readings.found)} objects together")
        for one, snapshots in readings.found.items():
            _keep_one(engine, books, fence, one, snapshots, readings)
    if readings.gone or readings.failed or readings.refused or readings.unread:
        retrying(partial(_settle, engine, books, fence, readings))


def _keep_one(
    engine: Engine,
    books: BookingContext,
    fence: str,
    one: Claimed,
    snapshots: tuple[Snapshot, ...],
    readings: Readings,
) -> None:
    try:
        retrying(partial(_apply, engine, books, fence, {one: snapshots}), repeatable=True)
    except LeaseLost:
        return
    except OF_ONE_OBJECT as error:
        set_aside(error, f"{one.kind} {one.stripe_id}")
        readings.refuse(one, reason(error))


def _apply(
    engine: Engine, books: BookingContext, fence: str, found: Mapping[Claimed, tuple[Snapshot, ...]]
) -> None:
    """Apply readings whose lease still stands; `LeaseLost` if one of them was overtaken.

    The lease is checked last: whoever applies events locks payments before stale objects too.
    """
    if not found:
        return
    snapshots = [snapshot for own in found.values() for snapshot in own]
    # The list of a charge's parts was asked for because they do not fit: once is enough.
    whole = not any(one.kind in _OF_CHARGE for one in found)
    with writing(engine) as connection:
        now = clock.now()
        marks = payments_missing(connection, snapshots, at=now)
        apply(connection, snapshots, books, marks=marks, check_parts=whole, at=now)
        _link(connection, books, [one for one in found if one.kind in _LINKED], now)
        refresh_queue.check_lease(connection, fence, list(found))
        refresh_queue.clear(connection, fence, list(found), at=now)


def _link(
    connection: Connection, books: BookingContext, read: Sequence[Claimed], at: datetime
) -> None:
    """Ledger rows may have been booked before what stands behind them was known."""
    if not read:
        return
    linked = relink(connection, [one.stripe_id for one in read], books.scope)
    concerned = [
        RefreshRequest(payment_kind(payment), payment, read[0].livemode, at, None)
        for payment in (*linked.unlinked, *linked.reversed)
    ]
    refresh_queue.enqueue(connection, concerned, at=at)


def _settle(engine: Engine, books: BookingContext, fence: str, readings: Readings) -> None:
    with writing(engine) as connection:
        now = clock.now()
        take_out(connection, [(one.kind, one.stripe_id) for one in readings.absent], books)
        absent = [(one.kind, one.stripe_id, one.livemode) for one in readings.absent]
        stored_readings.keep_absent(connection, absent, at=now)
        refresh_queue.clear(connection, fence, readings.gone, at=now)
        put_off(connection, fence, readings.failed, at=now)
        park(connection, fence, readings.refused, at=now)
        for livemode in {one.livemode for one in readings.found}:
            park_unread(connection, readings.unread, livemode=livemode, at=now)


def _give_back(engine: Engine, fence: str, left: Sequence[Claimed]) -> None:
    with writing(engine) as connection:
        refresh_queue.give_back(connection, fence, left, at=clock.now())
