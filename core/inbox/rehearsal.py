"""A replay in a dry run: what applying an event now would change, and none of it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, select

from core import clock
from core.db.engine import is_transient, retrying, undone, writing
from core.db.tables import (
    charges,
    customers,
    disputes,
    early_fraud_warnings,
    events,
    payments,
    payouts,
    refund_requests,
    refunds,
    reviews,
)
from core.errors import NotFound
from core.gateway.snapshots import (
    ChargeSnapshot,
    CustomerSnapshot,
    DisputeSnapshot,
    PaymentSnapshot,
    PayoutSnapshot,
    RefundSnapshot,
    ReviewSnapshot,
    Snapshot,
    WarningSnapshot,
)
from core.inbox.event_effects import EventEffects
from core.inbox.ours import BOTH_MODES, Keys, judge_event
from core.ledger.shown_sums import Picture, read_sums
from core.mirror.apply import BookingContext, apply
from core.mirror.faults import OF_ONE_OBJECT, reason
from core.mirror.own_account import own_accounts

_TABLES: dict[type[Snapshot], Table] = {
    PaymentSnapshot: payments,
    ChargeSnapshot: charges,
    RefundSnapshot: refunds,
    DisputeSnapshot: disputes,
    PayoutSnapshot: payouts,
    WarningSnapshot: early_fraud_warnings,
    ReviewSnapshot: reviews,
    CustomerSnapshot: customers,
}
#: A number of our own; the words that it stands for are compared instead.
_UNSAID = frozenset({"facet"})


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a row that would change. `now` is None where there is no row or no value."""

    table: str
    key: str
    field: str
    now: Any
    then: Any


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a replay would do: fields that would change, and objects that would be read again from
    Stripe. `known` False: it would be passed over, `because` of what `events.skipped_because` would
    say. `error`: it would fail, and why."""

    event_id: str
    known: bool
    changes: tuple[Change, ...] = ()
    read_again: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    because: str | None = None


class _Undo(Exception):
    """Leaves the transaction, so that nothing of it is kept."""


def rehearse(
    engine: Engine,
    event_id: str,
    books: BookingContext,
    *,
    livemode: bool | None = None,
    modes: frozenset[bool] = BOTH_MODES,
) -> Rehearsal:
    """Apply the event in a transaction that is rolled back; `NotFound` if there is no such event,
    or none in the mode asked for. `modes` are those that have a key.

    Like a replay, it waits for the rows that other writers hold.
    """
    # A book of its own: one that outlives the transaction would remember numbers never written.
    own = BookingContext(books.scope)
    return retrying(partial(_rehearse, engine, event_id, own, livemode, modes))


def _rehearse(
    engine: Engine,
    event_id: str,
    books: BookingContext,
    livemode: bool | None,
    modes: frozenset[bool],
) -> Rehearsal:
    found: list[Rehearsal] = []
    try:
        with writing(engine) as connection:
            found.append(_tried(connection, event_id, books, livemode, modes))
            raise _Undo
    except _Undo:
        return found[0]


def _tried(
    connection: Connection,
    event_id: str,
    books: BookingContext,
    livemode: bool | None,
    modes: frozenset[bool],
) -> Rehearsal:
    e = events.c
    asked = select(e.stripe_id, e.body, e.created_at, e.account, e.livemode)
    row = connection.execute(asked.where(e.stripe_id == event_id)).first()
    if row is None or livemode not in (None, row.livemode):
        raise NotFound
    try:
        found = judge_event(row, Keys(modes, own_accounts(connection)))
        if found.because is not None:
            return Rehearsal(event_id, known=False, because=found.because)
        before, after = _pictures(connection, found.hint, books)
    except OF_ONE_OBJECT as error:
        if is_transient(error):
            raise
        return Rehearsal(event_id, known=True, error=reason(error))
    marked = tuple(sorted({(mark.kind, mark.stripe_id) for mark in found.hint.marks}))
    return Rehearsal(event_id, True, tuple(compared(before, after)), marked)


def _pictures(
    connection: Connection, hint: EventEffects, books: BookingContext
) -> tuple[Picture, Picture]:
    """What stands where the hint writes, and what would stand there.

    The second is taken first: the locks of its savepoint hold for both.
    """
    touched = list(_rows(connection, hint.snapshots).values())
    slot = books.scope.slot
    with undone(connection):
        apply(connection, hint.snapshots, books, marks=hint.marks, at=clock.now())
        after = _rows(connection, hint.snapshots)
        touched += after.values()
        sums_after = read_sums(connection, touched, slot)
    before = _rows(connection, hint.snapshots)
    sums_before, totals = (read_sums(connection, touched, only) for only in (slot, None))
    # Other workers count in other slots meanwhile: what changes is the difference in our own.
    changed = {
        key: {
            name: total + sums_after[key][name] - sums_before[key][name]
            for name, total in totals[key].items()
        }
        for key in totals
    }
    return before | totals, after | changed


def _rows(connection: Connection, snapshots: Sequence[Snapshot]) -> Picture:
    """The rows of these snapshots' objects, and of what follows them."""
    wanted: dict[Column[Any], set[str]] = {}
    for one in snapshots:
        wanted.setdefault(_TABLES[type(one)].c.stripe_id, set()).add(one.stripe_id)
        charge = one.charge if isinstance(one, PaymentSnapshot) else one
        if isinstance(charge, ChargeSnapshot):
            wanted.setdefault(charges.c.stripe_id, set()).add(charge.stripe_id)
            if charge.payment_id:
                wanted.setdefault(payments.c.stripe_id, set()).add(charge.payment_id)
        if isinstance(one, (RefundSnapshot, DisputeSnapshot)) and one.payment_id:
            wanted.setdefault(payments.c.stripe_id, set()).add(one.payment_id)
        if isinstance(one, RefundSnapshot) and one.operation_id:
            wanted.setdefault(refund_requests.c.id, set()).add(one.operation_id)
    found: Picture = {}
    for column, ids in wanted.items():
        table = column.table
        for row in connection.execute(select(table).where(column.in_(sorted(ids)))).mappings():
            found[table.name, row[column.name]] = dict(row)
    return found


def compared(before: Picture, after: Picture) -> Iterable[Change]:
    """The fields that differ, rows in order."""
    for table, key in sorted(before.keys() | after.keys()):
        now, then = before.get((table, key), {}), after.get((table, key), {})
        for name in [*then, *(name for name in now if name not in then)]:
            if name not in _UNSAID and now.get(name) != then.get(name):
                yield Change(table, key, name, now.get(name), then.get(name))
