"""SQL text of a planned search: paths with a forced index, merged newest first.

Text, because SQLite's INDEXED BY cannot be had from SQLAlchemy. Only constants
and numbers of ours stand in the text; whatever a person typed is bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.db.types import Utc
from core.reads.search.paging import Position
from core.reads.search.payments.facets import Facet
from core.reads.search.payments.fields import Match
from core.reads.search.payments.filters import AmountTest, Filters, MatchTest, TimeTest

#: SQLite takes at most 500 terms in one UNION.
MAX_PATHS = 450
#: Comes after every text that begins as asked.
_LAST = "\U0010ffff"
_UTC = Utc()
#: What a match asks of other tables than payments.
ELSEWHERE = ("payout", "name", "error")


@dataclass(frozen=True, slots=True)
class AccessPath:
    """One access path: an index, and the part of it to read. `None` is the primary key.

    With a `payout` it leads over the ledger rows that were paid out in it, in no order; with
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
    def table(self) -> str:
        """Where the rows are read."""
        return "payment_words" if self.words else "payments"


@dataclass(frozen=True, slots=True)
class Window:
    """What part of time to read, from a position on, and in which direction. A count asks for
    rows in no order (`ordered` False): any will do, and none need be sorted."""

    older: bool = True
    ordered: bool = True
    after: Position[str] | None = None
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
    """What every row must pass, whichever path led to it. `facets` None means all there are."""

    filters: Filters
    wanted: tuple[Facet, ...]
    every_facet: bool


def positions(
    conn: Connection,
    paths: Sequence[AccessPath],
    conditions: Conditions,
    window: Window,
    limit: int,
) -> list[Position[str]]:
    """The first `limit` matching positions of the window, in its direction."""
    convert = _UTC.result_processor(conn.dialect, None)
    found: list[Any] = []
    for start in range(0, len(paths), MAX_PATHS):
        binds = Binds(conn)
        text = statement(binds, paths[start : start + MAX_PATHS], conditions, window, limit)
        found += conn.exec_driver_sql(text, binds.values).all()
    if len(paths) > 1:
        # As the driver gives them, both databases' times sort as times do.
        found = sorted(set(map(tuple, found)), reverse=window.older)[:limit]
    return [Position(convert(moment), stripe_id) for moment, stripe_id in found]


def counted(
    conn: Connection,
    paths: Sequence[AccessPath],
    conditions: Conditions,
    window: Window,
    limit: int,
) -> int:
    """How many positions of the window match, counted up to `limit`."""
    found = 0
    for start in range(0, len(paths), MAX_PATHS):
        binds = Binds(conn)
        inner = statement(binds, paths[start : start + MAX_PATHS], conditions, window, limit)
        # Two paths may lead to one row.
        distinct = "DISTINCT stripe_id" if len(paths) > 1 else "*"
        text = " ".join(["SELECT count(", distinct, ") FROM (", inner, ") AS found"])
        found += int(conn.exec_driver_sql(text, binds.values).scalar_one())
    return min(found, limit)


def statement(
    binds: Binds, paths: Sequence[AccessPath], conditions: Conditions, window: Window, limit: int
) -> str:
    """One SELECT over a chunk of paths: `created_at, stripe_id` rows, at most `limit` a path."""
    by_facets = [path.index == "px_facet" or not conditions.every_facet for path in paths]
    inside = [facet_test(conditions.wanted)] if any(by_facets) else []
    tail = order_of(window) if window.ordered else ""
    parts = []
    for path, by_facet in zip(paths, by_facets, strict=True):
        source = source_of(binds, path)
        tests = [*path_tests(binds, path), *window_tests(binds, window)]
        tests += [*row_tests(binds, conditions, path.table), *(inside if by_facet else [])]
        where = f"WHERE {' AND '.join(tests)}" if tests else ""
        chosen = ["SELECT created_at, stripe_id FROM", source, where, tail, f"LIMIT {limit:d}"]
        parts.append(" ".join(chosen))
    if len(parts) == 1:
        return parts[0]
    return " UNION ALL ".join(
        " ".join(["SELECT * FROM (", part, f") AS a{number}"]) for number, part in enumerate(parts)
    )


def order_of(window: Window) -> str:
    """The order of the list, in a window's direction."""
    order = "DESC" if window.older else "ASC"
    return f"ORDER BY created_at {order}, stripe_id {order}"


def source_of(binds: Binds, path: AccessPath) -> str:
    """What a path reads from, in the order in which it reads."""
    if path.payout is None:
        return f"{path.table} {hint(binds.conn, 'PRIMARY' if path.words else path.index)}"
    rows = " ".join(["SELECT DISTINCT payment_id FROM", paid_out(binds, path.payout)])
    # Both words keep the databases from turning the tables round.
    join = "CROSS JOIN" if binds.conn.dialect.name == "sqlite" else "STRAIGHT_JOIN"
    return f"({rows}) AS paid_out {join} payments ON payments.stripe_id = paid_out.payment_id"


def paid_out(binds: Binds, payout: str) -> str:
    """The ledger rows of a payout that belong to payments, with the condition."""
    table = f"balance_transactions {hint(binds.conn, 'bx_payout')}"
    return f"{table} WHERE payout_id = {binds(payout)} AND payment_id IS NOT NULL"


