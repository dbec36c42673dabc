"""Learning an account's past from Stripe's lists: resumable, with progress, safe to run again."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from core import clock
from core.db import tables
from core.db.engine import reading, retrying, writing
from core.domain import cursors
from core.errors import TillwatchError
from core.events.coverage import cover, events_name, gap_of
from core.gateway.client import Gateway
from core.gateway.readings import LEDGER, LedgerPage, Page, joined, read_ledger_page, read_page
from core.gateway.walk import Place, walk
from core.mirror import refresh_queue
from core.mirror.apply import BookingContext
from core.mirror.balance_check import reopen
from core.mirror.faults import is_of_one_object
from core.mirror.ledger_walk import are_mirrored, walk_name, write_page
from core.mirror.list_pages import Arrivals, Keep, Written
from core.mirror.refresh_queue import RefreshRequest, payment_kind
from core.mirror.streams import Backfilling
from core.mirror.unchanged import MIRRORED

REVIEW = "review"
#: Payments come before what hangs on them, and all before the ledger that books them.
ORDER = (
    "customer",
    "payment_intent",
    "charge",
    "refund",
    "dispute",
    "payout",
    "early_fraud_warning",
    REVIEW,
)
A_DAY = 86_400
#: Radar's own objects: an account without it, or a key without the right, may refuse them.
OPTIONAL = {"early_fraud_warning", REVIEW}
#: How many objects are marked in one transaction.
_CHUNK = 500
#: So many pages are written at once, or those of so many seconds: what a run that is cut short
#: reads again, and how long others wait to write.
_GATHERED, _GATHERED_SECONDS = 10, 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is. `fraction` is 0 to 1, by the time that the walk has covered.

    Of the `done` objects read, `written` were news and `parked` cannot be read.
    """

    kind: str
    done: int
    fraction: float
    finished: bool
    written: int = 0
    parked: int = 0

    @property
    def whole(self) -> float:
        """How far all lists are, 0 to 1: each is one part, however long."""
        kinds = (*ORDER, LEDGER)
        return (kinds.index(self.kind) + self.fraction) / len(kinds)


