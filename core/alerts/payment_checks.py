"""Checks of payments and disputes: rates beside what is usual, and silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import ColumnElement, Connection, Table, func, select

from core import clock
from core.alerts.findings import Asked, Fact, Finding, Findings
from core.db.tables import disputes, events, payments, payments_daily
from core.domain.payment_states import INQUIRY, PREVENTED, outcome_of
from core.reads.search.payments import facets
from core.reads.search.payments.fields import STATE_GROUPS

PAID = frozenset(STATE_GROUPS["paid"]) | {"requires_capture"}
FAILED = "failed"
WEEK = timedelta(days=7)
#: So many payments or events in the same stretch of an earlier week say that it is a busy one.
BUSY = 3


def failure_rate(conn: Connection, asked: Asked) -> Findings:
    """The share of payments that failed, among those that failed or were paid, is `above_percent`
    at least and `times` that of the business days before."""
    since = asked.now - timedelta(minutes=asked.number("window_minutes"))
    failed, finished = _outcomes(_by_state(conn, asked.livemode, since, asked.now))
    before_failed, before = _outcomes(_days_before(conn, asked, asked.number("days")))
    if finished < asked.number("least") or not failed:
        return Findings()
    rate = Fraction(failed, finished)
    usual = Fraction(before_failed, before) if before else Fraction(0)
    if rate < Fraction(asked.number("above_percent"), 100) or rate < usual * asked.number("times"):
        return Findings()
    facts = {
        "failed": failed,
        "finished": finished,
        "before_failed": before_failed,
        "before": before,
        "minutes": asked.number("window_minutes"),
    }
    return Findings([Finding("payments", facts)])


def dispute_rate(conn: Connection, asked: Asked) -> Findings:
    """Disputes of the last days are `above_basis_points` (hundredths of a percent) of the payments
    that were paid in them; inquiries and what was prevented are none."""
    days = asked.number("days")
    d = disputes.c
    counted = (
        select(d.status, func.count())
        .where(d.created_at >= asked.now - timedelta(days=days), d.created_at <= asked.now)
        .where(d.livemode == asked.livemode)
        .group_by(d.status)
    )
    none = {INQUIRY, PREVENTED}
    found = sum(
        int(count)
        for status, count in conn.execute(counted)
        if outcome_of(status) not in none and not status.startswith("warning_")
    )
    by_state = _days_before(conn, asked, days, with_today=True)
    paid = sum(count for state, count in by_state.items() if state in PAID)
    if found < asked.number("least") or not paid:
        return Findings()
    if Fraction(found, paid) < Fraction(asked.number("above_basis_points"), 10_000):
        return Findings()
    return Findings([Finding("disputes", {"disputes": found, "paid": paid, "days": days})])


def silence(conn: Connection, asked: Asked) -> Findings:
    """Nothing came for longer than usual at this hour of the week.

    As long as it is silent now, no earlier week was from the same hour on: in each of the `weeks`
    before the last payment or event, some came in the same stretch.
    """
    of = asked.text("of")
    moment, mine = _stream_of(conn, of, asked.livemode)
    if mine is None:
        return Findings()
    newest = select(moment).where(mine, moment <= asked.now).order_by(moment.desc()).limit(1)
    last: datetime | None = conn.scalar(newest)
    if last is None or asked.now - last < timedelta(minutes=asked.number("least_minutes")):
        return Findings()
    # Weeks are counted back from the last one: what is silent now is no week to compare with.
    lasts = min(asked.now - last, WEEK)
    weeks = asked.number("weeks")
    if any(_count(conn, moment, mine, last - n * WEEK, lasts) < BUSY for n in range(1, weeks + 1)):
        return Findings()
    facts: dict[str, Fact] = {
        "of": of,
        "last_at": last.isoformat(timespec="seconds"),
        "weeks": weeks,
    }
    return Findings([Finding(of, facts)])


def _stream_of(
    conn: Connection, of: str, livemode: bool
) -> tuple[ColumnElement[datetime], ColumnElement[bool] | None]:
    """The time column of payments or events and the test of their mode; None without any."""
    if of == "events":
        return events.c.created_at, events.c.livemode == livemode
    wanted = [facet.id for facet in facets.known(conn) if facet.livemode == livemode]
    return payments.c.created_at, payments.c.facet.in_(wanted) if wanted else None


def _count(
    conn: Connection,
    moment: ColumnElement[datetime],
    mine: ColumnElement[bool],
    since: datetime,
    lasts: timedelta,
) -> int:
    """How many came after `since` within so long; counted no further than `BUSY`."""
    some = select(moment).where(mine, moment > since, moment <= since + lasts).limit(BUSY)
    return int(conn.scalar(select(func.count()).select_from(some.subquery())) or 0)


def _by_state(
    conn: Connection, livemode: bool, since: datetime, until: datetime
) -> Mapping[str, int]:
    p: Table = payments
    states = {facet.id: facet.state for facet in facets.known(conn) if facet.livemode == livemode}
    counted = (
        select(p.c.facet, func.count())
        .where(p.c.created_at > since, p.c.created_at <= until)
        .group_by(p.c.facet)
    )
    found: dict[str, int] = {}
    for facet, count in conn.execute(counted):
        if facet in states:
            found[states[facet]] = found.get(states[facet], 0) + int(count)
    return found


def _days_before(
    conn: Connection, asked: Asked, days: int, *, with_today: bool = False
) -> Mapping[str, int]:
    today = clock.business_day(asked.now, asked.zone)
    y = payments_daily.c
    until = y.day <= today if with_today else y.day < today
    counted = (
        select(y.state, func.sum(y.count))
        .where(y.day >= today - timedelta(days=days), until, y.livemode == asked.livemode)
        .group_by(y.state)
    )
    return {state: int(count) for state, count in conn.execute(counted)}


def _outcomes(by_state: Mapping[str, int]) -> tuple[int, int]:
    """How many failed, and how many failed or were paid."""
    failed = by_state.get(FAILED, 0)
    return failed, failed + _sum(by_state, PAID)


def _sum(by_state: Mapping[str, int], states: Collection[str]) -> int:
    return sum(by_state.get(state, 0) for state in states)