def hint(conn: Connection, index: str | None) -> str:
    """Words that make the database use this index and no other."""
    # SQLite has no name for a key, and no other index on the tables that are read by theirs.
    if index is None or (index == "PRIMARY" and conn.dialect.name == "sqlite"):
        return ""
    return f"INDEXED BY {index}" if conn.dialect.name == "sqlite" else f"FORCE INDEX ({index})"


def window_tests(binds: Binds, window: Window) -> list[str]:
    """What keeps rows to one side of a position and inside a range of time."""
    after, since, until = window.after, window.since, window.until
    # One bound on each side: SQLite starts at the first it meets, be there a nearer one.
    if after is not None:
        bound = until if window.older else since
        nearer = bound and (bound <= after.moment if window.older else bound > after.moment)
        if nearer:
            after = None
        else:
            since, until = (since, None) if window.older else (None, until)
    tests = []
    if after is not None:
        moment, stripe_id = binds(after.moment), binds(after.key)
        # The only form that is fast on both databases.
        sign = "<" if window.older else ">"
        tests += [
            f"created_at {sign}= {moment}",
            f"(created_at {sign} {moment} OR stripe_id {sign} {stripe_id})",
        ]
    if since is not None:
        tests.append(f"created_at >= {binds(since)}")
    if until is not None:
        tests.append(f"created_at < {binds(until)}")
    return tests


def path_tests(binds: Binds, path: AccessPath) -> list[str]:
    """What makes the database read only this path's part of its index."""
    tests = [f"{column} = {binds(value)}" for column, value in path.equals]
    if path.between is not None:
        column, low, high = path.between
        tests.append(f"{column} BETWEEN {low:d} AND {high:d}")
    if path.prefix is not None:
        tests.append(_match(binds, path.prefix, path.livemode, path.table))
    if path.words:
        kind, word, *others = path.words
        tests += [f"kind = {binds(kind)}", f"word = {binds(word)}"]
        tests.append(f"livemode = {binds(path.livemode)}")
        tests += [_has_word(binds, kind, other, path.livemode, path.table) for other in others]
    return tests


def row_tests(binds: Binds, conditions: Conditions, table: str) -> list[str]:
    """What a row of a table has to pass beside its facet and the window."""
    filters = conditions.filters
    tests = [
        *(_times(binds, test) for test in filters.times if test.negated or len(test.ranges) > 1),
        *(_amounts(test, conditions.wanted) for test in filters.amounts),
    ]
    behind: list[str] = []
    for test in filters.matches:
        found = _matches(binds, test, conditions, table)
        (behind if table != "payments" and reads_row(test) else tests).append(found)
    if behind:
        # What stands in the payment's row alone is asked for there.
        mine = f"own.stripe_id = {table}.stripe_id"
        tests.append(_is_there("payments AS own", " AND ".join([mine, *behind])))
    return tests


def reads_row(test: MatchTest) -> bool:
    """Whether a test asks for columns that stand in the payment's row alone."""
    return any(match.column not in (*ELSEWHERE, "stripe_id") for match in test.any_of)


def facet_test(wanted: Sequence[Facet]) -> str:
    """True for a row of one of these facets."""
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
            facets = facet_test([facet for facet in wanted if facet.exponent == exponent])
            group = f"({facets} AND {group})"
        groups.append(group)
    return f"({' OR '.join(groups)})"


def _matches(binds: Binds, test: MatchTest, conditions: Conditions, table: str) -> str:
    livemode = conditions.filters.livemode
    found = [_match(binds, match, livemode, table) for match in test.any_of]
    if not test.negated:
        found += [_equal(test, conditions)] if test.amounts else []
        return f"({' OR '.join(found)})"
    others = [
        f"NOT {one}" if match.column in ELSEWHERE else f"({match.column} IS NULL OR NOT {one})"
        for match, one in zip(test.any_of, found, strict=True)
    ]
    others += [f"NOT {_equal(test, conditions)}"] if test.amounts else []
    return f"({' AND '.join(others)})"


def _equal(test: MatchTest, conditions: Conditions) -> str:
    return _amounts(AmountTest(test.amounts, False), conditions.wanted)


def _match(binds: Binds, match: Match, livemode: bool, table: str) -> str:
    if match.column == "payout":
        mine = [f"payment_id = {table}.stripe_id", f"payout_id = {binds(match.value)}"]
        source = f"balance_transactions {hint(binds.conn, 'bx_payout')}"
        return _is_there(source, " AND ".join(mine))
    if match.column in ELSEWHERE:
        has = (_has_word(binds, match.column, word, livemode, table) for word in match.words)
        return f"({' AND '.join(has)})"
    value = binds(match.value)
    if not match.prefix:
        return f"({match.column} = {value})"
    return f"({match.column} >= {value} AND {match.column} < {binds(match.value + _LAST)})"


def _has_word(binds: Binds, kind: str, word: str, livemode: bool, table: str) -> str:
    tests = [f"other.kind = {binds(kind)}", f"other.word = {binds(word)}"]
    tests += [f"other.livemode = {binds(livemode)}"]
    tests += [f"other.created_at = {table}.created_at", f"other.stripe_id = {table}.stripe_id"]
    return _is_there("payment_words AS other", " AND ".join(tests))


def _is_there(source: str, tests: str) -> str:
    """Counted, not EXISTS: MariaDB would make a join of that, and begin at its other end."""
    return " ".join(["((SELECT count(*) FROM", source, "WHERE", tests, ") > 0)"])
