"""Walking Stripe's balance transactions into the ledger, page by page, from a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import balance_transactions, charges, refunds, stale_objects
from core.domain import cursors
from core.errors import MalformedObject, StripeError
from core.gateway.client import Gateway
from core.gateway.ledger_entries import source_kind
from core.gateway.readings import (
    LEDGER,
    LedgerPage,
    Source,
    Unread,
    read_ledger_page,
    read_ledger_row,
)
from core.gateway.snapshots import LedgerEntry, Snapshot
from core.gateway.walk import Place, walk
from core.mirror.apply import BookingContext, apply
from core.mirror.faults import OF_ONE_OBJECT, is_of_one_object, reason, set_aside
from core.mirror.list_pages import Keep, Written, payments_to_read
from core.mirror.postponed import park_unread, unpark
from core.mirror.refresh_queue import RefreshRequest, enqueue
from core.mirror.streams import is_backfilling
from core.mirror.unchanged import MIRRORED

#: Stripe lists some rows after their time: minutes as a rule, hours for some fees and disputes.
#: Each walk reads the first stretch again; the others as often as it says, and without what stands
#: behind the rows. What comes later still, the daily check finds (core.mirror.ledger_check).
OVERLAP = timedelta(minutes=10)
WIDER = (
    ("hours", timedelta(hours=6), timedelta(minutes=5)),
    ("days", timedelta(hours=48), timedelta(hours=1)),
)
#: Where a first walk begins; the backfill covers what lies before.
FIRST = timedelta(days=1)
#: How old a charge or refund may be whose ledger row is looked for by its id.
GAP_REACH = timedelta(days=30)
GAP_BATCH = 50


@dataclass(frozen=True, slots=True)
class Walked:
    """`new` rows came in; `parked` could not be read. `lacking`: the rights (`rak_…`) without
    which Stripe does not show the objects behind the rows: those are read one by one then."""

    new: int
    parked: int = 0
    lacking: tuple[str, ...] = ()


def walk_name(livemode: bool) -> str:
    """The name of the cursor that a mode's ledger walk keeps."""
    return f"ledger:{'live' if livemode else 'test'}"


def catch_up(engine: Engine, gateway: Gateway, books: BookingContext) -> Walked:
    """Bring in the rows since the last walk, and those before it that Stripe lists only now.

    Pages come newest first and each is committed; the cursor moves once all are in, so that a
    crash in between reads some again and loses none.
    """
    name, now = walk_name(gateway.livemode), clock.now()
    with reading(engine) as connection:
        kept = cursors.position(connection, name)
    since = clock.from_unix(kept["since"]) if kept else now - FIRST
    due = {key: reach for key, reach, every in WIDER if kept and _is_due(kept, key, every, now)}
    floor = min([since - OVERLAP, *(now - reach for reach in due.values())])
    done, newest = Written(), since
    lacking: tuple[str, ...] = ()
    for page in pages(gateway, since=floor, sources_since=since - OVERLAP):
        done += write_page(engine, books, page, livemode=gateway.livemode)
        newest = max([newest, *(entry.created_at for entry in page.entries)])
        lacking = lacking or page.lacking
    # A row that says it is of the far future must not have the walk pass over all until then.
    newest = max(since, min(newest, now + FIRST))
    where = {key: 0 for key, _, _ in WIDER} | (kept or {}) | {"since": clock.to_unix(newest)}
    where |= dict.fromkeys(due, clock.to_unix(now))
    if where != kept:
        retrying(partial(_keep, engine, name, where))
    return Walked(done.rows, done.parked, lacking)


def _is_due(kept: dict[str, Any], key: str, every: timedelta, now: datetime) -> bool:
    """Whether a wider stretch is to be read again; also where a clock since put back said when."""
    last = clock.from_unix(kept.get(key, 0))
    return not last <= now < last + every


def fill_gaps(engine: Engine, gateway: Gateway, books: BookingContext) -> int:
    """Bring in rows that charges and refunds name but the walk did not see; how many were new.

    Stripe may list a row long after its time: the walk has then passed it by. A row that Stripe
    does not give is left to the refresh of objects: it tries again, later each time. While a
    backfill runs nothing is brought in: what it has not come to yet is not missing.
    """
    new = 0
    with reading(engine) as connection:
        if is_backfilling(connection, livemode=gateway.livemode, now=clock.now()):
            return 0
    for stripe_id in _missing(engine, gateway.livemode):
        try:
            page = read_ledger_row(gateway, stripe_id)
        except (StripeError, MalformedObject) as error:
            if not is_of_one_object(error):
                raise
            retrying(partial(_mark, engine, gateway.livemode, stripe_id))
        else:
            new += write_page(engine, books, page, livemode=gateway.livemode).rows
    return new


