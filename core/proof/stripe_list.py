"""Identity 3, `list`: each whole day's rows are those of Stripe's list, row by row.

A day is compared by one digest of all that its rows say (core.domain.row_digest). Only a day whose
digest differs, or that was never read, is read from Stripe again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)

from core import clock
from core.db.engine import is_sqlite, long_statements, one_picture, reading
from core.db.tables import balance_transaction_fees, balance_transactions, ledger_checks
from core.domain.row_digest import text_hash, total
from core.gateway.client import Gateway
from core.gateway.snapshots import LedgerEntry
from core.mirror.ledger_check import ListedDay, keep_reading, read_day
from core.proof.breaks import LISTED_LATE, Break, Delta
from core.proof.rows_with_parts import COLUMNS, rows_with_parts
from core.proof.span import Span

IDENTITY = "list"
_B, _F = balance_transactions.c, balance_transaction_fees.c

#: Stretches of days whose rows are read at once, and rows of each that are in memory.
_STRETCHES = 2
_ROWS = 4_000
#: Rows of one second stand together, however many: Stripe tells seconds.
_LEAST = timedelta(seconds=1)
#: Between the texts of two rows: no text of Stripe's has it.
_BETWEEN = "\x1e"
#: Where a row's text has its currency.
_CURRENCY = 7

#: Days that were read from Stripe, and days there are to read.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """What a ledger row says, here or at Stripe. Amounts are minor units."""

    stripe_id: str
    type: str
    category: str
    source_id: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    balance_type: str
    created_at: datetime
    parts: tuple[tuple[str, int], ...]


@dataclass
class Listed:
    """What the comparison found. `unread` days could not be asked for; `deltas` are by how much
    rows differ, and `explained` the objects behind those rows."""

    breaks: list[Break] = field(default_factory=list)
    deltas: dict[str, list[Delta]] = field(default_factory=lambda: defaultdict(list))
    explained: set[str] = field(default_factory=set)
    unread: list[date] = field(default_factory=list)
    compared: int = 0
    read: int = 0


def compare_list(
    engine: Engine,
    gateway: Gateway | None,
    span: Span,
    *,
    now: datetime,
    report: Progress = lambda _done, _all: None,
) -> Listed:
    """Compare the whole days of a span with Stripe's list; today's still grows, and is left out."""
    days = [day for day in span.utc_days() if day < now.astimezone(UTC).date()]
    found = Listed(compared=len(days))
    if not days:
        return found
    kept = _kept(engine, span.livemode, days)
    ours = _digests(engine, span.livemode, days)
    asked = [day for day in days if kept.get(day) != ours.get(day, {})]
    theirs: dict[str, Row] = {}
    differing: list[date] = []
    for place, day in enumerate(asked):
        report(place, len(asked))
        if gateway is None:
            found.unread.append(day)
            continue
        listed = read_day(gateway, day)
        keep_reading(engine, span.livemode, listed)
        found.read += 1
        if _known(listed.digests) != ours.get(day, {}):
            differing.append(day)
            found.breaks += _unreadable(span, listed)
            theirs |= {row.stripe_id: row for row in map(_of_stripe, listed.entries)}
    report(len(asked), len(asked))
    if differing:
        _compare_rows(engine, span, differing, theirs, found)
    return found


def _unreadable(span: Span, listed: ListedDay) -> Iterator[Break]:
    """What Stripe lists and cannot be read here: it is parked, and money is missing."""
    read: dict[str, tuple[int, int]] = {}
    for entry in listed.entries:
        count, net = read.get(entry.currency, (0, 0))
        read[entry.currency] = count + 1, net + entry.net_minor
    for currency, (count, net) in listed.sums.items():
        known = read.get(currency, (0, 0))
        if count != known[0]:
            yield Break(
                IDENTITY,
                "missing_here",
                f"{listed.day}",
                currency,
                min(max(listed.day, span.first), span.last),
                "unreadable",
                theirs_minor=net - known[1],
            )


def _kept(engine: Engine, livemode: bool, days: list[date]) -> dict[date, dict[str, str]]:
    """The digests of Stripe's rows of each day that was read, by currency."""
    c = ledger_checks.c
    query = select(c.day, c.currency, c.theirs_digest, c.theirs_count).where(
        c.livemode == livemode, c.day.between(days[0], days[-1])
    )
    found: dict[date, dict[str, str]] = {}
    unknown = set()
    with reading(engine) as connection:
        for day, currency, digest, count in connection.execute(query):
            if digest is None:
                unknown.add(day)
            elif count or digest != total(()):
                found.setdefault(day, {})[currency] = digest
            else:
                found.setdefault(day, {})
    return {day: digests for day, digests in found.items() if day not in unknown}


