"""The mirror made anew in an empty database: from the inbox and what Stripe answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, Table, exists, func, inspect, or_, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from core import clock
from core.db import tables
from core.db.bulk import insert_rows
from core.db.engine import one_picture, open_engine, retrying, writing
from core.db.migrate import upgrade
from core.domain.personal_data import Purged, keep_purged, purged
from core.errors import DatabaseDown, InvalidInput
from core.gateway.snapshots import LedgerEntry, Snapshot
from core.inbox.compare_mirrors import TableComparison, compare
from core.inbox.ours import BOTH_MODES, Keys, judge_event
from core.ledger.booking import Scope
from core.ledger.stored_entries import Booked, StoredPage, keep_payout, pages
from core.ledger.upkeep import settle_available
from core.mirror import stored_readings
from core.mirror.absent import take_out
from core.mirror.apply import BookingContext, apply
from core.mirror.fill_readings import is_filled
from core.mirror.own_account import own_accounts
from core.mirror.stored_readings import SHAPES, Absent
from core.mirror.unchanged import MIRRORED
from core.states import EventState, PeriodState

#: Events, readings and pages of the ledger that one transaction applies.
BATCH = 400
PAGES = 20
#: The steps, in order. Payments come last: all that stands behind them is there by then.
EVENTS, LEDGER = "events", "ledger"
STEPS = (EVENTS, *(kind for kind in SHAPES if kind != "payment_intent"), LEDGER, "payment_intent")

#: How it ends.
MADE, EQUAL, DIFFERS, UNKNOWN = "made", "equal", "differs", "unknown"

_E = tables.events.c
#: Step, how many are done, how many there are.
Report = Callable[[str, int, int], None]
#: First day, last day and the end of the closing of a month, by mode.
Reopened = list[tuple[bool, date, date, datetime]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it. `made` counts what was applied by step; `unread` the rows of each table
    whose reading is not stored, so that nothing can be said of them; `purged` until when
    personal data was let go, of both sides alike; `tables` is the comparison,
    empty where none was asked for."""

    made: dict[str, int]
    unread: dict[str, int]
    purged: Purged
    tables: tuple[TableComparison, ...] = ()

    @property
    def outcome(self) -> str:
        """made (nothing was compared), equal, differs, or unknown: readings are missing, or a purge
        of personal data is under way."""
        if not self.tables:
            return MADE
        if self.unread or self._purging:
            return UNKNOWN
        return EQUAL if all(one.equal for one in self.tables) else DIFFERS

    @property
    def _purging(self) -> bool:
        return self.purged.before != self.purged.done

    def shown(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "outcome": self.outcome,
            "made": self.made,
            "unread": self.unread,
            "personal_data_before": _day(self.purged.done),
            "purging_before": None
            if self.purged.before == self.purged.done
            else _day(self.purged.before),
            "tables": [one.shown() for one in self.tables],
        }


def _day(moment: datetime) -> str | None:
    return None if moment == clock.EPOCH else moment.date().isoformat()


@dataclass(slots=True)
class _Work:
    source: Connection
    target: Engine
    books: BookingContext
    report: Report
    made: dict[str, int] = field(default_factory=dict)

    def count(self, step: str, more: int, whole: int) -> None:
        self.made[step] = self.made.get(step, 0) + more
        self.report(step, self.made[step], whole)


def rebuild(
    source: Engine,
    into: str,
    zone: ZoneInfo,
    *,
    compared: bool = False,
    report: Report = lambda _step, _done, _whole: None,
) -> Rebuilt:
    """Make the mirror of `source` anew in the empty database at the URL `into`.

    The source is read in one picture and not written; others may write to it meanwhile. `compared`:
    the two are held against each other in that same picture. `InvalidInput` where the target is the
    source or has tables.
    """
    target = _opened(into)
    try:
        _check_empty(source, target)
        upgrade(target)
        books = BookingContext(Scope(zone, 0))
        with one_picture(source) as connection:
            work = _Work(connection, target, books, report)
            far = purged(connection)
            with writing(target) as there:
                # What was let go of stays out of this one too.
                keep_purged(there, far, at=clock.now())
            _apply_events(work)
            for kind in STEPS[1:-2]:
                _apply_readings(work, kind)
            _apply_ledger(work)
            _apply_readings(work, STEPS[-1])
            settle_available(target, at=clock.now())
            unread = unread_rows(connection)
            found: tuple[TableComparison, ...] = ()
            if compared:
                with one_picture(target) as rebuilt:
                    found = tuple(compare(connection, rebuilt, at=clock.now(), report=report))
        return Rebuilt(work.made, unread, far, found)
    except DBAPIError as error:
        number = error.orig.args[0] if error.orig is not None and error.orig.args else error
        raise DatabaseDown(f"A database does not answer, or refused a row ({number}).") from None
    finally:
        target.dispose()


def _opened(into: str) -> Engine:
    try:
        return open_engine(into)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        form = "is not sqlite:///FILE or mysql+pymysql://USER:PASSWORD@HOST/NAME"
        raise InvalidInput("into", form) from None


def _check_empty(source: Engine, target: Engine) -> None:
    """`InvalidInput` where the target may not be written to."""
    if _place(source) == _place(target):
        raise InvalidInput("into", "is the database itself")
    if names := inspect(target).get_table_names():
        raise InvalidInput("into", f"is not empty: it has {len(names)} tables")


