"""SQL text of a planned search: arms with a forced index, merged newest first.

Text, because SQLite's INDEXED BY cannot be had from SQLAlchemy (PERF section 7.6). Only constants
and numbers of ours stand in the text; whatever a person typed is bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from core.db.types import Utc
from core.reads.search.facets import Facet
from core.reads.search.filters import AmountTest, Filters, Match, MatchTest, TimeTest

#: SQLite takes at most 500 terms in one UNION.
MAX_ARMS = 450
#: Comes after every text that begins as asked.
_LAST = "\U0010ffff"
_UTC = Utc()
#: What a match asks of other tables than payments.
_ELSEWHERE = ("payout", "name", "error")


class Position(NamedTuple):
    """A place in the order (created_at, stripe_id); either side of it is a page."""

    created_at: datetime
    stripe_id: str


@dataclass(frozen=True, slots=True)
class Arm:
    """One way in: an index, and the part of it to read. `None` is the primary key.

    With a `payout` the way leads over the ledger rows that were paid out in it, in no order; with
    `words` (kind, word, and further words) over the payments of the first one, in order of time.
    """

    index: str | None
    equals: tuple[tuple[str, str | int], ...] = ()
    between: tuple[str, int, int] | None = None
    prefix: Match | None = None
    payout: str | None = None
    words: tuple[str, ...] = ()
    livemode: bool = False

    @property
    def moment(self) -> str:
        """The column of time that the way is ordered by."""
        return "at" if self.words else "created_at"

    @property
    def key(self) -> str:
        """The column that orders payments of the same instant."""
        return "payment_id" if self.words else "stripe_id"


@dataclass(frozen=True, slots=True)
class Window:
    """What part of time to read, from a position on, and in which direction. A count asks for
    rows in no order (`ordered` False): any will do, and none need be sorted."""

    older: bool = True
    ordered: bool = True
    after: Position | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Binds:
    """Parameters by name, in the style of the connection's driver."""

    conn: Connection
    values: dict[str, Any] = field(default_factory=dict)

    def __call__(self, value: Any) -> str:
        if isinstance(value, datetime):
            value = _UTC.process_bind_param(value, self.conn.dialect)
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}" if self.conn.dialect.name == "sqlite" else f"%({name})s"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What every row must pass, whichever way it was reached. `facets` None means all there are."""

    filters: Filters
    wanted: tuple[Facet, ...]
    every_facet: bool


def positions(
    conn: Connection, arms: Sequence[Arm], conditions: Conditions, window: Window, limit: int
) -> list[Position]:
    """The first `limit` matching positions of the window, in its direction."""
    convert = _UTC.result_processor(conn.dialect, None)
    found: list[Any] = []
    for start in range(0, len(arms), MAX_ARMS):
        binds = Binds(conn)
        text = statement(binds, arms[start : start + MAX_ARMS], conditions, window, limit)
        found += conn.exec_driver_sql(text, binds.values).all()
    if len(arms) > 1:
        # As the driver gives them, both databases' times sort as times do.
        found = sorted(set(map(tuple, found)), reverse=window.older)[:limit]
    return [Position(convert(moment), stripe_id) for moment, stripe_id in found]


def counted(
    conn: Connection, arms: Sequence[Arm], conditions: Conditions, window: Window, limit: int
) -> int:
    """How many positions of the window match, counted up to `limit`."""
    found = 0
    for start in range(0, len(arms), MAX_ARMS):
        binds = Binds(conn)
        inner = statement(binds, arms[start : start + MAX_ARMS], conditions, window, limit)
        # Two arms may lead to one row.
        distinct = "DISTINCT stripe_id" if len(arms) > 1 else "*"
        text = " ".join(["SELECT count(", distinct, ") FROM (", inner, ") AS found"])
        found += int(conn.exec_driver_sql(text, binds.values).scalar_one())
    return min(found, limit)


