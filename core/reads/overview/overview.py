"""The first screen: today against yesterday and last week, what fails, how fresh the copy is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, case, func, or_, select, type_coerce

from core.db.engine import is_sqlite
from core.db.tables import balance_transactions, charges, events, payments, payments_daily
from core.reads.payments.list import PaymentRow, page, parse
from core.reads.permissions import requires
from core.reads.revenue.categories import REVENUE
from core.reads.search.payments import facets
from core.reads.search.payments.fields import STATE_GROUPS
from core.states import EventState

PAID = frozenset(STATE_GROUPS["paid"])
#: Hours begin at other minutes in some time zones; all of them at a quarter.
_QUARTER = 900
#: So long a currency keeps its line without a payment.
LATELY = timedelta(days=28)
_OUTCOMES = ("succeeded", "failed", "other")


@dataclass(frozen=True, slots=True)
class Figures:
    """One stretch of time in one currency. `volume_minor`: what was captured (minor units), `paid`:
    of how many paid payments; `attempts`: charges tried, `succeeded` of them. `also_of`: states of
    payments that are not paid, of which some was captured."""

    volume_minor: int = 0
    paid: int = 0
    attempts: int = 0
    succeeded: int = 0
    also_of: tuple[str, ...] = ()

    @property
    def success_rate(self) -> Fraction | None:
        """Succeeded attempts as an exact share of all; None without attempts."""
        return Fraction(self.succeeded, self.attempts) if self.attempts else None


@dataclass(frozen=True, slots=True)
class Today:
    """Today so far beside the same hours of yesterday and of the same day last week."""

    currency: str
    today: Figures
    yesterday: Figures
    last_week: Figures


@dataclass(frozen=True, slots=True)
class Net:
    """Net of the ledger, revenue alone, in one settlement currency, minor units."""

    currency: str
    today_minor: int
    yesterday_minor: int
    last_week_minor: int


@dataclass(frozen=True, slots=True)
class CompleteDay:
    """A business day that is over, in one currency: what was captured (minor units), and of how
    many paid payments."""

    day: date
    currency: str
    volume_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Hour:
    """How the payments of an hour ended. `hour`: its start, aware, in the zone asked for."""

    hour: datetime
    succeeded: int
    failed: int
    other: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """When Stripe last told something, and what waits to be applied (UTC)."""

    last_event_at: datetime | None
    last_received_at: datetime | None
    pending: int
    oldest_pending_at: datetime | None


@requires("see_payments")
def today(conn: Connection, *, livemode: bool, zone: ZoneInfo, now: datetime) -> tuple[Today, ...]:
    """A line per currency that was charged in any of the stretches or lately, busiest first."""
    stretches = [_figures(conn, livemode, *span) for span in _spans(zone, now)]
    found = {currency for stretch in stretches for currency in stretch}
    found |= _lately(conn, livemode, now.astimezone(zone).date())
    lines = [Today(c, *(stretch.get(c, Figures()) for stretch in stretches)) for c in found]
    return tuple(sorted(lines, key=lambda t: (-_attempts(t), t.currency)))


@requires("see_revenue")
def net_today(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, now: datetime
) -> tuple[Net, ...]:
    """Net of the same three stretches, per settlement currency."""
    sums = [_net(conn, livemode, *span) for span in _spans(zone, now)]
    found = sorted({currency for stretch in sums for currency in stretch})
    return tuple(Net(c, *(stretch.get(c, 0) for stretch in sums)) for c in found)


@requires("see_payments")
def complete_days(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, now: datetime, days: int = 14
) -> tuple[CompleteDay, ...]:
    """The last `days` complete business days of each currency, for sparklines; days without
    payments are there."""
    table = payments_daily
    last = now.astimezone(zone).date()
    paid = func.sum(case((table.c.state.in_(PAID), table.c.count), else_=0))
    captured = func.sum(table.c.captured_minor)
    asked = (
        select(table.c.day, table.c.currency, captured, paid)
        .where(table.c.day >= last - timedelta(days=days), table.c.day < last)
        .where(table.c.livemode == livemode)
        .group_by(table.c.day, table.c.currency)
        .having(or_(captured != 0, paid != 0))
    )
    sums = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in conn.execute(asked)}
    every = [last - timedelta(days=n) for n in range(days, 0, -1)]
    return tuple(
        CompleteDay(day, currency, *sums.get((day, currency), (0, 0)))
        for currency in sorted({currency for _, currency in sums})
        for day in every
    )


@requires("see_payments")
def per_hour(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, now: datetime, hours: int = 48
) -> tuple[Hour, ...]:
    """Payments per hour of `zone`, the running hour last; hours without payments are there."""
    running = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    starts = [running - timedelta(hours=n) for n in range(hours - 1, -1, -1)]
    counts = {start: [0, 0, 0] for start in starts}
    mine = [facet for facet in facets.known(conn) if facet.livemode == livemode]
    created = payments.c.created_at
    quarter = (
        type_coerce(created, BigInteger) // (_QUARTER * 1_000_000)
        if is_sqlite(conn)
        else func.floor(func.unix_timestamp(created) / _QUARTER)
    )
    ids = [[f.id for f in mine if _outcome(f.state) == outcome] for outcome in _OUTCOMES]
    sums = [func.sum(case((payments.c.facet.in_(some), 1), else_=0)) for some in ids]
    asked = select(quarter, *sums).where(created >= starts[0]).group_by(quarter)
    for number, *found in conn.execute(asked):
        moment = datetime.fromtimestamp(int(number) * _QUARTER, UTC)
        start = starts[0] + (moment - starts[0]) // timedelta(hours=1) * timedelta(hours=1)
        if start in counts:
            counts[start] = [a + int(b) for a, b in zip(counts[start], found, strict=True)]
    return tuple(Hour(start.astimezone(zone), *found) for start, found in counts.items())


@requires("see_payments")
def latest_failures(conn: Connection, *, livemode: bool, limit: int = 6) -> tuple[PaymentRow, ...]:
    """The newest failed payments."""
    query = parse("status:failed")
    return page(conn, query=query, livemode=livemode, limit=limit, with_count=False).rows


@requires("see_payments")
def freshness(conn: Connection, *, livemode: bool) -> Freshness:
    """How old the newest event of this mode is; looks at the last 500 that came in."""
    last = select(events.c.livemode, events.c.created_at, events.c.received_at)
    newest = last.order_by(events.c.received_at.desc()).limit(500).subquery()
    told = conn.execute(
        select(func.max(newest.c.created_at), func.max(newest.c.received_at)).where(
            newest.c.livemode == livemode
        )
    ).one()
    waiting = conn.execute(
        select(func.count(), func.min(events.c.received_at)).where(
            events.c.state == EventState.PENDING, events.c.livemode == livemode
        )
    ).one()
    return Freshness(told[0], told[1], int(waiting[0]), waiting[1])


def _lately(conn: Connection, livemode: bool, day: date) -> set[str]:
    """The currencies that payments of the last weeks came in; of all time where there are none."""
    d = payments_daily.c
    asked = select(d.currency).where(d.livemode == livemode, d["count"] > 0).distinct()
    found = set(conn.scalars(asked.where(d.day >= day - LATELY, d.day <= day)))
    return found or set(conn.scalars(asked))


def _attempts(line: Today) -> int:
    return sum(part.attempts + part.paid for part in (line.today, line.yesterday, line.last_week))


def _outcome(state: str) -> str:
    if state in PAID:
        return "succeeded"
    return "failed" if state == "failed" else "other"


def _spans(zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    local = now.astimezone(zone)
    for days in (0, 1, 7):
        day = local.date() - timedelta(days=days)
        end = datetime.combine(day, local.time(), zone).astimezone(UTC)
        yield _midnight(day, zone), end if days else now


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _net(conn: Connection, livemode: bool, start: datetime, end: datetime) -> dict[str, int]:
    """Net of revenue by currency: of its rows, less the fees that other movements cost."""
    b = balance_transactions.c
    within = (b.created_at >= start, b.created_at < end, b.livemode == livemode)
    # From the index alone.
    asked = select(b.currency, b.reporting_category, func.sum(b.net_minor)).where(*within)
    found: dict[str, int] = {}
    others = set()
    for currency, category, net in conn.execute(asked.group_by(b.currency, b.reporting_category)):
        if category in REVENUE:
            found[currency] = found.get(currency, 0) + int(net)
        else:
            others.add(category)
    if others:
        # A few rows a day, each looked up.
        fees = select(b.currency, func.sum(b.fee_minor)).where(*within)
        taken = fees.where(b.reporting_category.in_(sorted(others))).group_by(b.currency)
        for currency, fee in conn.execute(taken):
            if fee:
                found[currency] = found.get(currency, 0) - int(fee)
    return found


def _figures(
    conn: Connection, livemode: bool, start: datetime, end: datetime
) -> dict[str, Figures]:
    known = {facet.id: facet for facet in facets.known(conn) if facet.livemode == livemode}
    created = payments.c.created_at
    paid: dict[str, tuple[int, int]] = {}
    also: dict[str, set[str]] = {}
    asked = select(payments.c.facet, func.sum(payments.c.amount_captured_minor), func.count())
    within = asked.where(created >= start, created < end).group_by(payments.c.facet)
    for facet, captured, count in conn.execute(within):
        one = known.get(facet)
        # Of several captures, the first are taken while the rest is still held.
        if one is not None and (one.state in PAID or captured):
            volume, n = paid.get(one.currency, (0, 0))
            more = count if one.state in PAID else 0
            paid[one.currency] = (volume + int(captured), n + more)
            also.setdefault(one.currency, set()).update({one.state} - PAID)
    succeeded = func.sum(case((charges.c.status == "succeeded", 1), else_=0))
    tried = (
        select(charges.c.currency, func.count(), succeeded)
        .where(charges.c.created_at >= start, charges.c.created_at < end)
        .where(charges.c.livemode == livemode)
        .group_by(charges.c.currency)
    )
    attempts = {currency: (n, int(good)) for currency, n, good in conn.execute(tried)}
    none = (0, 0)
    return {
        currency: Figures(
            volume_minor=paid.get(currency, none)[0],
            paid=paid.get(currency, none)[1],
            attempts=attempts.get(currency, none)[0],
            succeeded=attempts.get(currency, none)[1],
            also_of=tuple(sorted(also.get(currency, ()))),
        )
        for currency in paid.keys() | attempts.keys()
    }
