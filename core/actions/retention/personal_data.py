"""Personal data goes after a time: ids and money stay. One stretch at a time, each once.

First it is written down until when data goes, so that nothing older comes in again; then all that
stands here is gone through, in the order of `PARTS`, by a cursor that is kept with each stretch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, and_, or_, select, update

from core import clock
from core.access import audit
from core.actions.retention import people_texts
from core.db import tables as t
from core.db.engine import reading, retrying, writing
from core.domain import cursors
from core.domain.personal_data import SHORTEST, Purged, keep_purged, purged, take_turn
from core.errors import InvalidInput
from core.gateway.redacted_bodies import redacted
from core.gateway.snapshots import ChargeSnapshot, CustomerSnapshot, PaymentSnapshot
from core.ledger import stored_entries
from core.mirror import stored_readings
from core.mirror.apply import BookingContext
from core.mirror.payments import hold, rewrite_without
from core.mirror.personal import PERSONAL

ACTION = "personal_data.purge"
#: Rows that one transaction goes through: it holds no other writer up for long.
CHUNK = 200
PAGES = 20
_CURSOR = "personal data"
#: What payments have from their charges stands in them too.
_OF_PAYMENTS = tuple(
    dict.fromkeys((*PERSONAL[PaymentSnapshot], *PERSONAL[ChargeSnapshot])),
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What was made from `since` on and before `before`, behind the key `after`."""

    since: datetime
    before: datetime
    after: list[Any] | None
    books: BookingContext


#: One stretch of a part: where it ended, None where there is no more, and how many rows changed.
_Part = Callable[[Connection, _Stretch], tuple[list[Any] | None, int]]


def purge(engine: Engine, books: BookingContext, *, days: int, at: datetime) -> bool:
    """Let go of what is older than so many days, one stretch of it; whether there is more.

    0 days: everything is kept. Days are whole ones of UTC. What was let go of stays so, whatever
    `days` is later. Once all is gone through, the log says how many rows lost something.
    """
    if not days:
        return False
    if timedelta(days=days) < SHORTEST:
        raise InvalidInput("PERSONAL_DATA_DAYS", f"is 0 or at least {SHORTEST.days}")
    return retrying(partial(_step, engine, books, days, at))


def _step(engine: Engine, books: BookingContext, days: int, at: datetime) -> bool:
    with reading(engine) as connection:
        far = purged(connection)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    before = max(midnight - timedelta(days=days), far.before)
    if far.done >= before:
        return False
    with writing(engine) as connection:
        far = take_turn(connection, at=at)
        if far.before == far.done:
            # Whoever writes from now on leaves out what is older.
            keep_purged(connection, Purged(before, far.done), at=at)
            cursors.keep_position(connection, _CURSOR, _first(), at=at)
            return True
        where = cursors.position(connection, _CURSOR) or _first()
        if where["part"] == len(PARTS):
            keep_purged(connection, Purged(far.before, far.before), at=at)
            _note(connection, far.before, where["counts"], at)
            return False
        _walk(connection, where, far, books)
        cursors.keep_position(connection, _CURSOR, where, at=at)
        return True


def _first() -> dict[str, Any]:
    return {"part": 0, "after": None, "counts": {}}


def _walk(
    connection: Connection, where: dict[str, Any], far: Purged, books: BookingContext
) -> None:
    name, part = PARTS[where["part"]]
    after, changed = part(connection, _Stretch(far.done, far.before, where["after"], books))
    counts = where["counts"]
    if changed:
        counts[name] = counts.get(name, 0) + changed
    where["after"] = after
    where["part"] += after is None


def _note(connection: Connection, before: datetime, counts: dict[str, int], at: datetime) -> None:
    audit.append(
        connection,
        actor="system",
        action=ACTION,
        target=before.date().isoformat(),
        details=counts,
        now=at,
    )


