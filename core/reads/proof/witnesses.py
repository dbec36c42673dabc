"""What each witness says a balance came to over a stretch of days, and the bridge that leads there.

Amounts are minor units of their currency. A stretch is its first business day and the first after
it, of a zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core import clock
from core.db.tables import balance_checks, balance_transactions, ledger_checks, revenue_daily
from core.domain.closings import (
    Closing,
    Key,
    Step,
    bridged,
    closings,
    last_readings,
    nets_before,
    openings,
    steps_between,
)
from core.domain.imported_witnesses import Heard, bank_heard, books_heard, report_heard
from core.reads.permissions import requires

__all__ = ["Closing", "Step", "Witness", "bridges", "witnesses"]

LEDGER, LIST, BALANCE = "ledger", "list", "balance"
REPORT, BANK, JOURNAL = "report", "bank", "books"
#: The balance that a business is paid out of; Stripe keeps others beside it.
PAYMENTS = "payments"
#: Days of one zone and those of another are at most so far apart.
_ZONES_APART = timedelta(days=2)
_B = balance_transactions.c


@dataclass(frozen=True, slots=True)
class Witness:
    """`figure_minor` beside `expected_minor`, what the ledger makes it; None for a witness that was
    not heard. The ledger itself has nothing to be held against.

    `counted`: the ledger's rows; the days of Stripe's list that were read, of `of` days; the
    payouts that the bank has a line of, of `of` payouts; the entries that were exported.
    """

    name: str
    figure_minor: int | None
    expected_minor: int | None = None
    read_at: datetime | None = None
    counted: int = 0
    of: int = 0

    @property
    def difference_minor(self) -> int | None:
        """By how much it differs from the ledger; None where one of both is not known."""
        if self.figure_minor is None or self.expected_minor is None:
            return None
        return self.figure_minor - self.expected_minor


@requires("see_revenue")
def bridges(
    conn: Connection, *, livemode: bool, since: date, until: date, zone: ZoneInfo
) -> tuple[Closing, ...]:
    """Of each currency and balance type: from the opening by category to the closing.

    Those that there never was anything in are left out, but for the balance of payments.
    """
    start, end = _bounds(since, until, zone)
    return _shown(closings(conn, livemode, start, end))


@dataclass(frozen=True, slots=True)
class KeptSums:
    """The daily sums of one currency: of the days before a stretch, and of the stretch. They are
    other ones as soon as a ledger row is there that was not: rows are written with their sums."""

    before: tuple[int, ...]
    within: tuple[int, ...]


@requires("see_revenue")
def kept_sums(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> KeptSums:
    """What tells whether what was summed of the rows still holds: a few milliseconds, whatever the
    number of rows. Some days around are counted in, for the days of the sums may be of the zone
    that was set before."""
    r = revenue_daily.c
    figures = [
        func.coalesce(func.sum(one), 0)
        for one in (r.count, r.gross_minor, r.fee_minor, r.net_minor)
    ]
    mine = select(*figures).where(r.livemode == livemode, r.currency == currency)
    before = conn.execute(mine.where(r.day < since + _ZONES_APART)).one()
    of_days = mine.where(r.day >= since - _ZONES_APART, r.day < until + _ZONES_APART)
    return KeptSums(tuple(map(int, before)), tuple(map(int, conn.execute(of_days).one())))


@requires("see_revenue")
def before(
    conn: Connection, *, livemode: bool, currency: str, since: date, zone: ZoneInfo
) -> dict[Key, int]:
    """The net of all of the currency's rows before a day, by balance type: reads them all."""
    return nets_before(conn, livemode, _bounds(since, since, zone)[0], currency)


@requires("see_revenue")
def steps(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date, zone: ZoneInfo
) -> dict[Key, tuple[Step, ...]]:
    """The currency's rows of a stretch by category, for each balance type."""
    return steps_between(conn, livemode, *_bounds(since, until, zone), currency)


@requires("see_revenue")
def bridges_of(
    conn: Connection,
    *,
    livemode: bool,
    currency: str,
    nets: dict[Key, int],
    moved: dict[Key, tuple[Step, ...]],
) -> tuple[Closing, ...]:
    """The same as `bridges`, of one currency, whose rows are summed already: `nets` by `before`,
    `moved` by `steps`."""
    opening = {key: minor for key, minor in openings(conn, livemode).items() if key[0] == currency}
    return _shown(bridged(opening, nets, moved))


def _shown(found: Iterable[Closing]) -> tuple[Closing, ...]:
    return tuple(
        one for one in found if one.balance_type == PAYMENTS or one.opening_minor or one.steps
    )


