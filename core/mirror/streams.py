"""How each stream of the mirror stands: noted at every step in memory, written now and then.

A fault, and its end, is written at once. While nothing changes a worker writes all its streams in
one small transaction every ten seconds; who reads it tells by its age that a worker died.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.clock import NEVER
from core.db.engine import is_full, reading, retrying, writing
from core.db.tables import events, stale_objects, streams
from core.db.upsert import upsert
from core.domain.stream_limits import (
    ASLEEP,
    BACKFILL,
    DATABASE,
    DISK_FULL,
    FAULT,
    GAP,
    INBOX,
    INCOMPLETE,
    PAYOUTS,
    REFRESH,
    RUNNING,
)
from core.errors import StripeError, StripeKeyRefused, TillwatchError
from core.states import EventState

_log = logging.getLogger(__name__)

#: Whether a step found work; None says that it tried nothing which could tell how things stand.
Step = Callable[[], bool | None]
#: The part of a stream that brings what it is named for; others look after it.
OWN = ""
#: A stream's name and mode.
Key = tuple[str, bool]

#: A fault of the program ends its process: the next one has to do without for so long.
PROVED = timedelta(seconds=60)
#: How often a run through Stripe's lists says how far it is.
_RUN_WRITTEN_EVERY = timedelta(seconds=2)
#: What a row says of a fault.
_SAID = ("failed_since", "error", "reason", "permission")
#: What stale objects stand for payouts and for the lists of their rows.
_PAYOUTS = ("payout", "payout_ledger")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step failed: our code, what was said, and the right that a restricted key lacks."""

    error: str
    reason: str
    permission: str | None = None


def fault_of(error: BaseException) -> Fault:
    """What may be kept of an error: never a body, a statement or a key."""
    if isinstance(error, StripeError):
        lacking = error.permissions if isinstance(error, StripeKeyRefused) else ()
        status = f" (HTTP {error.http_status})" if error.http_status else ""
        return Fault(error.code, f"{error.message}{status}", lacking[0] if lacking else None)
    if isinstance(error, TillwatchError):
        return Fault(error.code, error.message)
    if is_full(error):
        return Fault(DISK_FULL, "the database could not write: its disk is full")
    if isinstance(error, SQLAlchemyError):
        return Fault(DATABASE, type(error).__name__)
    return Fault(FAULT, type(error).__name__)


@dataclass
class _Part:
    """One loop of a stream: when its step last ended well, and how long that holds."""

    every: timedelta
    ok_at: datetime | None = None
    fault: Fault | None = None


@dataclass
class _Stream:
    """One stream of one mode. `known` is what is known to stand in the table."""

    parts: dict[str, _Part] = field(default_factory=dict)
    reached: datetime | None = None
    failed_since: datetime | None = None
    #: The right whose want leaves something of it out, and since when.
    lacking: str | None = None
    lacking_since: datetime | None = None
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def fault(self) -> Fault | None:
        """The first part's that failed."""
        return next((part.fault for part in self.parts.values() if part.fault), None)

    @property
    def is_known(self) -> bool:
        """Whether there is something to say: a fault, or a first step of the stream's own loop."""
        own = self.parts.get(OWN)
        return bool(self.fault) or (own is not None and own.ok_at is not None)

    def checked_at(self, now: datetime) -> datetime | None:
        """Up to when all its loops that began stepped well and in time."""
        held = [min(now, part.ok_at + part.every) for part in self.parts.values() if part.ok_at]
        own = self.parts.get(OWN)
        return min(held) if own is not None and own.ok_at else None