def _known(digests: Mapping[str, str]) -> dict[str, str]:
    return {currency: digest for currency, digest in digests.items() if digest != total(())}


def _digests(engine: Engine, livemode: bool, days: list[date]) -> dict[date, dict[str, str]]:
    """The digests of the rows here, of each day by currency.

    A million rows pass by here: the database puts many `row_text` together in one answer, and works
    beside Python's hashing where two stretches are read at once: on threads, which know nothing of
    the patience of the one that waits for them.
    """
    half = (len(days) + 1) // _STRETCHES
    stretches = [days[at : at + half] for at in range(0, len(days), half)]
    with ThreadPoolExecutor(len(stretches)) as pool:
        found = pool.map(partial(_digests_of, engine, livemode), stretches)
        return {day: digests for some in found for day, digests in some.items()}


@long_statements()
def _digests_of(engine: Engine, livemode: bool, days: list[date]) -> dict[date, dict[str, str]]:
    found: dict[date, dict[str, str]] = {}
    with one_picture(engine) as connection:
        texts = _texts(connection, livemode)
        for day in days:
            sums: dict[str, int] = defaultdict(int)
            for start, end in _in_pieces(connection, livemode, *_bounds(day, day)):
                for text in _read_texts(connection, texts, start, end):
                    sums[text.split("|", _CURRENCY + 1)[_CURRENCY]] += text_hash(text)
            if sums:
                found[day] = {currency: total((value,)) for currency, value in sums.items()}
    return found