@dataclass
class Learned:
    """What a backfill came to, by kind: the objects `read`, of those the ones that were news and
    were `written`, and those that were `parked`.

    `incomplete` kinds were not read to their end, for the reason given with each; `lacking` are
    the rights (`rak_…`) that Stripe named. `gap_since`: events are missing from then on, and this
    run did not reach that far.
    """

    read: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)
    incomplete: dict[str, str] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    gap_since: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every list was read to its end that each account has."""
        return not self.incomplete.keys() - OPTIONAL


@dataclass(frozen=True)
class Run:
    """One backfill: how far back it goes (seconds), and when it began (microseconds).

    `heals`: Stripe has no more events of an outage. Each list is then read back to the oldest
    object of its kind that is mirrored (`floors`), for any of them may have changed.
    """

    since: int
    began: int
    heals: bool = False
    floors: dict[str, int] = field(default_factory=dict)

    @property
    def began_at(self) -> datetime:
        """When it began."""
        return clock.from_micros(self.began)

    def floor(self, kind: str) -> int:
        """How far back the list of a kind is read."""
        return min(self.since, self.floors.get(kind, self.since))


Report = Callable[[Progress], None]
Pages = Iterator[tuple[Page | LedgerPage, Place]]
Write = Callable[[Any, Keep], Written]


def backfill(
    engine: Engine, gateway: Gateway, books: BookingContext, *, since: datetime, report: Report
) -> Learned:
    """Read every list since a time into the mirror and the ledger.

    A run that was cut short goes on where it was, if it was to go about as far back. A list that
    Stripe refuses is told of, and the others go on. Where Stripe does not answer, its error is
    raised: the run can then be gone on with.
    """
    run, learned = retrying(partial(_begin, engine, gateway.livemode, since)), Learned()
    arrivals = Arrivals(engine, books, gateway.livemode, run.began_at, touch=run.heals)
    with Backfilling(engine, gateway.livemode, clock.from_unix(run.since)) as noted:

        def told(progress: Progress) -> None:
            noted.goes_on(int(100 * progress.whole))
            report(progress)

        for kind in (*ORDER, LEDGER):
            write: Write = partial(arrivals.write, kind)
            if kind == LEDGER:
                write = partial(_write_ledger, engine, books, gateway.livemode)
            try:
                _walk(engine, gateway, kind, run, told, write, learned)
            except TillwatchError as error:
                if not is_of_one_object(error):
                    raise
                _log.warning("the list of %s was not read to its end: %s", kind, error.message)
                noted.lacks(kind, error, is_optional=kind in OPTIONAL)
                learned.incomplete[kind] = error.message
                learned.lacking |= set(getattr(error, "permissions", ()))
        if run.heals:
            _look_for_the_rest(engine, gateway.livemode, run, learned)
        retrying(partial(_end, engine, gateway.livemode, run, learned))
        noted.leaves_gap = learned.gap_since is not None
    return learned


def _begin(engine: Engine, livemode: bool, since: datetime) -> Run:
    """Go on with a run that was cut short, if it reached about as far back; else begin one."""
    now = clock.now()
    with writing(engine) as connection:
        kept = cursors.position(connection, _name(livemode))
        if kept is not None and not kept["finished"]:
            run = Run(
                kept["since"], kept["began"], kept.get("heals", False), kept.get("floors", {})
            )
            if abs(run.since - clock.to_unix(since)) < A_DAY:
                return run
        run = _new_run(connection, livemode, clock.to_unix(since), now)
        cursors.keep_position(
            connection, _name(livemode), asdict(run) | {"finished": False}, at=now
        )
        # From here on the walks of events and of the ledger take over, even if this run is cut
        # short and its lists are not read again.
        where = {"since": clock.to_unix(now)}
        for name in (walk_name(livemode), events_name(livemode)):
            if cursors.position(connection, name) is None:
                cursors.keep_position(connection, name, where, at=now)
        return run


def _new_run(connection: Connection, livemode: bool, since: int, now: datetime) -> Run:
    began = clock.to_micros(now)
    gap = gap_of(cursors.position(connection, events_name(livemode)) or {}, now)
    if gap is None or since > gap:
        return Run(since, began)
    floors = {}
    for kind, table in MIRRORED.items():
        c = table.c
        # A customer first seen as deleted has no time of its own.
        oldest = select(func.min(c.created_at)).where(
            c.livemode == livemode, c.created_at > clock.EPOCH
        )
        found = connection.scalar(oldest)
        if found is not None:
            floors[kind] = clock.to_unix(found)
    return Run(since, began, heals=True, floors=floors)


def _name(livemode: bool, kind: str = "") -> str:
    return f"backfill:{'live' if livemode else 'test'}" + (f":{kind}" if kind else "")


def _walk(
    engine: Engine,
    gateway: Gateway,
    kind: str,
    run: Run,
    report: Report,
    write: Write,
    learned: Learned,
) -> None:
    name, floor = _name(gateway.livemode, kind), run.floor(kind)
    with reading(engine) as connection:
        kept = cursors.position(connection, name)
    if kept is None or kept["run"] != run.began:
        kept = {"run": run.began, "done": 0, "written": 0, "parked": 0, "finished": False}
    start, span = clock.to_unix(clock.now()), max(1, clock.to_unix(clock.now()) - floor)
    _note(learned, kind, kept)
    if kept["finished"]:
        return
    newest = Place.of(kept).seen
    for page, behind in _gathered(_pages(engine, gateway, kind, floor, Place.of(kept))):
        size = len(page.entries if isinstance(page, LedgerPage) else page.snapshots)
        # What was written is known once the page is: it is kept with the next one.
        kept = {
            "run": run.began,
            **behind.kept(),
            "done": kept["done"] + size,
            "written": kept["written"],
            "parked": kept["parked"],
            "finished": not page.has_more,
        }
        wrote = write(page, (name, kept))
        if kind == REVIEW and isinstance(page, Page):
            lower = page.oldest if page.has_more and page.oldest is not None else floor
            retrying(partial(_look_for_closed, engine, gateway.livemode, page, (lower, newest)))
            newest = behind.seen
        kept["written"] += wrote.rows
        kept["parked"] += wrote.parked
        learned.lacking |= set(page.lacking)
        _note(learned, kind, kept)
        covered = (start - page.oldest) / span if page.oldest is not None else 1.0
        fraction = 1.0 if kept["finished"] else min(1.0, max(0.0, covered))
        report(
            Progress(
                kind, kept["done"], fraction, kept["finished"], kept["written"], kept["parked"]
            )
        )


def _note(learned: Learned, kind: str, kept: dict[str, Any]) -> None:
    learned.read[kind] = kept["done"]
    learned.written[kind] = kept.get("written", 0)
    learned.parked[kind] = kept.get("parked", 0)


def _pages(engine: Engine, gateway: Gateway, kind: str, floor: int, place: Place) -> Pages:
    def read(here: Place, plain: bool) -> Page | LedgerPage:
        created = here.created(floor)
        if kind == LEDGER:
            return _ledger_page(engine, gateway, created, here.after, plain)
        return read_page(gateway, kind, created=created, starting_after=here.after, plain=plain)

    return walk(read, place)


def _ledger_page(
    engine: Engine, gateway: Gateway, created: dict[str, int], after: str | None, plain: bool
) -> LedgerPage:
    """What stands behind the rows is three times as long as they are, and was in the lists before:
    it is asked for with the first page, where the right to it may be lacking, and with one that
    has a row of an object that no list brought."""
    read = partial(read_ledger_page, gateway, created=created, starting_after=after)
    if after is None and not plain:
        return read()
    page = read(plain=True)
    if plain:
        return page
    with reading(engine) as connection:
        if not are_mirrored(connection, [entry.source_id for entry in page.entries]):
            return read()
    # It could have had them.
    return replace(page, plain=False)


def _gathered(pages: Pages) -> Pages:
    """Some pages at a time as one: written together they touch each part of an index once. What was
    read before an error is given before it is raised."""
    waiting: list[Page | LedgerPage] = []
    until, place, ended = math.inf, Place(), None
    while ended is None:
        try:
            page, place = next(pages)
        except StopIteration:
            return
        except TillwatchError as error:
            ended = error
        else:
            if not waiting:
                until = time.monotonic() + _GATHERED_SECONDS
            waiting.append(page)
        full = len(waiting) == _GATHERED or time.monotonic() > until
        if waiting and (full or ended is not None or not waiting[-1].has_more):
            yield joined(waiting), place
            waiting = []
    raise ended


def _write_ledger(
    engine: Engine, books: BookingContext, livemode: bool, page: LedgerPage, keep: Keep
) -> Written:
    return write_page(engine, books, page, livemode=livemode, keep=keep)


def _look_for_closed(
    engine: Engine, livemode: bool, page: Page, bounds: tuple[int, int | None]
) -> None:
    """Mark reviews that are open here and that the page did not bring: Stripe lists open ones only.

    `bounds` are the times (seconds) that the page speaks for; without an upper one, up to now.
    """
    c, (lower, upper) = tables.reviews.c, bounds
    asked = select(c.stripe_id).where(
        c.open, c.livemode == livemode, c.created_at >= clock.from_unix(lower)
    )
    if upper is not None:
        asked = asked.where(c.created_at <= clock.from_unix(upper))
    with writing(engine) as connection:
        brought = {one.stripe_id for one in page.snapshots}
        brought |= {one.stripe_id for one in page.unread}
        missing = sorted(set(connection.scalars(asked)) - brought)
        _mark_in(connection, REVIEW, livemode, missing)


def _look_for_the_rest(engine: Engine, livemode: bool, run: Run, learned: Learned) -> None:
    """Mark mirrored objects that their list did not bring: deleted ones are in no list."""
    for kind, table in MIRRORED.items():
        if kind in learned.incomplete:
            continue
        c = table.c
        asked = select(c.stripe_id).where(c.livemode == livemode, c.as_of < run.began_at)
        if table is tables.customers:
            asked = asked.where(~c.deleted)
        with reading(engine) as connection:
            ids = sorted(connection.scalars(asked))
        for start in range(0, len(ids), _CHUNK):
            retrying(partial(_mark, engine, kind, livemode, ids[start : start + _CHUNK]))


def _mark(engine: Engine, kind: str, livemode: bool, ids: Sequence[str]) -> None:
    with writing(engine) as connection:
        _mark_in(connection, kind, livemode, ids)


def _mark_in(connection: Connection, kind: str, livemode: bool, ids: Sequence[str]) -> None:
    now = clock.now()
    marks = [
        RefreshRequest(
            payment_kind(one) if kind == "payment_intent" else kind, one, livemode, now, None
        )
        for one in ids
    ]
    refresh_queue.enqueue(connection, marks, at=now)


def _end(engine: Engine, livemode: bool, run: Run, learned: Learned) -> None:
    now = clock.now()
    with writing(engine) as connection:
        where = asdict(run) | {"finished": True, "incomplete": learned.incomplete}
        cursors.keep_position(connection, _name(livemode), where, at=now)
        began = clock.to_unix(run.began_at)
        if learned.is_whole:
            cover(
                connection,
                livemode,
                since=run.since,
                began=began,
                heals=run.heals,
                at=now,
            )
        if LEDGER not in learned.incomplete:
            reopen(connection, livemode)
        gap = gap_of(cursors.position(connection, events_name(livemode)) or {}, now)
    learned.gap_since = None if gap is None else clock.from_unix(gap)