def _missing(engine: Engine, livemode: bool) -> list[str]:
    since = clock.now() - GAP_REACH
    found: list[str] = []
    waiting = select(stale_objects.c.stripe_id).where(stale_objects.c.kind == LEDGER)
    with reading(engine) as connection:
        for table in (charges, refunds):
            t, b = table.c, balance_transactions.c
            missing = (
                select(t.balance_transaction_id)
                .outerjoin(balance_transactions, b.stripe_id == t.balance_transaction_id)
                .where(
                    t.created_at > since,
                    t.livemode == livemode,
                    t.balance_transaction_id.is_not(None),
                    b.stripe_id.is_(None),
                    t.balance_transaction_id.not_in(waiting),
                )
                .limit(GAP_BATCH)
            )
            found += connection.scalars(missing).all()
    return found


def _mark(engine: Engine, livemode: bool, stripe_id: str) -> None:
    with writing(engine) as connection:
        now = clock.now()
        enqueue(connection, [RefreshRequest(LEDGER, stripe_id, livemode, now, None)], at=now)


def pages(
    gateway: Gateway, *, since: datetime, sources_since: datetime = clock.EPOCH
) -> Iterator[LedgerPage]:
    """Every page of balance transactions since a time, newest first; their sources come with those
    since another."""
    floor, rich = clock.to_unix(since), clock.to_unix(sources_since)

    def read(place: Place, plain: bool) -> LedgerPage:
        return read_ledger_page(
            gateway,
            created=place.created(floor),
            starting_after=place.after,
            plain=plain or (place.seen is not None and place.seen < rich),
        )

    for page, _ in walk(read):
        yield page


def write_page(
    engine: Engine,
    books: BookingContext,
    page: LedgerPage,
    *,
    livemode: bool,
    keep: Keep | None = None,
) -> Written:
    """Write one page, and a cursor's position with it. `rows` of the answer were new.

    A row needs nothing of what stands behind it. One that cannot be read or written is parked.
    """
    write = partial(_write, engine, books, livemode)
    try:
        whole = partial(write, page.entries, page.sources, page.unread, keep)
        return retrying(whole, repeatable=True)
    except OF_ONE_OBJECT as error:
        set_aside(error, f"a page of {LEDGER}")
    done, refused = Written(), list(page.unread)
    for entry in page.entries:
        try:
            done += retrying(partial(write, [entry], (), (), None), repeatable=True)
        except OF_ONE_OBJECT as error:
            set_aside(error, f"{LEDGER} {entry.stripe_id}")
            refused.append(Unread(LEDGER, entry.stripe_id, reason(error)))
    return done + retrying(partial(write, (), (), refused, keep), repeatable=True)


def _write(
    engine: Engine,
    books: BookingContext,
    livemode: bool,
    entries: Sequence[LedgerEntry],
    sources: Sequence[Source],
    unread: Sequence[Unread],
    keep: Keep | None,
) -> Written:
    with writing(engine) as connection:
        now = clock.now()
        came, odd = _not_mirrored(connection, entries, sources)
        unread = [*unread, *odd]
        marks = payments_to_read(connection, came, (), began=now, at=now)
        new = 0
        if entries or came:
            new = apply(connection, came, books, marks=marks, entries=entries, at=now)
        unpark(connection, {LEDGER: {entry.stripe_id for entry in entries}})
        park_unread(connection, unread, livemode=livemode, at=now)
        if keep is not None:
            cursors.keep_position(connection, keep[0], keep[1], at=now)
        return Written(new, len(unread))


def are_mirrored(connection: Connection, sources: Iterable[str | None]) -> bool:
    """Whether the mirror has all of these objects that it would have: of a kind that it keeps."""
    by_kind: dict[str, set[str]] = {}
    for one in sources:
        if one and (kind := source_kind(one)):
            by_kind.setdefault(kind, set()).add(one)
    for kind, ids in by_kind.items():
        own = MIRRORED[kind].c.stripe_id
        if len(connection.scalars(select(own).where(own.in_(sorted(ids)))).all()) < len(ids):
            return False
    return True


def _not_mirrored(
    connection: Connection, entries: Sequence[LedgerEntry], sources: Sequence[Source]
) -> tuple[list[Snapshot], list[Unread]]:
    """The objects behind rows that are new here, where the mirror does not have them either."""
    if not sources:
        return [], []
    b = balance_transactions.c
    booked = select(b.source_id).where(b.stripe_id.in_([entry.stripe_id for entry in entries]))
    known = set(connection.scalars(booked))
    fresh = {one.stripe_id: one for one in sources if one.stripe_id not in known}
    by_kind: dict[str, list[str]] = {}
    for one in fresh.values():
        by_kind.setdefault(one.kind, []).append(one.stripe_id)
    for kind, ids in by_kind.items():
        own = MIRRORED[kind].c.stripe_id
        known |= set(connection.scalars(select(own).where(own.in_(ids))))
    came: list[Snapshot] = []
    odd: list[Unread] = []
    for one in fresh.values():
        if one.stripe_id not in known:
            found, unread = one.read()
            came += found
            odd += unread
    return came, odd


def _keep(engine: Engine, name: str, where: dict[str, Any]) -> None:
    with writing(engine) as connection:
        cursors.keep_position(connection, name, where, at=clock.now())