class Recorder:
    """What a worker knows of its streams. Safe for its threads; `flush` writes it down."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._streams: dict[Key, _Stream] = {}
        self._began = clock.now()

    def watched(
        self, name: str, modes: Sequence[bool], step: Step, *, every: float, part: str = OWN
    ) -> Step:
        """The step, noted under the stream's name for these modes whenever it ends.

        `every` is the longest that passes between two steps, in seconds. A stream may have several
        loops, told apart by `part`: one that fails or hangs is enough for the stream to. Without
        its own loop nothing is said of a stream.
        """
        keys = [(name, mode) for mode in modes]
        parts = [_Part(timedelta(seconds=every)) for _ in keys]
        for key, one in zip(keys, parts, strict=True):
            self._streams.setdefault(key, _Stream()).parts[part] = one

        def noted() -> bool | None:
            try:
                busy = step()
            except BaseException as error:
                self._failed(keys, parts, fault_of(error))
                raise
            if busy is not None:
                self._ended_well(keys, parts)
            return busy

        return noted

    def reached(self, name: str, livemode: bool, moment: datetime) -> None:
        """All that Stripe had at that moment is here."""
        self._streams[name, livemode].reached = moment

    def lacks(self, name: str, livemode: bool, right: str | None) -> None:
        """The last step went on without what the key has no `right` (`rak_…`) to; None: it has."""
        stream = self._streams[name, livemode]
        if stream.lacking != right:
            stream.lacking, stream.lacking_since = right, clock.now() if right else None
            self._write_now([(name, livemode)])

    def flush(self) -> bool:
        """Write how all streams stand now; says that nothing more is to be done."""
        self._write(list(self._streams))
        return False

    def _ended_well(self, keys: Sequence[Key], parts: Sequence[_Part]) -> None:
        news = False
        for key, part in zip(keys, parts, strict=True):
            stream = self._streams[key]
            news = news or part.fault is not None or not stream.known
            part.ok_at, part.fault = clock.now(), None
            if stream.fault is None:
                stream.failed_since = None
        if news:
            self._write_now(keys)

    def _failed(self, keys: Sequence[Key], parts: Sequence[_Part], fault: Fault) -> None:
        news = any(part.fault != fault for part in parts)
        for key, part in zip(keys, parts, strict=True):
            part.fault = fault
            self._streams[key].failed_since = self._streams[key].failed_since or clock.now()
        if news:
            self._write_now(keys)

    def _write_now(self, keys: Sequence[Key]) -> None:
        try:
            self._write(keys)
        except SQLAlchemyError as error:
            # The step's own error is what counts; the next flush tries this again.
            _log.warning("streams could not be written: %s", type(error).__name__)

    def _write(self, keys: Sequence[Key]) -> None:
        with self._lock:
            rows = self._rows([key for key in keys if self._streams[key].is_known])
            changed = [row for row in rows if row != self._at(row).known]
            if not changed:
                return
            retrying(lambda: _upsert(self._engine, changed), tries=3)
            for row in changed:
                self._at(row).known = row

    def _rows(self, keys: Sequence[Key]) -> list[dict[str, Any]]:
        now = clock.now()
        with reading(self._engine) as connection:
            kept = _kept(connection) if any(not self._streams[key].known for key in keys) else {}
            return [self._row(connection, key, kept.get(key, {}), now) for key in keys]

    def _row(
        self, connection: Connection, key: Key, kept: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        stream = self._streams[key]
        before = stream.known or kept
        checked_at = stream.checked_at(now) or before.get("checked_at")
        reached = stream.reached or before.get("fresh_as_of")
        waiting = _WAITING.get(key[0])
        if waiting is not None and checked_at is not None:
            reached = min(checked_at, waiting(connection, key[1], now) or checked_at)
        fault = stream.fault
        row = {"name": key[0], "livemode": key[1], "checked_at": checked_at, "fresh_as_of": reached}
        said: tuple[Any, ...] = (None, None, None, None)
        if fault is not None:
            # Since when a worker before this one said so, if one did.
            since = before.get("failed_since") or stream.failed_since
            said = (since, fault.error, fault.reason[:500], fault.permission)
        elif stream.lacking is not None:
            kept_since = before.get("failed_since") if before.get("error") == INCOMPLETE else None
            since = kept_since or stream.lacking_since
            said = (since, INCOMPLETE, None, stream.lacking)
        elif before.get("error") == FAULT and now - self._began < PROVED:
            said = tuple(before[name] for name in _SAID)
        return row | dict(zip(_SAID, said, strict=True))

    def _at(self, row: dict[str, Any]) -> _Stream:
        return self._streams[row["name"], row["livemode"]]


def every_so_often(step: Step, seconds: float) -> Step:
    """The step, at most so often: for loops that wake up more often, to show that they are alive.

    One that failed is tried again whenever it is asked for.
    """
    due = clock.EPOCH

    def when_due() -> bool | None:
        nonlocal due
        now = clock.now()
        # A clock that was put back delays nothing.
        if due - timedelta(seconds=seconds) <= now < due:
            return False
        busy = step()
        due = now + timedelta(seconds=seconds)
        return busy

    return when_due


class Backfilling:
    """What is noted of a run through Stripe's lists, from its begin to its end."""

    def __init__(self, engine: Engine, livemode: bool, since: datetime) -> None:
        self._engine, self._livemode, self._since = engine, livemode, since
        self._began = clock.now()
        self._written: datetime | None = None
        self._lacking: dict[str, str | None] = {}
        #: Events are missing that this run did not reach back to.
        self.leaves_gap = False

    def __enter__(self) -> Self:
        self._put(error=RUNNING, checked_at=self._began, failed_since=None)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._end()
        if not isinstance(error, Exception):
            # Who stops a run on purpose leaves it as one that was killed: it does not go on.
            return
        fault = fault_of(error)
        try:
            self._put(
                error=fault.error,
                reason=fault.reason[:500],
                permission=fault.permission,
                failed_since=clock.now(),
            )
        except SQLAlchemyError as failure:
            _log.warning("the backfill's end could not be written: %s", type(failure).__name__)

    def goes_on(self, percent: int | None) -> None:
        """A page was written; how far the run is, if that is known."""
        now = clock.now()
        if self._written is None or now - self._written >= _RUN_WRITTEN_EVERY:
            reason = None if percent is None else str(percent)
            self._put(error=RUNNING, reason=reason, checked_at=now, failed_since=None)
            self._written = now

    def lacks(self, kind: str, error: TillwatchError, *, is_optional: bool) -> None:
        """A list was refused. One that a mirror can do without counts if a right was named."""
        rights = error.permissions if isinstance(error, StripeKeyRefused) else ()
        if rights or not is_optional:
            self._lacking[kind] = rights[0] if rights else None

    def _end(self) -> None:
        now = clock.now()
        ended: dict[str, Any] = {"fresh_as_of": self._began, "checked_at": now}
        if self._lacking:
            kinds = ", ".join(self._lacking)
            right = next((one for one in self._lacking.values() if one), None)
            ended |= {"error": INCOMPLETE, "reason": kinds, "permission": right}
            ended |= {"failed_since": now}
        self._put(**ended, closes_gap=not self.leaves_gap)

    def _put(self, *, closes_gap: bool = False, **said: Any) -> None:
        """Write the row. What was missed stands until a run that reached back to it has ended."""

        def work() -> None:
            with writing(self._engine) as connection:
                kept = _kept(connection).get((BACKFILL, self._livemode), {})
                gap = kept.get("error") == GAP
                reached = closes_gap and (kept.get("fresh_as_of") or self._since) >= self._since
                if gap and not reached:
                    upsert(connection, streams, [kept | {"checked_at": clock.now()}])
                    return
                row = {**_EMPTY, "name": BACKFILL, "livemode": self._livemode}
                row |= {"fresh_as_of": kept.get("fresh_as_of")} | said
                upsert(connection, streams, [row])

        retrying(work)