def _keys(
    connection: Connection, made: Column[Any], key: Column[Any], stretch: _Stretch
) -> tuple[list[Any], list[Any] | None]:
    """The keys of the next rows by their time, and where they end."""
    where: list[ColumnElement[bool]] = [made >= stretch.since, made < stretch.before]
    if stretch.after is not None:
        moment = clock.from_micros(stretch.after[0])
        where.append(or_(made > moment, and_(made == moment, key > stretch.after[1])))
    query = select(made, key).where(*where).order_by(made, key).limit(CHUNK)
    rows = connection.execute(query).all()
    if not rows:
        return [], None
    return [row[1] for row in rows], [clock.to_micros(rows[-1][0]), rows[-1][1]]


def _charges(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    """Charges, their readings, and the payments that show what they say."""
    c, p = t.charges.c, t.payments.c
    ids, end = _keys(connection, c.created_at, c.stripe_id, stretch)
    shown = list(connection.scalars(select(p.stripe_id).where(p.latest_charge_id.in_(ids))))
    hold(connection, shown)
    changed = _blank(connection, t.charges, ids, PERSONAL[ChargeSnapshot])
    stored_readings.strip(connection, "charge", ids, PERSONAL[ChargeSnapshot])
    _rewrite(connection, shown, stretch)
    return end, changed


def _payments(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    p = t.payments.c
    ids, end = _keys(connection, p.created_at, p.stripe_id, stretch)
    some = or_(*(p[name].is_not(None) for name in _OF_PAYMENTS))
    told = list(connection.scalars(select(p.stripe_id).where(p.stripe_id.in_(ids), some)))
    _rewrite(connection, told, stretch)
    stored_readings.strip(connection, "payment_intent", ids, PERSONAL[PaymentSnapshot])
    return end, len(told)


def _rewrite(connection: Connection, ids: list[str], stretch: _Stretch) -> None:
    books = stretch.books
    if ids:
        rewrite_without(
            connection, ids, _OF_PAYMENTS, books.scope, books.facets, before=stretch.before
        )


def _customers(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    c = t.customers.c
    ids, end = _keys(connection, c.created_at, c.stripe_id, stretch)
    changed = _blank(connection, t.customers, ids, PERSONAL[CustomerSnapshot])
    stored_readings.strip(connection, "customer", ids, PERSONAL[CustomerSnapshot])
    return end, changed


def _ledger(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    b = t.balance_transactions.c
    ids, end = _keys(connection, b.created_at, b.stripe_id, stretch)
    return end, _blank(connection, t.balance_transactions, ids, ("description",))


def _ledger_pages(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    last, lost = stored_entries.undescribe(
        connection,
        since=stretch.since,
        before=stretch.before,
        after=stretch.after[0] if stretch.after else 0,
        limit=PAGES,
    )
    return (None if last is None else [last]), lost


def _events(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    """The inbox, by when an event came: what it speaks of is older still."""
    e = t.events.c
    seqs, end = _keys(connection, e.received_at, e.seq, stretch)
    changed = 0
    for seq, body in connection.execute(select(e.seq, e.body).where(e.seq.in_(seqs))).all():
        left = redacted(body)
        if left != body:
            changed += 1
            connection.execute(update(t.events).where(e.seq == seq).values(body=left))
    return end, changed


def _blank(connection: Connection, table: Table, ids: list[str], names: tuple[str, ...]) -> int:
    """Set columns of these rows to nothing; how many had something."""
    if not ids:
        return 0
    some = or_(*(table.c[name].is_not(None) for name in names))
    change = update(table).where(table.c.stripe_id.in_(ids), some)
    return connection.execute(change.values(dict.fromkeys(names))).rowcount


def _texts(connection: Connection, stretch: _Stretch) -> tuple[list[Any] | None, int]:
    changed = people_texts.blank(connection, before=stretch.before, limit=CHUNK)
    return ([] if changed == CHUNK else None), changed


#: Charges before payments: these show what those say.
PARTS: tuple[tuple[str, _Part], ...] = (
    ("charges", _charges),
    ("payments", _payments),
    ("customers", _customers),
    ("balance_transactions", _ledger),
    ("ledger_readings", _ledger_pages),
    ("events", _events),
    ("texts", _texts),
)
