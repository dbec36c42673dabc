"""Pages by key of lists in order of time: cursors, the two directions, what lies beyond a page."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select

from core import clock

K = TypeVar("K", str, int)
R = TypeVar("R")

#: A longer text is no cursor.
_LONGEST = 200
#: `1764547200000000.pi_1`: microseconds since 1970 and a key. Disputes had a hyphen there.
_WRITTEN = re.compile(r"(\d{1,18})[.-](.*)", re.ASCII | re.DOTALL)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


class Position(NamedTuple, Generic[K]):
    """A row's place in the order: its time (UTC), and its key among those of the same time.

    Keys are ids or row numbers. No id comes before '': a position with it lies before all rows of
    its time.
    """

    moment: datetime
    key: K


@dataclass(frozen=True, slots=True)
class Found(Generic[K]):
    """Positions in the direction of reading. `reached`: the budget of rows ended before the search
    did; everything up to there was looked at."""

    positions: tuple[Position[K], ...]
    reached: Position[K] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[K]):
    """Positions, newest first. A cursor is None where nothing is known to lie beyond.

    `searched_to`: the budget ended there before the page was full; `older` goes on from it.
    """

    positions: tuple[Position[K], ...]
    newer: str | None
    older: str | None
    searched_to: datetime | None = None

    @property
    def keys(self) -> tuple[K, ...]:
        """The rows' ids or numbers, newest first."""
        return tuple(position.key for position in self.positions)


#: Reads up to `limit` positions beyond `start`: `find(start, older, limit)`.
Find = Callable[[Position[K] | None, bool, int], Found[K]]


def page(find: Find[K], key: type[K], *, cursor: str | None, older: bool, limit: int) -> Page[K]:
    """The page before a cursor in time, or with `older` False the one after it.

    A cursor that cannot be read is taken as none. When fewer than `limit` newer rows are left, the
    newest page is given. `find` is asked for one row more than is shown: it says whether there are
    further ones.
    """
    start = read_cursor(cursor, key)
    older = older or start is None
    found = find(start, older, limit + 1)
    if not older and len(found.positions) <= limit and found.reached is None:
        start, older = None, True
        found = find(None, True, limit + 1)
    shown, last = cut(found.positions, limit)
    beyond = last or found.reached
    if older:
        newer, back = (shown[0] if shown else start) if start else None, beyond
    else:
        shown = shown[::-1]
        newer, back = beyond, shown[-1] if shown else start
    return Page(
        tuple(shown),
        write_cursor(newer),
        write_cursor(back),
        found.reached.moment if found.reached else None,
    )


def of_table(
    conn: Connection,
    moment: Column[datetime],
    key: Column[K],
    tests: Sequence[ColumnElement[bool]],
) -> Find[K]:
    """Finds the rows of one table that pass all tests, by two of its columns."""

    def find(start: Position[K] | None, older: bool, limit: int) -> Found[K]:
        beyond = [rows_beyond(moment, key, start, older=older)] if start else []
        order = (moment.desc(), key.desc()) if older else (moment, key)
        query = select(moment, key).where(*tests, *beyond).order_by(*order).limit(limit)
        return Found(tuple(Position(row[0], row[1]) for row in conn.execute(query)))

    return find


def cut(rows: Sequence[R], limit: int) -> tuple[Sequence[R], R | None]:
    """The first `limit` of rows that were read one further; the last of them if more follow."""
    return rows[:limit], rows[limit - 1] if len(rows) > limit else None


def rows_beyond(
    moment: ColumnElement[datetime],
    key: ColumnElement[K],
    position: Position[K],
    *,
    older: bool,
    inclusive: bool = False,
) -> ColumnElement[bool]:
    """Rows beyond a position in the direction of reading; `inclusive`: the row there too.

    In the form that both databases begin at: a bound on the time alone, then the key.
    """
    at, mine = position
    if older:
        nearer = key <= mine if inclusive else key < mine
        return and_(moment <= at, or_(moment < at, nearer))
    nearer = key >= mine if inclusive else key > mine
    return and_(moment >= at, or_(moment > at, nearer))


def write_cursor(position: Position[K] | None) -> str | None:
    """A position as text for a URL."""
    return f"{clock.to_micros(position.moment)}.{position.key}" if position else None


def read_cursor(cursor: str | None, key: type[K]) -> Position[K] | None:
    """The inverse of `write_cursor`; None for a text that is not a cursor of such keys.

    Links that were kept go on working: base64 of the same text is read too.
    """
    text = cursor or ""
    if len(text) > _LONGEST:
        return None
    found = _WRITTEN.fullmatch(text) or _WRITTEN.fullmatch(_decoded(text))
    if found is None or (key is int and not _NUMBER.fullmatch(found[2])):
        return None
    try:
        moment = clock.from_micros(int(found[1]))
    except (OverflowError, ValueError):
        return None
    return Position(moment, key(found[2])) if moment > _FIRST else None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), "-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