def statement(
    binds: Binds, arms: Sequence[Arm], conditions: Conditions, window: Window, limit: int
) -> str:
    """One SELECT over a chunk of arms: `created_at, stripe_id` rows, at most `limit` an arm."""
    tests_of_all = _tests(binds, conditions)
    by_facets = [arm.index == "px_facet" or not conditions.every_facet for arm in arms]
    inside = [_in_facets(conditions.wanted)] if any(by_facets) else []
    parts = []
    for arm, by_facet in zip(arms, by_facets, strict=True):
        source = source_of(binds, arm)
        tests = [*arm_tests(binds, arm), *window_tests(binds, window, arm)]
        tests += [*tests_of_all, *(inside if by_facet else [])]
        where = f"WHERE {' AND '.join(tests)}" if tests else ""
        tail = order_of(arm, window) if window.ordered else ""
        chosen = ["SELECT created_at, stripe_id FROM", source, where, tail, f"LIMIT {limit:d}"]
        parts.append(" ".join(chosen))
    if len(parts) == 1:
        return parts[0]
    return " UNION ALL ".join(
        " ".join(["SELECT * FROM (", part, f") AS a{number}"]) for number, part in enumerate(parts)
    )


def order_of(arm: Arm, window: Window) -> str:
    """The order of the list, by the columns that an arm has it in."""
    order = "DESC" if window.older else "ASC"
    return f"ORDER BY {arm.moment} {order}, {arm.key} {order}"


def source_of(binds: Binds, arm: Arm) -> str:
    """What an arm reads from, in the order in which it reads."""
    if arm.payout is None and not arm.words:
        return entries_of(binds, arm)
    entries = entries_of(binds, arm)
    if arm.payout is not None:
        rows = " ".join(["SELECT DISTINCT payment_id FROM", entries])
        entries = f"({rows}) AS entries"
    # Both words keep the databases from turning the tables round.
    join = "CROSS JOIN" if binds.conn.dialect.name == "sqlite" else "STRAIGHT_JOIN"
    return f"{entries} {join} payments ON payments.stripe_id = payment_id"


def entries_of(binds: Binds, arm: Arm) -> str:
    """The table or index that leads to an arm's payments; a payout's with its own condition."""
    if arm.words:
        return "payment_words"
    if arm.payout is None:
        return f"payments {hint(binds.conn, arm.index)}"
    table = f"balance_transactions {hint(binds.conn, 'bx_payout')}"
    return f"{table} WHERE payout_id = {binds(arm.payout)} AND payment_id IS NOT NULL"


def hint(conn: Connection, index: str | None) -> str:
    """Words that make the database use this index and no other."""
    if index is None:
        return ""
    return f"INDEXED BY {index}" if conn.dialect.name == "sqlite" else f"FORCE INDEX ({index})"


def window_tests(binds: Binds, window: Window, arm: Arm) -> list[str]:
    """What keeps an arm's rows to one side of a position and inside a range of time."""
    at, key = arm.moment, arm.key
    after, since, until = window.after, window.since, window.until
    # One bound on each side: SQLite starts at the first it meets, be there a nearer one.
    if after is not None:
        bound = until if window.older else since
        nearer = bound and (bound <= after.created_at if window.older else bound > after.created_at)
        if nearer:
            after = None
        else:
            since, until = (since, None) if window.older else (None, until)
    tests = []
    if after is not None:
        moment, stripe_id = binds(after.created_at), binds(after.stripe_id)
        # The only form that is fast on both databases (PERF section 4).
        sign = "<" if window.older else ">"
        tests += [
            f"{at} {sign}= {moment}",
            f"({at} {sign} {moment} OR {key} {sign} {stripe_id})",
        ]
    if since is not None:
        tests.append(f"{at} >= {binds(since)}")
    if until is not None:
        tests.append(f"{at} < {binds(until)}")
    return tests


def arm_tests(binds: Binds, arm: Arm) -> list[str]:
    """What makes the database read only this arm's part of its index."""
    tests = [f"{column} = {binds(value)}" for column, value in arm.equals]
    if arm.between is not None:
        column, low, high = arm.between
        tests.append(f"{column} BETWEEN {low:d} AND {high:d}")
    if arm.prefix is not None:
        tests.append(_match(binds, arm.prefix, arm.livemode))
    if arm.words:
        kind, word, *others = arm.words
        tests += [f"kind = {binds(kind)}", f"word = {binds(word)}"]
        tests.append(f"payment_words.livemode = {binds(arm.livemode)}")
        place = ("payment_words.at", "payment_words.payment_id")
        tests += [_has_word(binds, kind, other, arm.livemode, place) for other in others]
    return tests