def note_running(engine: Engine, *, livemode: bool) -> None:
    """A run through Stripe's lists is about to begin: what is here is not all there was."""
    try:
        Backfilling(engine, livemode, clock.now()).goes_on(None)
    except SQLAlchemyError as failure:
        _log.warning("the backfill's beginning could not be written: %s", type(failure).__name__)


def is_backfilling(connection: Connection, *, livemode: bool, now: datetime) -> bool:
    """Whether a run through Stripe's lists is under way; not one that was killed minutes ago."""
    s = streams.c
    asked = select(s.checked_at).where(
        s.name == BACKFILL, s.livemode == livemode, s.error == RUNNING
    )
    told: datetime | None = connection.scalar(asked)
    return told is not None and now - told <= ASLEEP


def note_gap(engine: Engine, livemode: bool, since: datetime) -> None:
    """Stripe no longer has all events since a time: it stands until a backfill from before then."""

    def work() -> None:
        with writing(engine) as connection:
            kept = _kept(connection).get((BACKFILL, livemode), {})
            if kept.get("error") == GAP:
                # The earliest counts: a later gap is closed with it.
                return
            row = {**_EMPTY, "name": BACKFILL, "livemode": livemode, "fresh_as_of": since}
            row |= {"error": GAP, "failed_since": clock.now(), "checked_at": clock.now()}
            upsert(connection, streams, [row])

    retrying(work)


#: What a row says where nothing is said.
_EMPTY: dict[str, Any] = dict.fromkeys(column.name for column in streams.columns)


def _kept(connection: Connection) -> dict[Key, dict[str, Any]]:
    rows = connection.execute(select(streams)).mappings()
    return {(row["name"], row["livemode"]): dict(row) for row in rows}


def _upsert(engine: Engine, rows: Sequence[dict[str, Any]]) -> None:
    with writing(engine) as connection:
        upsert(connection, streams, rows)


def _oldest_pending(connection: Connection, livemode: bool, _now: datetime) -> datetime | None:
    """When the oldest event came in that was not tried yet. One that failed is told by itself."""
    e = events.c
    waiting = and_(e.state == EventState.PENDING, e.livemode == livemode, e.attempts == 0)
    asked = select(e.received_at).where(waiting).order_by(e.next_attempt_at).limit(1)
    return connection.scalar(asked)


def _oldest_due(connection: Connection, livemode: bool, now: datetime) -> datetime | None:
    """Since when the object waits that is due the longest."""
    s = stale_objects.c
    due = and_(s.next_attempt_at <= now, s.livemode == livemode)
    asked = select(s.next_attempt_at).where(due).order_by(s.next_attempt_at).limit(1)
    return connection.scalar(asked)


def _oldest_payout(connection: Connection, livemode: bool, _now: datetime) -> datetime | None:
    """When the payout changed that is to be read, or whose rows are to be listed, the longest."""
    s = stale_objects.c
    mine: ColumnElement[bool] = and_(s.kind.in_(_PAYOUTS), s.livemode == livemode)
    # A list brings objects without word of when they changed.
    waits = and_(s.next_attempt_at < NEVER, s.known_at > clock.EPOCH)
    asked = select(func.min(s.known_at)).where(mine, waits)
    found: datetime | None = connection.scalar(asked)
    return found


#: Streams whose freshness is told by what waits: up to when nothing does.
_WAITING = {INBOX: _oldest_pending, REFRESH: _oldest_due, PAYOUTS: _oldest_payout}