def _place(engine: Engine) -> tuple[object, ...]:
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return ("sqlite", os.path.realpath(url.database or ""))
    return (url.host, url.port, url.database, url.query.get("unix_socket"))


def unread_rows(connection: Connection) -> dict[str, int]:
    """Rows that were read from Stripe before readings were stored, by table; none is left out."""
    r, b, p = tables.readings.c, tables.balance_transactions.c, tables.ledger_readings.c
    found = {}
    for kind, table in MIRRORED.items():
        kept = exists().where(r.kind == kind, r.stripe_id == table.c.stripe_id)
        found[table.name] = _count(connection, table, table.c.confirmed, ~kept)
    if not is_filled(connection):
        first = select(func.min(p.read_at)).where(p.read_at > clock.EPOCH)
        since = connection.scalar(first) or clock.NEVER
        before = or_(b.first_seen_at.is_(None), b.first_seen_at < since)
        ledger = tables.balance_transactions
        found[ledger.name] = _count(connection, ledger, before)
    return {name: count for name, count in found.items() if count}


def _apply_events(work: _Work) -> None:
    """The inbox goes along, and what its applied events said, in the order in which they came."""
    whole = _count(work.source, tables.events)
    query = select(tables.events).order_by(_E.seq).limit(BATCH)
    keys, last = Keys(BOTH_MODES, own_accounts(work.source)), 0
    while rows := work.source.execute(query.where(_E.seq > last)).all():
        last = rows[-1].seq
        judged = [judge_event(row, keys) for row in rows if row.state == EventState.APPLIED]
        snapshots = [one for event in judged for one in event.hint.snapshots]
        _write(work, snapshots, [dict(row._mapping) for row in rows])
        work.count(EVENTS, len(rows), whole)


def _apply_readings(work: _Work, kind: str) -> None:
    r = tables.readings.c
    whole = _count(work.source, tables.readings, r.kind == kind)
    last = ""
    while found := stored_readings.stored(work.source, kind, after=last, limit=BATCH):
        last = found[-1].stripe_id
        read = [one for one in found if not isinstance(one, Absent)]
        _write(work, read)
        absent = [one for one in found if isinstance(one, Absent)]
        if absent:
            retrying(partial(_take_out, work, kind, absent))
        work.count(kind, len(found), whole)


def _write(
    work: _Work, snapshots: Sequence[Snapshot], events: Sequence[Mapping[str, Any]] = ()
) -> None:
    def write() -> None:
        with writing(work.target) as connection:
            if events:
                insert_rows(connection, tables.events, events)
            if snapshots:
                apply(connection, snapshots, work.books)

    retrying(write)


def _take_out(work: _Work, kind: str, absent: Sequence[Absent]) -> None:
    """Take out what Stripe did not have, unless an event spoke of it since."""
    table = MIRRORED[kind]
    as_of = {one.stripe_id: one.as_of for one in absent}
    with writing(work.target) as connection:
        query = select(table.c.stripe_id, table.c.as_of).where(table.c.stripe_id.in_(as_of))
        rows = connection.execute(query).all()
        gone = [(kind, row.stripe_id) for row in rows if row.as_of <= as_of[row.stripe_id]]
        take_out(connection, gone, work.books)
        for one in absent:
            said = [(kind, one.stripe_id, one.livemode)]
            stored_readings.keep_absent(connection, said, at=one.as_of)


def _apply_ledger(work: _Work) -> None:
    """Pages of the ledger as they came, each row booked as it was then."""
    reopened = _reopened(work.source)
    whole = _count(work.source, tables.ledger_readings)
    last = 0
    while found := pages(work.source, after=last, limit=PAGES):
        last = found[-1].seq
        retrying(partial(_write_pages, work, found, reopened))
        work.count(LEDGER, len(found), whole)


def _write_pages(work: _Work, found: Sequence[StoredPage], reopened: Reopened) -> None:
    b = tables.balance_transactions
    with writing(work.target) as connection:
        for page in found:
            entries = [entry for entry, _ in page.entries]
            if entries:
                booked = {
                    entry.stripe_id: _booked(work.books.scope, entry, one, reopened)
                    for entry, one in page.entries
                }
                apply(connection, (), work.books, entries=entries, booked=booked)
            elif page.payout_id is not None:
                ids = b.c.stripe_id.in_(page.paid_out)
                connection.execute(b.update().where(ids).values(payout_id=page.payout_id))
                keep_payout(connection, page.payout_id, page.paid_out)


def _booked(scope: Scope, entry: LedgerEntry, one: Booked, reopened: Reopened) -> Booked:
    """How a row is booked: one that came late to a month that was reopened since counts there."""
    if one.booked_day is None:
        return one
    seen = one.first_seen_at or clock.EPOCH
    day = scope.day(entry.created_at)
    back = any(
        livemode == entry.livemode and first <= day <= last and at >= seen
        for livemode, first, last, at in reopened
    )
    return replace(one, booked_day=None) if back else one


def _reopened(source: Connection) -> Reopened:
    p = tables.periods.c
    query = select(p.livemode, p.first_day, p.last_day, p.reopened_at)
    rows = source.execute(query.where(p.state == PeriodState.REOPENED))
    return [(row.livemode, row.first_day, row.last_day, row.reopened_at) for row in rows]


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(table).where(*where)
    return int(connection.execute(query).scalar_one())
