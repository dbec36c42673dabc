"""Objects that changed at Stripe and must be read again: marked, claimed, cleared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import mysql, sqlite

from core.clock import EPOCH, NEVER
from core.db.engine import is_sqlite
from core.db.leases import Lease
from core.db.tables import stale_objects as table
from core.db.wakeups import Work
from core.gateway.ledger_entries import CHARGE_IDS
from core.mirror.versions import by_kind, times_shown

LEASE = timedelta(seconds=20)
#: The longest that a failing reading waits.
LONGEST = timedelta(minutes=15)
_LEASE = Lease(
    table,
    until=table.c.next_attempt_at,
    open=table.c.next_attempt_at < NEVER,
    lasts=LEASE,
    longest_wait=LONGEST,
    untried=table.c.attempts == 0,
)


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """`known_at` is Stripe's time of the newest event about the object."""

    kind: str
    stripe_id: str
    livemode: bool
    known_at: datetime
    object_created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An object that this worker may read until its lease ends."""

    kind: str
    stripe_id: str
    livemode: bool
    mark: int
    known_at: datetime
    object_created_at: datetime | None
    attempts: int


def payment_kind(payment_id: str) -> str:
    """Which object a payment's id is of: a charge that was made without a PaymentIntent, or one."""
    return "charge" if payment_id.startswith(CHARGE_IDS) else "payment_intent"


def enqueue(connection: Connection, marks: Sequence[RefreshRequest], *, at: datetime) -> None:
    """Ask for these objects to be read again. A reading under way then does not clear them."""
    if not marks:
        return
    latest: dict[tuple[str, str], RefreshRequest] = {}
    for one in marks:
        key = (one.kind, one.stripe_id)
        if key not in latest or latest[key].known_at <= one.known_at:
            latest[key] = one
    rows = [
        {
            "kind": one.kind,
            "stripe_id": one.stripe_id,
            "livemode": one.livemode,
            "mark": 1,
            "known_at": one.known_at,
            "object_created_at": one.object_created_at,
            "attempts": 0,
            "next_attempt_at": at,
        }
        for _, one in sorted(latest.items())
    ]
    c = table.c
    if is_sqlite(connection):
        insert = sqlite.insert(table)
        new = insert.excluded
    else:
        into = mysql.insert(table)
        new = into.inserted
    known_at = case((new.known_at > c.known_at, new.known_at), else_=c.known_at)
    soon = case((c.fence.is_(None), new.next_attempt_at), else_=c.next_attempt_at)
    born = func.coalesce(c.object_created_at, new.object_created_at)
    # Literals, not parameters: PyMySQL takes none behind the rows of a bulk insert.
    pairs = [
        ("mark", c.mark + literal_column("1")),
        ("object_created_at", born),
        ("known_at", known_at),
        ("attempts", literal_column("0")),
        ("next_attempt_at", soon),
    ]
    if is_sqlite(connection):
        connection.execute(
            insert.on_conflict_do_update(index_elements=["kind", "stripe_id"], set_=dict(pairs)),
            rows,
        )
    else:
        connection.execute(into.on_duplicate_key_update(pairs), rows)


def work(livemode: bool) -> Work:
    """What whoever reads the objects of a mode waits for."""
    return _LEASE.work(table.c.livemode == livemode)


def claim(
    connection: Connection, *, livemode: bool, limit: int, at: datetime
) -> tuple[str, list[Claimed]]:
    """Lease up to `limit` due objects: the fence that proves it, and what they are.

    `known_at` of each is at least the time of the state that the mirror shows: a reading that
    begins now is newer than that, whatever the clocks say.
    """
    c = table.c
    due = and_(_LEASE.due(at), c.livemode == livemode)
    keys = connection.execute(
        select(c.kind, c.stripe_id).where(due).order_by(c.next_attempt_at).limit(limit)
    ).all()
    if not keys:
        return "", []
    chosen = _these([(key[0], key[1]) for key in keys])
    fence = _LEASE.take(connection, chosen, at)
    rows = connection.execute(
        select(
            c.kind, c.stripe_id, c.livemode, c.mark, c.known_at, c.object_created_at, c.attempts
        ).where(chosen, _LEASE.held(fence))
    )
    claimed = [Claimed(*row) for row in rows]
    shown = times_shown(connection, _keys(claimed))
    return fence, [
        replace(one, known_at=max(one.known_at, shown.get((one.kind, one.stripe_id), EPOCH)))
        for one in claimed
    ]


def _these(keys: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Rows by kind and id. Not as row values: SQLite would read the whole table for those."""
    c = table.c
    return or_(*(and_(c.kind == kind, c.stripe_id.in_(ids)) for kind, ids in by_kind(keys).items()))


def _keys(claimed: Iterable[Claimed]) -> list[tuple[str, str]]:
    return [(one.kind, one.stripe_id) for one in claimed]


def check_lease(connection: Connection, fence: str, claimed: Sequence[Claimed]) -> None:
    """`LeaseLost` unless all of these are still ours; holds them until the commit."""
    _LEASE.check(connection, _these(_keys(claimed)), fence, len(claimed))


def clear(connection: Connection, fence: str, done: Sequence[Claimed], *, at: datetime) -> None:
    """Forget objects that were read, unless they were marked again meanwhile."""
    if not done:
        return
    c = table.c
    for mark_, same in _by_mark(done).items():
        connection.execute(
            delete(table).where(_these(_keys(same)), c.mark == mark_, c.fence == fence)
        )
    give_back(connection, fence, done, at=at)


def _by_mark(done: Sequence[Claimed]) -> dict[int, list[Claimed]]:
    found: dict[int, list[Claimed]] = {}
    for one in done:
        found.setdefault(one.mark, []).append(one)
    return found


def give_back(connection: Connection, fence: str, left: Sequence[Claimed], *, at: datetime) -> None:
    """End the lease of these: they are due at once."""
    if left:
        _LEASE.give_back(connection, _these(_keys(left)), fence, next_attempt_at=at)