@requires("see_revenue")
def witnesses(
    conn: Connection, *, livemode: bool, closing: Closing, since: date, until: date, zone: ZoneInfo
) -> tuple[Witness, ...]:
    """The ledger, Stripe's list and Stripe's balance, for a bridge of the same days; and of the
    balance of payments Stripe's report, the bank's statements and the exported books."""
    start, end = _bounds(since, until, zone)
    rows = sum(step.count for step in closing.steps)
    found = [Witness(LEDGER, closing.closing_minor, read_at=clock.now(), counted=rows)]
    if closing.balance_type == PAYMENTS:
        found.append(_listed(conn, livemode, closing, start, end))
    found.append(_balance(conn, livemode, closing, start, end))
    if closing.balance_type == PAYMENTS:
        one: dict[str, Any] = {"livemode": livemode, "currency": closing.currency}
        last = until - timedelta(days=1)
        found += [
            _heard(REPORT, report_heard(conn, start=start, end=end, **one)),
            _heard(BANK, bank_heard(conn, first=since, last=last, **one)),
            _heard(JOURNAL, books_heard(conn, since=since, until=until, **one)),
        ]
    return tuple(found)


def _heard(name: str, heard: Heard | None) -> Witness:
    if heard is None:
        return Witness(name, None)
    return Witness(
        name,
        heard.figure_minor,
        heard.expected_minor,
        heard.read_at,
        heard.counted,
        heard.of,
    )


def _bounds(since: date, until: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    starts = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (since, until))
    return next(starts), next(starts)


def _listed(
    conn: Connection, livemode: bool, closing: Closing, start: datetime, end: datetime
) -> Witness:
    """Stripe's list: the closing, moved by what its rows of the days that were read differ by."""
    c = ledger_checks.c
    first, last = start.date(), (end - timedelta(microseconds=1)).date()
    query = (
        select(c.day, c.currency, c.theirs_net_minor, c.checked_at)
        .where(c.livemode == livemode, c.day.between(first, last))
        .order_by(c.day)
    )
    read: dict[date, datetime] = {}
    theirs = 0
    for day, currency, net, at in conn.execute(query):
        read[day] = max(at, read.get(day, at))
        theirs += int(net) if currency == closing.currency else 0
    days = (last - first).days + 1
    if not read:
        return Witness(LIST, None, closing.closing_minor, of=days)
    ours = sum(
        _net(conn, livemode, closing.currency, *stretch) for stretch in _stretches(sorted(read))
    )
    return Witness(
        LIST,
        closing.closing_minor + theirs - ours,
        closing.closing_minor,
        max(read.values()),
        len(read),
        days,
    )


def _stretches(days: list[date]) -> list[tuple[datetime, datetime]]:
    """Days that follow each other, as the moments (UTC) from which and until before which."""
    found: list[tuple[datetime, datetime]] = []
    for day in days:
        start = datetime.combine(day, time(), UTC)
        end = start + timedelta(days=1)
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _net(conn: Connection, livemode: bool, currency: str, start: datetime, end: datetime) -> int:
    query = select(func.coalesce(func.sum(_B.net_minor), 0)).where(
        _B.livemode == livemode,
        _B.currency == currency,
        _B.created_at >= start,
        _B.created_at < end,
    )
    return int(conn.scalar(query) or 0)


def _balance(
    conn: Connection, livemode: bool, closing: Closing, start: datetime, end: datetime
) -> Witness:
    """Stripe's balance when it was read last in these days, beside the ledger at that moment."""
    c = balance_checks.c
    key = closing.currency, closing.balance_type
    checked = conn.execute(
        select(balance_checks).where(
            c.livemode == livemode, c.currency == key[0], c.balance_type == key[1]
        )
    ).first()
    if checked is not None and start <= checked.checked_at < end:
        expected = checked.opening_minor + checked.ledger_minor
        return Witness(BALANCE, checked.balance_minor, expected, checked.checked_at)
    for reading in last_readings(conn, livemode, end):
        if (reading.currency, reading.balance_type) == key and reading.read_at >= start:
            until = _moment(conn, reading.newest_row) or reading.read_at
            expected = openings(conn, livemode)[key] + _until(conn, livemode, key, until)
            return Witness(BALANCE, reading.amount_minor, expected, reading.read_at)
    return Witness(BALANCE, None)


def _moment(conn: Connection, stripe_id: str | None) -> datetime | None:
    return conn.scalar(select(_B.created_at).where(_B.stripe_id == stripe_id))


def _until(conn: Connection, livemode: bool, key: tuple[str, str], until: datetime) -> int:
    query = select(func.coalesce(func.sum(_B.net_minor), 0)).where(
        _B.livemode == livemode,
        _B.currency == key[0],
        _B.balance_type == key[1],
        _B.created_at <= until,
    )
    return int(conn.scalar(query) or 0)
