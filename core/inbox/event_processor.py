"""Applying the inbox: claim by lease, apply in one transaction a batch, back off, give up."""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, or_, select, update

from core import clock
from core.clock import NEVER
from core.db.engine import reading, retrying, writing
from core.db.leases import Lease
from core.db.tables import events
from core.domain import versions
from core.errors import InsertRace, LeaseLost
from core.inbox.ours import ANY_KEY, BOTH_MODES, NO_KEY, JudgedEvent, Keys, judge_event
from core.log_fields import log_fields
from core.mirror.apply import BookingContext, apply
from core.mirror.faults import OF_ONE_OBJECT, reason, set_aside
from core.mirror.own_account import own_accounts
from core.states import EventState

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
BATCH = 200
#: Events that one transaction puts back.
CHUNK = 1_000
#: Out of so many batches of the oldest events one is put together.
WINDOW = 6
#: After so many tries an event is dead: visible, and replayed by hand.
TRIES = 8
BACKOFF = timedelta(seconds=2)
_LEASE = Lease(
    events,
    until=events.c.next_attempt_at,
    open=events.c.state == EventState.PENDING,
    lasts=LEASE,
    longest_wait=BACKOFF * 2**TRIES,
    untried=events.c.attempts == 0,
)
#: What whoever applies events waits for.
WORK = _LEASE.work()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that this worker has leased."""

    seq: int
    stripe_id: str
    livemode: bool
    body: bytes
    created_at: datetime
    attempts: int
    account: str | None


@dataclass(frozen=True, slots=True)
class Applied:
    """How many events one step applied, passed over and failed."""

    applied: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def any(self) -> bool:
        return bool(self.applied or self.skipped or self.failed)


def apply_inbox(
    engine: Engine,
    books: BookingContext,
    *,
    modes: frozenset[bool] = BOTH_MODES,
    batch: int = BATCH,
) -> Applied:
    """One step: lease what is due, apply it, and say what became of it.

    `modes` are those that have a key: what is of another one is kept, and passed over. A batch that
    fails is tried again event by event, so that a bad one holds up no other. Errors of the database
    itself are raised: they count against no event.
    """
    fence, leased = retrying(lambda: _claim(engine, batch), repeatable=True)
    if not leased:
        return Applied()
    keys = _keys(engine, modes, leased)
    try:
        return retrying(lambda: _apply(engine, fence, leased, books, keys), repeatable=True)
    except LeaseLost:
        return Applied()
    except OF_ONE_OBJECT as error:
        set_aside(error, f"a batch of {len(leased)} events")
        _log.warning("a batch of %s failed (%s): one by one now", len(leased), reason(error))
        return _one_by_one(engine, fence, leased, books, keys)


def _claim(engine: Engine, limit: int) -> tuple[str, list[Waiting]]:
    """Lease what is due. Another worker may take the same events first: then the next ones."""
    while True:
        with writing(engine) as connection:
            seen, fence, leased = _lease(connection, limit)
        if leased or not seen:
            return fence, leased


def _lease(connection: Connection, limit: int) -> tuple[int, str, list[Waiting]]:
    """How many due events were seen, and those that are now ours, with the fence that proves it."""
    now, e = clock.now(), events.c
    oldest = select(e.seq, e.object_id).where(_LEASE.due(now)).order_by(e.next_attempt_at)
    seqs = _neighbours(connection.execute(oldest.limit(limit * WINDOW)).all(), limit)
    if not seqs:
        return 0, "", []
    fence = _LEASE.take(connection, e.seq.in_(seqs), now)
    rows = connection.execute(
        select(e.seq, e.stripe_id, e.livemode, e.body, e.created_at, e.attempts, e.account)
        .where(e.seq.in_(seqs), _LEASE.held(fence))
        .order_by(e.seq)
    )
    return len(seqs), fence, [Waiting(*row) for row in rows]


def _keys(engine: Engine, modes: frozenset[bool], leased: Sequence[Waiting]) -> Keys:
    """Whose accounts ours are is asked only where an event names one."""
    if all(event.account is None for event in leased):
        return Keys(modes)
    with reading(engine) as connection:
        return Keys(modes, own_accounts(connection))


def _apply(
    engine: Engine,
    fence: str,
    leased: Sequence[Waiting],
    books: BookingContext,
    keys: Keys = ANY_KEY,
) -> Applied:
    start = time.perf_counter()
    judged = [(event, _judged(event, keys)) for event in leased]
    hints = [one.hint for _, one in judged if one.because is None]
    with writing(engine) as connection:
        seqs = [event.seq for event in leased]
        _LEASE.check(connection, events.c.seq.in_(seqs), fence, len(seqs))
        now = clock.now()
        apply(
            connection,
            [snapshot for hint in hints for snapshot in hint.snapshots],
            books,
            marks=[mark for hint in hints for mark in hint.marks],
            at=now,
        )
        spent = int((time.perf_counter() - start) * 1_000_000) // len(judged)
        for (because, waits), seqs in _by_outcome(judged).items():
            _finish(connection, fence, seqs, because, waits=waits, at=now, duration_us=spent)
        versions.bump(connection, ["inbox"], slot=books.scope.slot)
        return Applied(applied=len(hints), skipped=len(judged) - len(hints))


def _judged(event: Waiting, keys: Keys) -> JudgedEvent:
    with log_fields(event_id=event.stripe_id):
        return judge_event(event, keys)


def _by_outcome(
    judged: Sequence[tuple[Waiting, JudgedEvent]],
) -> dict[tuple[str | None, bool], list[int]]:
    found: dict[tuple[str | None, bool], list[int]] = defaultdict(list)
    for event, one in judged:
        found[one.because, one.waits].append(event.seq)
    return found


def _neighbours(rows: Sequence[Row[int, str | None]], limit: int) -> list[int]:
    """Events of the same payment together: workers side by side then touch other payments.

    Stripe's ids of a payment, its charges and their refunds begin alike behind the underscore.
    Which of the parts is taken is left to chance, so that none waits behind the others for ever.
    """
    ordered = sorted(rows, key=lambda row: (row[1] or "").partition("_")[2])
    parts = -(-len(ordered) // limit)
    start = random.randrange(parts) * limit if parts else 0  # noqa: S311 # no secret
    return [row[0] for row in ordered[start : start + limit]]


def _finish(
    connection: Connection,
    fence: str,
    seqs: Sequence[int],
    because: str | None,
    *,
    waits: bool,
    at: datetime,
    duration_us: int,
) -> None:
    # What waits is found again by the index of what is due, once there is what it waits for.
    values = {"next_attempt_at": NEVER} if waits else {}
    _LEASE.end(
        connection,
        events.c.seq.in_(seqs),
        fence,
        len(seqs),
        state=EventState.SKIPPED if because else EventState.APPLIED,
        skipped_because=because,
        applied_at=at,
        duration_us=duration_us,
        last_error=None,
        **values,
    )


def _one_by_one(
    engine: Engine, fence: str, leased: Sequence[Waiting], books: BookingContext, keys: Keys
) -> Applied:
    applied = skipped = failed = 0
    for event in leased:
        with log_fields(event_id=event.stripe_id):
            try:
                one = retrying(
                    partial(_apply, engine, fence, [event], books, keys), repeatable=True
                )
            except (LeaseLost, InsertRace):
                continue
            except OF_ONE_OBJECT as error:
                set_aside(error, f"event {event.stripe_id}")
                retrying(partial(_fail, engine, fence, event, error))
                failed += 1
            else:
                applied, skipped = applied + one.applied, skipped + one.skipped
    return Applied(applied, skipped, failed)


def _fail(engine: Engine, fence: str, event: Waiting, error: BaseException) -> None:
    """Back off, or give up after the last try."""
    attempts = event.attempts + 1
    dead = attempts >= TRIES
    now = clock.now()
    with writing(engine) as connection:
        _LEASE.give_back(
            connection,
            events.c.seq == event.seq,
            fence,
            state=EventState.DEAD if dead else EventState.PENDING,
            attempts=attempts,
            next_attempt_at=now + BACKOFF * 2**attempts,
            last_error=reason(error),
        )
        versions.bump(connection, ["inbox"], slot=0)


def replay(engine: Engine, stripe_ids: Sequence[str]) -> int:
    """Put events back to be applied again; the number that were there."""

    def again() -> int:
        with writing(engine) as connection:
            return put_back(connection, events.c.stripe_id.in_(list(stripe_ids)), at=clock.now())

    return retrying(again)


def put_back_for(engine: Engine, *, livemode: bool) -> int:
    """Put back what waited for a key of this mode, or for our account to be known; how many.

    To be called where there is a key. At most `CHUNK` at once: what waited for months may be much.
    """

    def again() -> int:
        e = events.c
        waits = and_(
            e.state == EventState.SKIPPED, e.next_attempt_at >= NEVER, e.livemode == livemode
        )
        with writing(engine) as connection:
            accounts = own_accounts(connection)
            if livemode not in accounts:
                waits = and_(waits, e.skipped_because == NO_KEY)
            elif own := accounts[livemode]:
                waits = and_(waits, or_(e.skipped_because == NO_KEY, e.account == own))
            seqs = connection.scalars(select(e.seq).where(waits).limit(CHUNK)).all()
            if not seqs:
                return 0
            return put_back(connection, and_(e.seq.in_(seqs), waits), at=clock.now())

    return retrying(again)


def put_back(connection: Connection, which: ColumnElement[bool], *, at: datetime) -> int:
    """Make these events due at once, whoever holds them; how many. The caller commits."""
    found = connection.execute(
        update(events)
        .where(which)
        .values(
            state=EventState.PENDING,
            attempts=0,
            next_attempt_at=at,
            fence=None,
            skipped_because=None,
        )
    ).rowcount
    versions.bump(connection, ["inbox"], slot=0)
    return found
