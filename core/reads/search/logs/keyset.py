"""Lists of what happened, newest first: pages by key, over indexes, within a budget of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, or_, select, true

from core import clock

Test = ColumnElement[bool]
Range = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A row's place in the order: its time, and its number among those of the same time."""

    moment: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Log:
    """A table that only grows: the time of a row, and its number, which is its primary key."""

    moment: Column[datetime]
    seq: Column[int]


@dataclass(frozen=True, slots=True)
class AccessPath:
    """One way in: an index and tests that it answers alone; it keeps the order or leads to few
    rows. None leaves the choice to the database. `mysql` is its name there, where it is another."""

    index: str | None
    tests: tuple[Test, ...] = ()
    mysql: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look, from `since` until before `until`, and what each row must pass besides.

    `budget`: rows that may be looked at; None where the arms lead to few rows, or where all that
    they lead to pass.
    """

    log: Log
    arms: tuple[AccessPath, ...]
    tests: tuple[Test, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Numbers of rows, newest first. A cursor is None where nothing is known to lie beyond.

    `searched_to`: the budget ended there before the page was full; `older` goes on from it.
    """

    seqs: tuple[int, ...]
    newer: str | None
    older: str | None
    searched_to: datetime | None = None


class Numbered(Protocol):
    """A row of a log as a read gives it."""

    @property
    def seq(self) -> int:
        """Its number."""
        ...


R = TypeVar("R", bound=Numbered)


@dataclass(frozen=True, slots=True)
class LogPage(Generic[R]):
    """A page of a log's rows, newest first; the rest as in `Page`."""

    rows: tuple[R, ...]
    newer: str | None
    older: str | None
    searched_to: datetime | None


def filled(page: Page, rows: Iterable[R]) -> LogPage[R]:
    """A page with its rows, in its order; one that has been deleted meanwhile is left out."""
    by_number = {row.seq: row for row in rows}
    shown = tuple(by_number[seq] for seq in page.seqs if seq in by_number)
    return LogPage(shown, page.newer, page.older, page.searched_to)


def page(conn: Connection, search: Search, *, cursor: str | None, older: bool, limit: int) -> Page:
    """The page before a cursor in time, or with `older` False the one after it.

    A cursor that cannot be read is taken as none; when fewer than `limit` newer rows are left,
    the newest page is given.
    """
    start = read_cursor(cursor)
    older = older or start is None
    found, reached = _find(conn, search, start, older, limit + 1)
    if not older and len(found) <= limit and reached is None:
        start, older = None, True
        found, reached = _find(conn, search, None, True, limit + 1)
    shown = found[:limit]
    beyond = found[limit - 1] if len(found) > limit else reached
    if older:
        newer = (shown[0] if shown else start) if start else None
        back = beyond
    else:
        shown = shown[::-1]
        newer, back = beyond, shown[-1] if shown else start
    return Page(
        tuple(place.seq for place in shown),
        write_cursor(newer),
        write_cursor(back),
        reached.moment if reached else None,
    )


def write_cursor(place: Place | None) -> str | None:
    """A place as text for a URL."""
    return f"{clock.to_micros(place.moment)}.{place.seq}" if place else None


def read_cursor(cursor: str | None) -> Place | None:
    """The inverse of `write_cursor`; None for a text that is not a cursor."""
    micros, _, seq = (cursor or "").partition(".")
    if not (micros.isascii() and micros.isdigit() and seq.isascii() and seq.isdigit()):
        return None
    if len(micros) > 17 or len(seq) > 18:
        return None
    moment = clock.from_micros(int(micros))
    return Place(moment, int(seq)) if datetime(2000, 1, 1, tzinfo=UTC) < moment else None


def _find(
    conn: Connection, search: Search, start: Place | None, older: bool, limit: int
) -> tuple[list[Place], Place | None]:
    """Up to `limit` places in the direction of reading; and where the budget ended, if it did."""
    stop = _edge(conn, search, start, older)
    window = _window(search, start, stop, older)
    found: set[Place] = set()
    for arm in search.arms:
        asked = _rows(search.log, arm, older).where(*window, *search.tests).limit(limit)
        found.update(Place(*row) for row in conn.execute(asked))
    ordered = sorted(found, reverse=older)[:limit]
    return ordered, stop if len(ordered) < limit else None


def _edge(conn: Connection, search: Search, start: Place | None, older: bool) -> Place | None:
    """How far the budget reaches over all arms; None where it reaches to the end."""
    if search.budget is None or not search.arms:
        return None
    each = max(search.budget // len(search.arms), 1)
    window = _window(search, start, None, older)
    ends: list[Place] = []
    for arm in search.arms:
        asked = _rows(search.log, arm, older).where(*window).offset(each).limit(1)
        row = conn.execute(asked).first()
        ends += [Place(*row)] if row else []
    if not ends:
        return None
    return max(ends) if older else min(ends)


def _rows(log: Log, arm: AccessPath, older: bool) -> Select[datetime, int]:
    asked = select(log.moment, log.seq).where(*arm.tests)
    if arm.index is not None:
        # Left alone, each takes now and then an index that is in another order, and sorts.
        table, forced = log.seq.table, f"FORCE INDEX ({arm.mysql or arm.index})"
        asked = asked.with_hint(table, f"INDEXED BY {arm.index}", "sqlite")
        asked = asked.with_hint(table, forced, "mysql").with_hint(table, forced, "mariadb")
    if older:
        return asked.order_by(log.moment.desc(), log.seq.desc())
    return asked.order_by(log.moment, log.seq)


def _window(search: Search, start: Place | None, stop: Place | None, older: bool) -> list[Test]:
    """Rows behind `start`, up to and with `stop`, in the search's own range of time.

    One bound on each side: SQLite begins at the first that it meets, be there a nearer one.
    """
    at, number = search.log.moment, search.log.seq
    since, until = search.since, search.until
    newest, oldest = (start, stop) if older else (stop, start)
    tests: list[Test] = []
    if newest is not None and (until is None or newest.moment < until):
        last = number < newest.seq if older else number <= newest.seq
        tests.append(and_(at <= newest.moment, or_(at < newest.moment, last)))
    elif until is not None:
        tests.append(at < until)
    if oldest is not None and (since is None or oldest.moment >= since):
        first = number >= oldest.seq if older else number > oldest.seq
        tests.append(and_(at >= oldest.moment, or_(at > oldest.moment, first)))
    elif since is not None:
        tests.append(at >= since)
    return tests


def bounding_range(ranges: Sequence[Range]) -> Range:
    """The half-open range that all of these lie in; None is no bound."""
    starts, ends = [low for low, _ in ranges], [high for _, high in ranges]
    return (
        None if None in starts else min(low for low in starts if low),
        None if None in ends else max(high for high in ends if high),
    )


def within(column: Column[datetime], ranges: Sequence[Range]) -> Test:
    """The column lies in any of these half-open ranges."""
    parts = []
    for since, until in ranges:
        bounds = [column >= since] if since else []
        bounds += [column < until] if until else []
        parts.append(and_(true(), *bounds))
    return or_(*parts)
