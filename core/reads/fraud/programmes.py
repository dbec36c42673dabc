"""How near the business is to the card networks' monitoring programmes, month to date."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from math import isqrt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core.db.tables import disputes, early_fraud_warnings, payments
from core.reads.permissions import requires
from core.reads.search.payments import facets

_FILE = Path(__file__).with_suffix(".toml")
#: Settled before it came to a dispute, or an inquiry that did not become one.
_NOT_COUNTED = ("prevented", "warning_needs_response", "warning_under_review", "warning_closed")


@dataclass(frozen=True, slots=True)
class Step:
    """A level of a programme: reached by both the count and the ratio (hundredths of a percent)."""

    level: str
    since: date
    count: int
    ratio: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """One programme in one month.

    `warnings` and `disputes` make `count`; a payment with both counts twice. `ratio` and
    `projected_ratio` are in hundredths of a percent, None without payments to divide by. The
    projection to the month's end is (low, middle, high) counts: twice the root of the count around.
    """

    name: str
    brand: str
    month: date
    warnings: int
    disputes: int
    count: int
    denominator: int
    ratio: int | None
    projected: tuple[int, int, int]
    projected_ratio: tuple[int, int, int] | None
    steps: tuple[Step, ...]
    level: str | None
    projected_level: str | None


@requires("see_disputes")
def gauge(conn: Connection, *, livemode: bool, zone: ZoneInfo, now: datetime) -> tuple[Gauge, ...]:
    """Every programme as it stands this month, in the zone's calendar."""
    return tuple(_gauge(conn, given, livemode, zone, now) for given in _programmes())


def _gauge(
    conn: Connection, given: dict[str, Any], livemode: bool, zone: ZoneInfo, now: datetime
) -> Gauge:
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    start, end = _start(month, zone), _start(_after(month), zone)
    brand = given["brand"]
    warned = _warnings(conn, brand, livemode, start, now) if "warnings" in given["counts"] else 0
    disputed = _disputes(conn, brand, livemode, start, now)
    count = warned + disputed
    previous = given["denominator"] == "previous_month"
    since = _start(_before(month), zone) if previous else start
    until = start if previous else now
    paid = _captured(conn, brand, livemode, since, until)
    projected = tuple(_scaled(n, start, now, end) for n in _range(count))
    at_end = paid if previous else _scaled(paid, start, now, end)
    ratios = tuple(_ratio(n, at_end) for n in projected)
    steps = _in_force(given["step"], month)
    return Gauge(
        name=given["name"],
        brand=brand,
        month=month,
        warnings=warned,
        disputes=disputed,
        count=count,
        denominator=paid,
        ratio=_ratio(count, paid),
        projected=(projected[0], projected[1], projected[2]),
        projected_ratio=_known(ratios),
        steps=steps,
        level=_level(steps, count, _ratio(count, paid)),
        projected_level=_level(steps, projected[1], ratios[1]),
    )


@cache
def _programmes() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))["programme"]
    return found


def _in_force(steps: Sequence[dict[str, Any]], month: date) -> tuple[Step, ...]:
    """The newest step of each level that has begun."""
    newest: dict[str, Step] = {}
    for step in sorted((Step(**given) for given in steps), key=lambda one: one.since):
        if step.since <= month:
            newest[step.level] = step
    return tuple(sorted(newest.values(), key=lambda one: (one.ratio, one.count)))


def _level(steps: Sequence[Step], count: int, ratio: int | None) -> str | None:
    """The highest level whose count and ratio are both reached."""
    reached = [
        step.level
        for step in steps
        if ratio is not None and count >= step.count and ratio >= step.ratio
    ]
    return reached[-1] if reached else None


def _captured(
    conn: Connection, brand: str, livemode: bool, since: datetime, until: datetime
) -> int:
    """Captured payments of a brand: those whose status is succeeded, whatever came after."""
    paid = [f.id for f in facets.known(conn) if f.livemode == livemode and f.status == "succeeded"]
    p = payments.c
    query = (
        select(func.count())
        .select_from(payments)
        .where(
            p.card_brand == brand,
            p.created_at >= since,
            p.created_at < until,
            p.facet.in_(paid),
        )
    )
    return int(conn.execute(query).scalar_one()) if paid else 0


def _disputes(
    conn: Connection, brand: str, livemode: bool, since: datetime, until: datetime
) -> int:
    d = disputes.c
    query = (
        select(func.count())
        .select_from(disputes)
        .outerjoin(payments, payments.c.stripe_id == d.payment_id)
        .where(
            d.livemode == livemode,
            func.coalesce(d.card_brand, payments.c.card_brand) == brand,
            d.created_at >= since,
            d.created_at < until,
            d.status.not_in(_NOT_COUNTED),
        )
    )
    return int(conn.execute(query).scalar_one())


def _warnings(
    conn: Connection, brand: str, livemode: bool, since: datetime, until: datetime
) -> int:
    w = early_fraud_warnings.c
    query = (
        select(func.count())
        .select_from(early_fraud_warnings)
        .join(payments, payments.c.stripe_id == w.payment_id)
        .where(
            w.livemode == livemode,
            payments.c.card_brand == brand,
            w.created_at >= since,
            w.created_at < until,
        )
    )
    return int(conn.execute(query).scalar_one())


def _range(count: int) -> tuple[int, int, int]:
    """Low, middle, high: counts of rare things scatter by about their root."""
    around = isqrt(4 * count)
    return max(0, count - around), count, count + around


def _scaled(count: int, start: datetime, now: datetime, end: datetime) -> int:
    """What a count of the month so far comes to at its end, rounded half up."""
    gone = max(now - start, timedelta(hours=1)) // timedelta(seconds=1)
    whole = (end - start) // timedelta(seconds=1)
    return (2 * count * whole + gone) // (2 * gone)


def _ratio(count: int, whole: int) -> int | None:
    return (2 * count * 10_000 + whole) // (2 * whole) if whole else None


def _known(ratios: Sequence[int | None]) -> tuple[int, int, int] | None:
    low, middle, high = ratios
    return None if low is None or middle is None or high is None else (low, middle, high)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)