def _in_pieces(
    connection: Connection, livemode: bool, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """A stretch of time in pieces with rows in them, few enough to be in memory at once."""
    here = select(func.count()).where(_of_stretch(livemode))
    rows = connection.scalar(here, {"start": start, "end": end}) or 0
    if rows > _ROWS and end - start > _LEAST:
        middle = start + (end - start) / 2
        yield from _in_pieces(connection, livemode, start, middle)
        yield from _in_pieces(connection, livemode, middle, end)
    elif rows:
        yield start, end


def _read_texts(
    connection: Connection, texts: Select[Any], start: datetime, end: datetime
) -> Iterator[str]:
    """The `row_text` of each row of a stretch, the parts of its fee in the one order."""
    answer = connection.scalar(texts, {"start": start, "end": end}) or ""
    for text in answer.split(_BETWEEN):
        if "," in text:
            row, _, parts = text.rpartition("|")
            text = f"{row}|{','.join(sorted(parts.split(',')))}"
        yield text


def _of_stretch(livemode: bool) -> ColumnElement[bool]:
    at = _B.created_at
    return and_(
        _B.livemode == livemode,
        at >= bindparam("start", type_=at.type),
        at < bindparam("end", type_=at.type),
    )


def _texts(connection: Connection, livemode: bool) -> Select[Any]:
    """The `row_text` of all rows of a stretch of time in one answer, `_BETWEEN` them."""
    # Seconds since 1970, whatever the type of the column makes of it.
    at = _B.created_at
    seconds: Any = (
        type_coerce(at, BigInteger).op("/")(1_000_000)
        if is_sqlite(connection)
        else cast(func.floor(func.unix_timestamp(at)), Integer)
    )
    part = _F.type.concat(":").concat(cast(_F.amount_minor, String(24)))
    parts = select(func.group_concat(part)).where(_F.transaction_id == _B.stripe_id)
    columns = (
        _B.stripe_id,
        _B.type,
        _B.reporting_category,
        func.coalesce(_B.source_id, ""),
        _B.amount_minor,
        _B.fee_minor,
        _B.net_minor,
        _B.currency,
        _B.balance_type,
        seconds,
        func.coalesce(parts.scalar_subquery(), ""),
    )
    # SQLite has no concat_ws before 3.44.
    text: Any = (
        func.printf("|".join(["%s"] * len(columns)), *columns)
        if is_sqlite(connection)
        else func.concat_ws("|", *columns)
    )
    return select(func.aggregate_strings(text, _BETWEEN)).where(_of_stretch(livemode))


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    start = datetime.combine(first, time(), UTC)
    return start, datetime.combine(last, time(), UTC) + timedelta(days=1)


def rows_of(
    connection: Connection, livemode: bool, start: datetime, end: datetime
) -> Iterator[Row]:
    """The rows here of a stretch of time, each with the parts of its fee, one by one."""
    where = (_B.livemode == livemode) & (_B.created_at >= start) & (_B.created_at < end)
    return _rows(connection, where)


def _rows(connection: Connection, where: Any) -> Iterator[Row]:
    make: Any = Row
    for row, parts in rows_with_parts(connection, where, first=(_B.created_at,)):
        yield make(*row[: len(COLUMNS)], parts)


def _of_stripe(entry: LedgerEntry) -> Row:
    return Row(
        entry.stripe_id,
        entry.type,
        entry.reporting_category,
        entry.source_id,
        entry.amount_minor,
        entry.fee_minor,
        entry.net_minor,
        entry.currency,
        entry.balance_type,
        entry.created_at,
        tuple((part.type, part.amount_minor) for part in entry.fee_parts),
    )


def _compare_rows(
    engine: Engine, span: Span, days: list[date], theirs: dict[str, Row], found: Listed
) -> None:
    """Row by row: those of the days that differ, and those here of other days that Stripe has
    in them."""
    ours: dict[str, Row] = {}
    with one_picture(engine) as connection:
        for day in days:
            for row in rows_of(connection, span.livemode, *_bounds(day, day)):
                ours[row.stripe_id] = row
        elsewhere = sorted(theirs.keys() - ours.keys())
        for at in range(0, len(elsewhere), 500):
            ids = _B.stripe_id.in_(elsewhere[at : at + 500])
            ours |= {row.stripe_id: row for row in _rows(connection, ids)}
        again = _again(connection, [ours[one] for one in ours.keys() - theirs.keys()])
    for stripe_id in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(stripe_id), theirs.get(stripe_id)
        shown = there or here
        assert shown is not None  # one of the two has it
        if not span.start <= shown.created_at < span.end:
            continue
        differences = list(_differences(span, here, there, again))
        if differences:
            found.breaks += differences
            found.deltas[stripe_id] += _deltas(here, there)
            found.explained |= {row.source_id for row in (here, there) if row and row.source_id}


def _again(connection: Connection, alone: list[Row]) -> set[str]:
    """Those of the rows that Stripe does not list whose object has another row of that category."""
    found = set()
    for row in alone:
        other = select(_B.stripe_id).where(
            _B.source_id == row.source_id,
            _B.reporting_category == row.category,
            _B.stripe_id != row.stripe_id,
        )
        if row.source_id and connection.scalar(other.limit(1)) is not None:
            found.add(row.stripe_id)
    return found


def _differences(
    span: Span, here: Row | None, there: Row | None, again: Set[str]
) -> Iterator[Break]:
    if here is None or there is None:
        one = here or there
        assert one is not None  # one of the two has it
        missing, twice = here is None, one.stripe_id in again
        kind = "missing_here" if missing else "duplicate" if twice else "missing_there"
        yield Break(
            IDENTITY,
            kind,
            one.stripe_id,
            one.currency,
            span.day(one.created_at),
            "late" if missing else "twice" if twice else "not_at_stripe",
            ours_minor=None if missing else one.net_minor,
            theirs_minor=one.net_minor if missing else None,
            due=one.created_at + LISTED_LATE if missing else None,
        )
        return
    for kind, ours, theirs in _unlike(here, there):
        yield Break(
            IDENTITY,
            kind,
            here.stripe_id,
            here.currency,
            span.day(there.created_at),
            "edited",
            ours_minor=ours,
            theirs_minor=theirs,
        )


def _unlike(here: Row, there: Row) -> Iterator[tuple[str, int | None, int | None]]:
    """What differs, each once: a net that is off by a fee or an amount is told as that."""
    if here.currency != there.currency:
        yield "currency", here.net_minor, there.net_minor
    fee_moved = sorted(here.parts) != sorted(there.parts) or here.fee_minor != there.fee_minor
    if fee_moved:
        yield "fee", here.fee_minor, there.fee_minor
    if here.amount_minor != there.amount_minor:
        yield "amount", here.amount_minor, there.amount_minor
    elif here.net_minor not in (there.net_minor, here.amount_minor - here.fee_minor):
        yield "amount", here.net_minor, there.net_minor
    if (here.category, here.type, here.balance_type) != (
        there.category,
        there.type,
        there.balance_type,
    ):
        yield "category", here.amount_minor, there.amount_minor
    if clock.to_unix(here.created_at) != clock.to_unix(there.created_at):
        yield "day", None, None
    if (here.source_id or "") != (there.source_id or ""):
        yield "orphan", None, None


def _deltas(here: Row | None, there: Row | None) -> Iterable[Delta]:
    """What this row makes of sums here, and what it should not have made."""
    for row, sign in ((here, 1), (there, -1)):
        if row is not None:
            yield Delta(
                row.currency,
                row.category,
                sign * row.amount_minor,
                sign * row.fee_minor,
                sign * row.net_minor,
                sign,
                row.created_at,
                row.source_id,
                row.balance_type,
            )
