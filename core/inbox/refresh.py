"""Reading stale objects again: the reading, not the event, is the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from core import clock
from core.db.engine import retrying, writing
from core.errors import MalformedObject, StripeBusy, StripeError, StripeNotFound
from core.gateway.client import Gateway
from core.gateway.readings import read_one, read_page
from core.gateway.snapshots import Snapshot
from core.inbox import stale
from core.inbox.apply import PAYOUT_LEDGER, Books, apply
from core.inbox.payout_walk import note_payout
from core.inbox.stale import Claimed

#: How many objects one step takes: read one by one they still fit into the lease.
BATCH = 60
#: From so many of a kind on, a page of the list is tried before single readings.
LIST_FROM = 8


def refresh(engine: Engine, gateway: Gateway, books: Books, *, batch: int = BATCH) -> int:
    """One step: lease stale objects, read them, apply the readings. The number leased.

    What Stripe could not answer is put off with its reason; what it does not have is forgotten.
    """
    fence, claimed = retrying(partial(_claim, engine, gateway.livemode, batch))
    by_kind: dict[str, list[Claimed]] = defaultdict(list)
    for one in claimed:
        by_kind[one.kind].append(one)
    for one in by_kind.pop(PAYOUT_LEDGER, []):
        _refresh_payout(engine, gateway, books, fence, one)
    for kind, group in by_kind.items():
        _refresh_kind(engine, gateway, books, fence, kind, group)
    return len(claimed)


def _claim(engine: Engine, livemode: bool, limit: int) -> tuple[str, list[Claimed]]:
    with writing(engine) as connection:
        return stale.claim(connection, livemode=livemode, limit=limit, at=clock.now())


def _refresh_payout(
    engine: Engine, gateway: Gateway, books: Books, fence: str, one: Claimed
) -> None:
    """Its pages are written as they come: doing it twice changes nothing."""
    gone: list[Claimed] = []
    failed: dict[str, list[Claimed]] = {}
    try:
        note_payout(engine, gateway, books, one.stripe_id)
        gone = [one]
    except StripeNotFound:
        gone = [one]
    except (StripeError, MalformedObject) as error:
        failed = {error.message: [one]}
    retrying(partial(_settle, engine, fence, gone, failed))


def _refresh_kind(
    engine: Engine,
    gateway: Gateway,
    books: Books,
    fence: str,
    kind: str,
    group: Sequence[Claimed],
) -> None:
    failed: dict[str, list[Claimed]] = defaultdict(list)
    gone: list[Claimed] = []
    found: dict[str, Snapshot] = {}
    try:
        found = _listed(gateway, kind, group) if len(group) >= LIST_FROM else {}
    except (StripeError, MalformedObject):
        # The page was a short cut: each object is now read by itself, and fails by itself.
        found = {}
    for one in group:
        if one.stripe_id in found:
            continue
        try:
            found[one.stripe_id] = read_one(gateway, kind, one.stripe_id, known_at=one.known_at)
        except StripeNotFound:
            gone.append(one)
        except (StripeError, MalformedObject) as error:
            failed[error.message].append(one)
            if isinstance(error, StripeBusy):
                break
    read = [one for one in group if one.stripe_id in found]
    retrying(partial(_apply, engine, books, fence, read, found))
    retrying(partial(_settle, engine, fence, gone, failed))


def _listed(gateway: Gateway, kind: str, group: Sequence[Claimed]) -> dict[str, Snapshot]:
    """Pages of the list around the objects' own times, if these are
    known, as long as a page brings enough of them."""
    times = [one.object_created_at for one in group if one.object_created_at is not None]
    if len(times) < LIST_FROM:
        return {}
    created = {"gte": clock.to_unix(min(times)), "lte": clock.to_unix(max(times))}
    known_at = max(one.known_at for one in group)
    wanted = {one.stripe_id for one in group}
    found: dict[str, Snapshot] = {}
    after: str | None = None
    while True:
        page = read_page(gateway, kind, created=created, starting_after=after, known_at=known_at)
        here = {s.stripe_id: s for s in page.snapshots if s.stripe_id in wanted}
        found |= here
        after = page.last_id
        if not page.has_more or len(here) < LIST_FROM or len(found) == len(wanted):
            return found


def _apply(
    engine: Engine,
    books: Books,
    fence: str,
    read: Sequence[Claimed],
    found: Mapping[str, Snapshot],
) -> None:
    """Apply the readings whose lease still stands; a reading that was overtaken is dropped."""
    if not read:
        return
    with writing(engine) as connection:
        owned = stale.still_owned(connection, fence, read)
        now: datetime = clock.now()
        apply(connection, [found[one.stripe_id] for one in owned], books, at=now)
        stale.clear(connection, fence, owned, at=now)


def _settle(
    engine: Engine,
    fence: str,
    gone: Sequence[Claimed],
    failed: Mapping[str, Sequence[Claimed]],
) -> None:
    if not gone and not failed:
        return
    with writing(engine) as connection:
        now = clock.now()
        stale.clear(connection, fence, gone, at=now)
        for reason, group in failed.items():
            stale.put_off(connection, fence, group, reason, at=now)