def _tests(binds: Binds, conditions: Conditions) -> list[str]:
    filters = conditions.filters
    return [
        *(_times(binds, test) for test in filters.times if test.negated or len(test.ranges) > 1),
        *(_amounts(test, conditions.wanted) for test in filters.amounts),
        *(_matches(binds, test, conditions) for test in filters.matches),
    ]


def _in_facets(wanted: Sequence[Facet]) -> str:
    return f"facet IN ({', '.join(str(facet.id) for facet in wanted)})"


def _times(binds: Binds, test: TimeTest) -> str:
    ranges = []
    for since, until in test.ranges:
        parts = [f"created_at >= {binds(since)}"] if since else []
        parts += [f"created_at < {binds(until)}"] if until else []
        ranges.append(f"({' AND '.join(parts)})")
    return f"{'NOT ' if test.negated else ''}({' OR '.join(ranges)})"


def _amounts(test: AmountTest, wanted: Sequence[Facet]) -> str:
    """Major units mean other minor units in each currency: told apart by the facet's number."""
    groups = []
    exponents = sorted({facet.exponent for facet in wanted})
    for exponent in exponents:
        bounds = [amounts.minor(exponent) for amounts in test.ranges]
        inside = " OR ".join(f"amount_minor BETWEEN {low:d} AND {high:d}" for low, high in bounds)
        group = f"{'NOT ' if test.negated else ''}({inside})"
        if len(exponents) > 1:
            facets = _in_facets([facet for facet in wanted if facet.exponent == exponent])
            group = f"({facets} AND {group})"
        groups.append(group)
    return f"({' OR '.join(groups)})"


def _matches(binds: Binds, test: MatchTest, conditions: Conditions) -> str:
    found = [_match(binds, match, conditions.filters.livemode) for match in test.any_of]
    if not test.negated:
        found += [_equal(test, conditions)] if test.amounts else []
        return f"({' OR '.join(found)})"
    others = [
        f"NOT {one}" if match.column in _ELSEWHERE else f"({match.column} IS NULL OR NOT {one})"
        for match, one in zip(test.any_of, found, strict=True)
    ]
    others += [f"NOT {_equal(test, conditions)}"] if test.amounts else []
    return f"({' AND '.join(others)})"


def _equal(test: MatchTest, conditions: Conditions) -> str:
    return _amounts(AmountTest(test.amounts, False), conditions.wanted)


def _match(binds: Binds, match: Match, livemode: bool) -> str:
    if match.column == "payout":
        source = f"balance_transactions {hint(binds.conn, 'bx_payout')}"
        mine = f"payment_id = payments.stripe_id AND payout_id = {binds(match.value)}"
        return _is_there(source, mine)
    if match.column in _ELSEWHERE:
        place = ("payments.created_at", "payments.stripe_id")
        kind = match.column
        all_words = (_has_word(binds, kind, w, livemode, place) for w in match.value.split())
        return f"({' AND '.join(all_words)})"
    value = binds(match.value)
    if not match.prefix:
        return f"({match.column} = {value})"
    return f"({match.column} >= {value} AND {match.column} < {binds(match.value + _LAST)})"


def _has_word(binds: Binds, kind: str, word: str, livemode: bool, place: tuple[str, str]) -> str:
    tests = [f"other.kind = {binds(kind)}", f"other.word = {binds(word)}"]
    tests += [f"other.livemode = {binds(livemode)}"]
    tests += [f"other.at = {place[0]}", f"other.payment_id = {place[1]}"]
    return _is_there("payment_words AS other", " AND ".join(tests))


def _is_there(source: str, tests: str) -> str:
    """Counted, not EXISTS: MariaDB would make a join of that, and begin at its other end."""
    return " ".join(["((SELECT count(*) FROM", source, "WHERE", tests, ") > 0)"])
