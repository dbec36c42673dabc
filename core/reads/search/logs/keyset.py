"""Lists of what happened, newest first: pages by key, over indexes, within a budget of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, or_, select, true

from core.reads.search import paging
from core.reads.search.paging import Found, Page, Position, rows_beyond
from core.reads.search.times import Range

Test = ColumnElement[bool]
#: Where a reading begins or ends; None is the end of the log.
Start = Position[int] | None


@dataclass(frozen=True, slots=True)
class Log:
    """A table that only grows: the time of a row, and its number, which is its primary key."""

    moment: Column[datetime]
    seq: Column[int]


@dataclass(frozen=True, slots=True)
class AccessPath:
    """One access path: an index and tests that it answers alone; it keeps the order or leads to few
    rows. None leaves the choice to the database. `mysql` is its name there, where it is another."""

    index: str | None
    tests: tuple[Test, ...] = ()
    mysql: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look, from `since` until before `until`, and what each row must pass besides.

    `budget`: rows that may be looked at; None where the paths lead to few rows, or where all that
    they lead to pass.
    """

    log: Log
    paths: tuple[AccessPath, ...]
    tests: tuple[Test, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    budget: int | None = None


class Numbered(Protocol):
    """A row of a log as a read gives it."""

    @property
    def seq(self) -> int:
        """Its number."""
        ...


R = TypeVar("R", bound=Numbered)


@dataclass(frozen=True, slots=True)
class LogPage(Generic[R]):
    """A page of a log's rows, newest first; the rest as in `core.reads.search.paging.Page`."""

    rows: tuple[R, ...]
    newer: str | None
    older: str | None
    searched_to: datetime | None


def filled(page: Page[int], rows: Iterable[R]) -> LogPage[R]:
    """A page with its rows, in its order; one that has been deleted meanwhile is left out."""
    by_number = {row.seq: row for row in rows}
    shown = tuple(by_number[seq] for seq in page.keys if seq in by_number)
    return LogPage(shown, page.newer, page.older, page.searched_to)


def page(
    conn: Connection, search: Search, *, cursor: str | None, older: bool, limit: int
) -> Page[int]:
    """A page of a search (`core.reads.search.paging.page`): its keys are the rows' numbers."""
    find = partial(_find, conn, search)
    return paging.page(find, int, cursor=cursor, older=older, limit=limit)


def _find(conn: Connection, search: Search, start: Start, older: bool, limit: int) -> Found[int]:
    """Up to `limit` places in the direction of reading; and where the budget ended, if it did."""
    stop = _budget_end(conn, search, start, older)
    window = _window(search, start, stop, older)
    found: set[Position[int]] = set()
    for path in search.paths:
        asked = _rows(search.log, path, older).where(*window, *search.tests).limit(limit)
        found.update(Position(*row) for row in conn.execute(asked))
    ordered = tuple(sorted(found, reverse=older)[:limit])
    return Found(ordered, stop if len(ordered) < limit else None)


def _budget_end(
    conn: Connection, search: Search, start: Start, older: bool
) -> Position[int] | None:
    """How far the budget reaches over all paths; None where it reaches to the end."""
    if search.budget is None or not search.paths:
        return None
    each = max(search.budget // len(search.paths), 1)
    window = _window(search, start, None, older)
    ends: list[Position[int]] = []
    for path in search.paths:
        asked = _rows(search.log, path, older).where(*window).offset(each).limit(1)
        row = conn.execute(asked).first()
        ends += [Position(*row)] if row else []
    if not ends:
        return None
    return max(ends) if older else min(ends)


def _rows(log: Log, path: AccessPath, older: bool) -> Select[datetime, int]:
    asked = select(log.moment, log.seq).where(*path.tests)
    if path.index is not None:
        # Left alone, each takes now and then an index that is in another order, and sorts.
        table, forced = log.seq.table, f"FORCE INDEX ({path.mysql or path.index})"
        asked = asked.with_hint(table, f"INDEXED BY {path.index}", "sqlite")
        asked = asked.with_hint(table, forced, "mysql").with_hint(table, forced, "mariadb")
    if older:
        return asked.order_by(log.moment.desc(), log.seq.desc())
    return asked.order_by(log.moment, log.seq)


def _window(search: Search, start: Start, stop: Start, older: bool) -> list[Test]:
    """Rows behind `start`, up to and with `stop`, in the search's own range of time.

    One bound on each side: SQLite begins at the first that it meets, be there a nearer one.
    """
    at, number = search.log.moment, search.log.seq
    since, until = search.since, search.until
    newest, oldest = (start, stop) if older else (stop, start)
    tests: list[Test] = []
    if newest is not None and (until is None or newest.moment < until):
        tests.append(rows_beyond(at, number, newest, older=True, inclusive=not older))
    elif until is not None:
        tests.append(at < until)
    if oldest is not None and (since is None or oldest.moment >= since):
        tests.append(rows_beyond(at, number, oldest, older=False, inclusive=older))
    elif since is not None:
        tests.append(at >= since)
    return tests


def within(column: Column[datetime], ranges: Sequence[Range]) -> Test:
    """The column lies in any of these half-open ranges."""
    parts = []
    for since, until in ranges:
        bounds = [column >= since] if since else []
        bounds += [column < until] if until else []
        parts.append(and_(true(), *bounds))
    return or_(*parts)
