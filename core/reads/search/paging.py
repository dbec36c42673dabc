"""Pages by key of lists in order of time: cursors, the two directions, what lies beyond a page."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from core import clock

K = TypeVar("K", str, int)
R = TypeVar("R")
P = TypeVar("P")

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


def page(
    find: Find[K],
    key: type[K],
    *,
    cursor: str | None,
    older: bool,
    limit: int,
    ascending: bool = False,
) -> Page[K]:
    """The page before a cursor in time, or with `older` False the one after it.

    A cursor that cannot be read is taken as none. When fewer than `limit` newer rows are left, the
    newest page is given. `find` is asked for one row more than is shown: it says whether there are
    further ones. With `ascending` the list is the other way round, the oldest first, and so is what
    `older` and `newer` mean.
    """

    def sought(start: Position[K] | None, onward: bool, most: int) -> Sought[Position[K]]:
        found = find(start, onward != ascending, most)
        return Sought(found.positions, found.reached)

    turned = turn(sought, read_cursor(cursor, key), onward=older, limit=limit)
    reached = turned.reached
    return Page(
        turned.places,
        write_cursor(turned.back),
        write_cursor(turned.on),
        reached.moment if reached else None,
    )


@dataclass(frozen=True, slots=True)
class Sought(Generic[P]):
    """Places in the direction of reading, and where a budget ended, as of `Found`."""

    places: Sequence[P]
    reached: P | None = None


@dataclass(frozen=True, slots=True)
class Turned(Generic[P]):
    """A page's places in the list's order; what to go `back` and `on` from, None where nothing is
    known to lie beyond; `reached`: the budget ended there before the page was full."""

    places: tuple[P, ...]
    back: P | None
    on: P | None
    reached: P | None


def turn(
    seek: Callable[[P | None, bool, int], Sought[P]], start: P | None, *, onward: bool, limit: int
) -> Turned[P]:
    """The page beyond a place in the list's order, or with `onward` False the one before it.

    `seek` reads up to so many places beyond one in a direction. The way back ends with the first
    full page.
    """
    onward = onward or start is None
    found = seek(start, onward, limit + 1)
    if not onward and len(found.places) <= limit and found.reached is None:
        start, onward = None, True
        found = seek(None, True, limit + 1)
    shown, last = cut(found.places, limit)
    beyond = last or found.reached
    if onward:
        return Turned(
            tuple(shown), (shown[0] if shown else start) if start else None, beyond, found.reached
        )
    shown = shown[::-1]
    return Turned(tuple(shown), beyond, shown[-1] if shown else start, found.reached)


def of_table(
    conn: Connection,
    moment: ColumnElement[datetime],
    key: ColumnElement[K],
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
