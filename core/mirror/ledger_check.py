"""Holding the ledger against Stripe's own list, day by day: what was listed late is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import balance_transactions, ledger_checks
from core.db.upsert import upsert
from core.domain import cursors
from core.domain.row_digest import row_hash, total
from core.gateway.client import Gateway
from core.gateway.readings import LedgerPage, read_ledger_page
from core.gateway.snapshots import LedgerEntry
from core.gateway.walk import Place, walk
from core.mirror.apply import BookingContext
from core.mirror.ledger_walk import write_page
from core.mirror.streams import is_backfilling

#: So many whole days (UTC) are compared: Stripe lists rows late by days, not by months.
DAYS = 35
#: So often all of them are.
EVERY = timedelta(days=1)
#: A day that differs is read again, for a row may have come between the two counts.
_READINGS = 3
#: Stands for a day without any row.
NO_CURRENCY = ""

#: Count and net in minor units, by currency.
Sums = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A day (UTC) of Stripe's list beside the ledger's, and the digest of Stripe's rows, each by
    currency."""

    day: date
    theirs: Sums
    ours: Sums
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """What one step did: the `day` that it compared, None if none was due; the rows that were
    missing and are here now; the currencies in which the day still differs."""

    day: date | None = None
    fetched: int = 0
    differences: int = 0


def check_ledger(engine: Engine, gateway: Gateway, books: BookingContext) -> Compared:
    """Compare the next day of the last 35 with Stripe's list, and fetch what is missing.

    A pass begins a day after the one before it. It goes on from the day that it came to, after a
    crash too. What still differs then stands in `ledger_checks`: rows that Stripe lists and that
    cannot be read, and rows that are here and that Stripe does not list. While a backfill runs
    nothing is compared: what it has not come to yet is not late.
    """
    name, now = cursors.ledger_check(gateway.livemode), clock.now()
    with reading(engine) as connection:
        if is_backfilling(connection, livemode=gateway.livemode, now=now):
            return Compared()
        kept = cursors.position(connection, name) or {}
    day, where = _next(kept, now)
    if day is None:
        return Compared()
    fetched, theirs, ours = 0, Sums(), Sums()
    digests: dict[str, str] = {}
    for _ in range(_READINGS):
        theirs, hashes = {}, defaultdict[str, list[int]](list)
        for page in _pages(gateway, day):
            fetched += write_page(engine, books, page, livemode=gateway.livemode).rows
            _add(theirs, page.sums)
            for entry in page.entries:
                hashes[entry.currency].append(entry_hash(entry))
        digests = {currency: total(found) for currency, found in hashes.items()}
        with reading(engine) as connection:
            ours = _ours(connection, gateway.livemode, day)
        if ours == theirs:
            break
    found = Reading(day, theirs, ours, digests)
    retrying(partial(_write, engine, gateway.livemode, found, (name, where)))
    differing = sum(theirs.get(one) != ours.get(one) for one in theirs | ours)
    return Compared(day, fetched, differing)


@dataclass(frozen=True, slots=True)
class ListedDay:
    """Stripe's list of one day (UTC): its rows, and count, net and digest of them by currency.

    Rows that cannot be read are in the sums and in no digest.
    """

    day: date
    entries: tuple[LedgerEntry, ...]
    sums: Sums
    digests: dict[str, str]


def read_day(gateway: Gateway, day: date) -> ListedDay:
    """Read Stripe's list of one day, and write nothing."""
    entries: list[LedgerEntry] = []
    sums: Sums = {}
    for page in _pages(gateway, day):
        entries += page.entries
        _add(sums, page.sums)
    hashes = defaultdict[str, list[int]](list)
    for entry in entries:
        hashes[entry.currency].append(entry_hash(entry))
    digests = {currency: total(found) for currency, found in hashes.items()}
    return ListedDay(day, tuple(entries), sums, digests)


def keep_reading(engine: Engine, livemode: bool, listed: ListedDay) -> None:
    """Keep what Stripe's list said of a day, beside what the ledger holds of it now."""
    with reading(engine) as connection:
        ours = _ours(connection, livemode, listed.day)
    found = Reading(listed.day, listed.sums, ours, listed.digests)
    retrying(partial(_write, engine, livemode, found, None))


def entry_hash(entry: LedgerEntry) -> int:
    """The hash of a row as Stripe tells it (core.domain.row_digest)."""
    return row_hash(
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
        ((part.type, part.amount_minor) for part in entry.fee_parts),
    )


def _next(kept: Mapping[str, Any], now: datetime) -> tuple[date | None, dict[str, Any]]:
    """The day to compare now, and the cursor's position behind it."""
    today = now.astimezone(UTC).date()
    began = clock.from_unix(kept.get("began", 0))
    day = date.fromisoformat(kept["day"]) if kept.get("day") else None
    if day is None or not today - timedelta(days=DAYS) <= day < today:
        if day is None and began <= now < began + EVERY:
            return None, {}
        began, day = now, today - timedelta(days=1)
    following = day - timedelta(days=1)
    last = following < today - timedelta(days=DAYS)
    where: dict[str, Any] = {"began": clock.to_unix(began)}
    if last:
        where["ended"] = clock.to_unix(now)
    else:
        where |= {"day": following.isoformat(), "ended": kept.get("ended")}
    return day, where


def _bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, start + timedelta(days=1)


def _pages(gateway: Gateway, day: date) -> Iterator[LedgerPage]:
    """Stripe's list of one day, without what stands behind the rows."""
    start, end = (clock.to_unix(moment) for moment in _bounds(day))

    def read(place: Place, _plain: bool) -> LedgerPage:
        created = {"lte": end - 1} | place.created(start)
        return read_ledger_page(gateway, created=created, starting_after=place.after, plain=True)

    for page, _ in walk(read):
        yield page


def _add(total: Sums, more: Sums) -> None:
    for currency, (count, net) in more.items():
        have = total.get(currency, (0, 0))
        total[currency] = (have[0] + count, have[1] + net)


def _ours(connection: Connection, livemode: bool, day: date) -> Sums:
    start, end = _bounds(day)
    b = balance_transactions.c
    found = connection.execute(
        select(b.currency, func.count(), func.sum(b.net_minor))
        .where(b.livemode == livemode, b.created_at >= start, b.created_at < end)
        .group_by(b.currency)
    )
    return {row[0]: (row[1], int(row[2])) for row in found}


def _write(
    engine: Engine,
    livemode: bool,
    found: Reading,
    keep: tuple[str, dict[str, Any]] | None,
) -> None:
    c, now = ledger_checks.c, clock.now()
    day, theirs, ours = found.day, found.theirs, found.ours
    with writing(engine) as connection:
        before = select(c.currency).where(c.livemode == livemode, c.day == day)
        rows = [
            {
                "livemode": livemode,
                "day": day,
                "currency": currency,
                "theirs_count": theirs.get(currency, (0, 0))[0],
                "theirs_net_minor": theirs.get(currency, (0, 0))[1],
                "theirs_digest": found.digests.get(currency, total(())),
                "ours_count": ours.get(currency, (0, 0))[0],
                "ours_net_minor": ours.get(currency, (0, 0))[1],
                "checked_at": now,
            }
            # A day on which nothing happened was read too.
            for currency in sorted({*theirs, *ours, *connection.scalars(before)} or {NO_CURRENCY})
        ]
        upsert(connection, ledger_checks, rows)
        if keep is not None:
            cursors.keep_position(connection, keep[0], keep[1], at=now)
