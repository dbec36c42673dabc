"""Exports the journal of a month: of ledger rows while it is open, else as kept batches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from core import clock
from core.books import accounts, bank_lines, batches, journal, ledger_rows, periods
from core.books.accounts import Chart
from core.books.batches import Batch
from core.books.formats.book import Book, Options
from core.books.formats.registry import FORMATS
from core.books.journal import Entry, Key
from core.db.engine import one_picture, retrying, writing
from core.errors import InvalidInput, JournalUnbalanced
from core.money import known_currency

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DAYS = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported: business days from `since` up to, not including, `until`, of one
    month; of one settlement currency or all."""

    livemode: bool
    since: date
    until: date
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's bytes and what stands in it. `suspense` names what no rule books, by its subject."""

    content: bytes
    provisional: bool
    entries: int
    lines: int
    corrections: int
    #: The clearing account of each settlement currency at the end, minor units.
    closing: Mapping[str, int]
    suspense: tuple[str, ...]


def wanted(
    month: str, *, livemode: bool, days: str | None = None, currency: str | None = None
) -> Wanted:
    """A month such as `2026-11`, of it the days `1-15` or `7`; `InvalidInput` names the field."""
    found = _MONTH.fullmatch(month)
    try:
        first = date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        first = None
    if first is None or first.year == date.max.year:
        raise InvalidInput("month", "must be a month such as 2026-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    since, until = (first, after) if days is None else _days(days, first, after)
    own = None if currency is None else known_currency(currency.lower())
    return Wanted(livemode, since, until, own)


def _days(text: str, first: date, after: date) -> tuple[date, date]:
    found = _DAYS.fullmatch(text)
    low = int(found[1]) if found else 0
    high = int(found[2] or low) if found else 0
    if not 1 <= low <= high <= (after - first).days:
        raise InvalidInput("days", "must be days of the month such as 1-15")
    return first + timedelta(days=low - 1), first + timedelta(days=high)


def export(
    engine: Engine,
    asked: Wanted,
    format_name: str,
    options: Options | None = None,
) -> Exported:
    """The file of a format; `FormatCannotCarry` says what has no place in it, and writes nothing.

    Of a closed month each entry is kept as a batch first. An open one is provisional: nothing is
    kept.
    """
    if format_name not in FORMATS:
        raise InvalidInput("format", "must be one of {known}", known=", ".join(FORMATS))
    write = FORMATS[format_name]

    def whole() -> Exported:
        # Reads lock nothing: whoever keeps a batch first is seen by its key, and this runs again.
        with one_picture(engine) as connection:
            book, suspense, fresh = _read(connection, asked)
        found = _exported(book, suspense, write(book, options or Options()))
        if fresh:
            with writing(engine) as connection:
                batches.write(connection, fresh, livemode=asked.livemode)
        return found

    return retrying(whole)


def _exported(book: Book, suspense: list[str], content: bytes) -> Exported:
    return Exported(
        content,
        book.provisional,
        len(book.entries),
        sum(len(entry.lines) for entry in book.entries),
        sum(entry.corrects is not None for entry in book.entries),
        _closing(book),
        tuple(suspense),
    )


def _closing(book: Book) -> dict[str, int]:
    """The last balance of each clearing account, opening balances where nothing moved."""
    found = {
        currency: minor
        for (currency, balance_type), minor in book.opened.items()
        if balance_type == journal.PAYMENTS
    }
    for key, minor in sorted(book.closings.items()):
        if key.balance_type == journal.PAYMENTS:
            found[key.currency] = minor
    return dict(sorted(found.items()))


def _read(connection: Connection, asked: Wanted) -> tuple[Book, list[str], list[Batch]]:
    """The book, what is in suspense, and the batches that are to be kept of a closed month."""
    chart, now = accounts.load(connection), clock.now()
    closed = periods.is_closed(connection, asked.since.replace(day=1), livemode=asked.livemode)
    entries, suspense = _entries(connection, asked, chart)
    found = tuple(entries[key] for key in sorted(entries))
    made_at = now
    fresh: list[Batch] = []
    if closed:
        before = batches.kept(connection, **_given(asked))
        kept, fresh = batches.continued(entries, before, livemode=asked.livemode, now=now)
        made_at = max((one.exported_at for one in kept), default=now)
        found = tuple(one.entry for one in kept)
    book = _book(connection, asked, chart, found, made_at=made_at, provisional=not closed)
    return book, suspense, fresh


def _entries(
    connection: Connection, asked: Wanted, chart: Chart
) -> tuple[dict[Key, Entry], list[str]]:
    given = _given(asked)
    parts = ledger_rows.fee_parts(connection, **given)
    entries, suspense = journal.build(
        ledger_rows.rows(connection, **given), parts, chart, livemode=asked.livemode
    )
    settled = bank_lines.settled(connection, **given)
    return entries | journal.bank_entries(settled, chart, livemode=asked.livemode), suspense


def _book(
    connection: Connection,
    asked: Wanted,
    chart: Chart,
    entries: tuple[Entry, ...],
    *,
    made_at: datetime,
    provisional: bool,
) -> Book:
    """The entries, what was held before, and the balances that the ledger ends with."""
    livemode, currency = asked.livemode, asked.currency
    before = ledger_rows.before(connection, livemode=livemode, until=asked.since, currency=currency)
    opened: dict[tuple[str, str], int] = {}
    for row in before:
        place = (row.currency, row.balance_type)
        opened[place] = opened.get(place, 0) + row.net_minor
    day = asked.since - timedelta(days=1)
    nets = ledger_rows.nets(connection, **_given(asked))
    settled = bank_lines.settled(
        connection, livemode=livemode, until=asked.since, currency=currency
    )
    return Book(
        since=asked.since,
        until=asked.until,
        provisional=provisional,
        made_at=made_at,
        chart=chart,
        entries=entries,
        opening=journal.opening(before, settled, day, chart, livemode=livemode),
        opened=opened,
        closings=_closings(entries, opened, nets),
    )


def _closings(
    entries: tuple[Entry, ...], opened: Mapping[tuple[str, str], int], nets: Mapping[Key, int]
) -> dict[Key, int]:
    """The ledger's balance after each entry's day; `JournalUnbalanced` if the books say another."""
    moved: dict[Key, int] = {}
    for entry in entries:
        if entry.key.balance_type == journal.BANK:
            continue
        # The first line of an entry is the balance at Stripe; a correction may have none.
        own = sum(line.minor for line in entry.lines if not line.what)
        moved[entry.key] = moved.get(entry.key, 0) + own
    held = dict(opened)
    found: dict[Key, int] = {}
    for key in sorted(moved.keys() | nets.keys()):
        net = nets.get(key, 0)
        if moved.get(key, 0) != net:
            raise JournalUnbalanced(
                f"{key.day} {key.currency} {key.balance_type}: the journal moves the balance by"
                f" {moved.get(key, 0)} minor units, the ledger by {net}"
            )
        place = (key.currency, key.balance_type)
        held[place] = held.get(place, 0) + net
        found[key] = held[place]
    return found


def _given(asked: Wanted) -> dict[str, Any]:
    return {
        "livemode": asked.livemode,
        "since": asked.since,
        "until": asked.until,
        "currency": asked.currency,
    }
