"""Reading stale objects again: the reading, not the event, is the truth."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Engine

from core import clock
from core.db.engine import retrying, writing
from core.errors import (
    LeaseLost,
    MalformedObject,
    OutcomeUnknown,
    StripeBusy,
    StripeError,
    StripeKeyRefused,
    StripeNotFound,
    StripeRefused,
)
from core.gateway.client import Gateway
from core.gateway.readings import read_one, read_page
from core.gateway.snapshots import Snapshot
from core.inbox import stale
from core.inbox.apply import PAYOUT_LEDGER, Books, apply
from core.inbox.faults import OF_ONE_OBJECT, raise_if_transient, reason
from core.inbox.payout_walk import note_payout
from core.inbox.postponed import park, put_off
from core.inbox.stale import Claimed

#: How many objects one step leases.
BATCH = 60
#: How many are read one by one before their readings are applied.
CHUNK = 8
#: From so many of a kind on, a page of the list is tried before single readings.
LIST_FROM = 8
#: Seconds of the lease that readings may use; what is left then is given back.
SPEND = stale.LEASE.total_seconds() * 0.6
#: So often Stripe may say that there is no such object before it is forgotten.
MISSES = 3
#: So often an object may be refused, or be unreadable, before it is parked.
TRIES = 8

FORBIDDEN = 403

_log = logging.getLogger(__name__)


@dataclass
class Readings:
    """What became of a few objects. `stop`: Stripe does not answer, so no more are asked for.

    `failed` are put off; `refused` are not asked for again until there is new word of them.
    """

    found: dict[Claimed, Snapshot] = field(default_factory=dict)
    gone: list[Claimed] = field(default_factory=list)
    failed: dict[Claimed, str] = field(default_factory=dict)
    refused: dict[Claimed, str] = field(default_factory=dict)
    stop: bool = False

    def note(self, one: Claimed, error: StripeError | MalformedObject) -> None:
        """Stripe did not give the object: forget it, or try it later."""
        if isinstance(error, StripeNotFound) and one.attempts + 1 >= MISSES:
            _log.warning("%s %s is not at Stripe: forgotten", one.kind, one.stripe_id)
            self.gone.append(one)
        elif _is_final(error):
            self.refuse(one, error.message)
        else:
            self.failed[one] = error.message
            self.stop = isinstance(error, (StripeBusy, OutcomeUnknown))

    def refuse(self, one: Claimed, reason: str) -> None:
        """Asking again would bring the same: park it after its tries."""
        if one.attempts + 1 < TRIES:
            self.failed[one] = reason
            return
        _log.error("%s %s is parked: %s", one.kind, one.stripe_id, reason)
        self.refused[one] = reason


def _is_final(error: StripeError | MalformedObject) -> bool:
    """Stripe's 400 and 403, and what cannot be read, are about the object. A 401 is the key's."""
    if isinstance(error, StripeKeyRefused):
        return error.http_status == FORBIDDEN
    return isinstance(error, (StripeRefused, MalformedObject))


def refresh(engine: Engine, gateway: Gateway, books: Books, *, batch: int = BATCH) -> int:
    """One step: lease stale objects, read them, apply the readings. The number worked off.

    What Stripe could not answer is put off with its reason; what it does not have is forgotten
    after a few tries. Readings are applied a few at a time, well within the lease.
    """
    fence, claimed = retrying(partial(_claim, engine, gateway.livemode, batch))
    if not claimed:
        return 0
    until = time.monotonic() + SPEND
    left = set(claimed)
    for readings in _readings(engine, gateway, books, claimed):
        _keep(engine, books, fence, readings)
        left -= {*readings.found, *readings.gone, *readings.failed, *readings.refused}
        if readings.stop or time.monotonic() > until:
            break
    if left:
        retrying(partial(_give_back, engine, fence, sorted(left, key=lambda one: one.stripe_id)))
    return len(claimed) - len(left)


def _claim(engine: Engine, livemode: bool, limit: int) -> tuple[str, list[Claimed]]:
    with writing(engine) as connection:
        return stale.claim(connection, livemode=livemode, limit=limit, at=clock.now())


def _readings(
    engine: Engine, gateway: Gateway, books: Books, claimed: Sequence[Claimed]
) -> Iterator[Readings]:
    by_kind: dict[str, list[Claimed]] = defaultdict(list)
    for one in claimed:
        by_kind[one.kind].append(one)
    payouts = by_kind.pop(PAYOUT_LEDGER, [])
    for kind, group in by_kind.items():
        listed = _listed(gateway, kind, group) if len(group) >= LIST_FROM else Readings()
        if listed.found:
            yield listed
        single = [one for one in group if one not in listed.found]
        for start in range(0, len(single), CHUNK):
            yield _read_singly(gateway, kind, single[start : start + CHUNK])
    for one in payouts:
        yield _read_payout(engine, gateway, books, one)


def _listed(gateway: Gateway, kind: str, group: Sequence[Claimed]) -> Readings:
    """Pages of the list around the objects' own times, as long as a page brings enough of them.

    A short cut: what it does not bring is read by itself, and fails by itself.
    """
    found: dict[Claimed, Snapshot] = {}
    wanted = {one.stripe_id: one for one in group if one.object_created_at is not None}
    times = [one.object_created_at for one in wanted.values() if one.object_created_at is not None]
    if len(times) < LIST_FROM:
        return Readings()
    created = {"gte": clock.to_unix(min(times)), "lte": clock.to_unix(max(times))}
    known_at = max(one.known_at for one in group)
    after: str | None = None
    while True:
        try:
            page = read_page(
                gateway, kind, created=created, starting_after=after, known_at=known_at
            )
        except StripeError:
            return Readings(found)
        here = {wanted[s.stripe_id]: s for s in page.snapshots if s.stripe_id in wanted}
        found |= here
        after = page.last_id
        if not page.has_more or len(here) < LIST_FROM or len(found) == len(wanted):
            return Readings(found)


def _read_singly(gateway: Gateway, kind: str, chunk: Sequence[Claimed]) -> Readings:
    readings = Readings()
    for one in chunk:
        try:
            readings.found[one] = read_one(gateway, kind, one.stripe_id, known_at=one.known_at)
        except (StripeError, MalformedObject) as error:
            readings.note(one, error)
            if readings.stop:
                break
    return readings


def _read_payout(engine: Engine, gateway: Gateway, books: Books, one: Claimed) -> Readings:
    """Its pages are written as they come: doing it twice changes nothing."""
    readings = Readings()
    try:
        note_payout(engine, gateway, books, one.stripe_id)
        readings.gone.append(one)
    except (StripeError, MalformedObject) as error:
        readings.note(one, error)
    return readings


def _keep(engine: Engine, books: Books, fence: str, readings: Readings) -> None:
    """Apply what was found, settle the rest. A bad object is put off alone."""
    try:
        retrying(partial(_apply, engine, books, fence, readings.found))
    except LeaseLost:
        return
    except OF_ONE_OBJECT as error:
        raise_if_transient(error)
        for one, snapshot in readings.found.items():
            _keep_one(engine, books, fence, one, snapshot, readings)
    if readings.gone or readings.failed or readings.refused:
        retrying(partial(_settle, engine, fence, readings))


def _keep_one(
    engine: Engine,
    books: Books,
    fence: str,
    one: Claimed,
    snapshot: Snapshot,
    readings: Readings,
) -> None:
    try:
        retrying(partial(_apply, engine, books, fence, {one: snapshot}))
    except LeaseLost:
        return
    except OF_ONE_OBJECT as error:
        raise_if_transient(error)
        _log.error("%s %s cannot be applied: %s", one.kind, one.stripe_id, reason(error))
        readings.refuse(one, reason(error))


def _apply(engine: Engine, books: Books, fence: str, found: dict[Claimed, Snapshot]) -> None:
    """Apply readings whose lease still stands; `LeaseLost` if one of them was overtaken.

    The lease is checked last: whoever applies events locks payments before stale objects too.
    """
    if not found:
        return
    with writing(engine) as connection:
        now = clock.now()
        apply(connection, list(found.values()), books, at=now)
        stale.check_lease(connection, fence, list(found))
        stale.clear(connection, fence, list(found), at=now)


def _settle(engine: Engine, fence: str, readings: Readings) -> None:
    with writing(engine) as connection:
        now = clock.now()
        stale.clear(connection, fence, readings.gone, at=now)
        put_off(connection, fence, readings.failed, at=now)
        park(connection, fence, readings.refused, at=now)


def _give_back(engine: Engine, fence: str, left: Sequence[Claimed]) -> None:
    with writing(engine) as connection:
        stale.give_back(connection, fence, left, at=clock.now())
