"""Fraud at a glance: what was scored, flagged and refused, what turned out to be fraud, by
currency; and the newest payments that were flagged."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, case, func, select

from core.db.tables import payments, risk_assessments
from core.reads.fraud import scored
from core.reads.permissions import requires

MAX_FLAGGED = 50
#: Points above which bands are one.
HIGHEST_BAND = 100
_A, _P = risk_assessments.c, payments.c


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a currency's payments that were made since a time.

    `scored` payments with an attempt, `medium` and `high` of them; `refused` before Stripe saw
    them; `paid`, and `fraud` among those by a fraud dispute, a warning or a fraud refund;
    `lost_minor` by lost fraud disputes and by fraud refunds, in minor units.
    """

    currency: str
    scored: int = 0
    medium: int = 0
    high: int = 0
    refused: int = 0
    paid: int = 0
    fraud: int = 0
    lost_minor: int = 0


@dataclass(frozen=True, slots=True)
class Flagged:
    """A payment of medium or high score, with its factors: rule, points, values."""

    payment_id: str
    created_at: datetime
    amount_minor: int
    currency: str
    state: str
    score: int
    level: str
    factors: tuple[Mapping[str, Any], ...]
    email: str | None


@dataclass(frozen=True, slots=True)
class Band:
    """How many scored payments have points from `least` to `most` (None: no end), at a level."""

    least: int | None
    most: int | None
    level: str
    count: int


@requires("manage_fraud")
def by_currency(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, since: date, until: date
) -> tuple[Figures, ...]:
    """One set of figures a currency, the busiest first: never a sum over currencies.

    From the day `since` until before `until`, by the zone's days, as `core.reads.fraud.scored` has
    the rows of each figure.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    window = scored.start_of(since, zone), scored.start_of(until, zone)
    for query in (
        _scored(livemode, *window),
        _refused(livemode, *window),
        _paid(livemode, *window),
    ):
        for row in conn.execute(query).mappings():
            found[row["currency"]] |= {k: int(v or 0) for k, v in row.items() if k != "currency"}
    for currency, minor in conn.execute(_lost(livemode, *window)):
        found[currency]["lost_minor"] = int(minor)
    lines = [Figures(currency, **sums) for currency, sums in found.items()]
    return tuple(sorted(lines, key=lambda line: (-line.scored, line.currency)))


@requires("manage_fraud")
def bands(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, since: date, until: date
) -> tuple[Band, ...]:
    """Scored payments by ten points each and level, the lowest first; none and below are one."""
    start, end = scored.start_of(since, zone), scored.start_of(until, zone)
    rows = conn.execute(
        select(_A.score, _A.level, func.count())
        .where(_A.livemode == livemode, _A.kind == "arrival")
        .where(_A.created_at >= start, _A.created_at < end)
        .group_by(_A.score, _A.level)
    )
    counts: dict[tuple[int | None, int | None, str], int] = defaultdict(int)
    for score, level, count in rows:
        counts[*_band(score), level] += int(count)
    found = [Band(least, most, level, count) for (least, most, level), count in counts.items()]
    return tuple(sorted(found, key=lambda one: (one.least or 0, one.level)))


def _band(score: int) -> tuple[int | None, int | None]:
    """1 to 10, 11 to 20, and so on; from 101 on there is one; so it is up to nothing."""
    if score <= 0:
        return None, 0
    if score > HIGHEST_BAND:
        return HIGHEST_BAND + 1, None
    least = (score - 1) // 10 * 10 + 1
    return least, least + 9


def _scored(livemode: bool, start: datetime, end: datetime) -> Select[Any]:
    def of(level: str) -> Any:
        return func.sum(case((_A.level == level, 1), else_=0)).label(level)

    return (
        select(_A.currency, func.count().label("scored"), of("medium"), of("high"))
        .where(_A.livemode == livemode, _A.kind == "arrival")
        .where(_A.created_at >= start, _A.created_at < end)
        .group_by(_A.currency)
    )


def _refused(livemode: bool, start: datetime, end: datetime) -> Select[Any]:
    return (
        select(_A.currency, func.count().label("refused"))
        .where(_A.livemode == livemode, _A.kind == "create", ~_A.allowed)
        .where(_A.created_at >= start, _A.created_at < end)
        .group_by(_A.currency)
    )


def _paid(livemode: bool, start: datetime, end: datetime) -> Select[Any]:
    fraud = func.sum(case((scored.told_as_fraud(_A.payment_id), 1), else_=0)).label("fraud")
    return (
        select(_A.currency, func.count().label("paid"), fraud)
        .join(payments, _P.stripe_id == _A.payment_id)
        .where(_A.livemode == livemode, _A.kind == "arrival")
        .where(_A.created_at >= start, _A.created_at < end)
        .where(_P.amount_received_minor > 0)
        .group_by(_A.currency)
    )


def _lost(livemode: bool, start: datetime, end: datetime) -> Select[Any]:
    lost = scored.losses(livemode).c
    return (
        select(lost.currency, func.sum(lost.amount_minor))
        .where(lost.created_at >= start, lost.created_at < end)
        .group_by(lost.currency)
    )


@requires("manage_fraud")
def flagged(conn: Connection, *, livemode: bool, limit: int = 20) -> tuple[Flagged, ...]:
    """The newest payments of medium or high score."""
    limit = max(1, min(limit, MAX_FLAGGED))
    found: list[Any] = []
    for level in ("medium", "high"):
        # One way in for each level: the index keeps the order within it.
        found += conn.execute(
            select(
                _A.payment_id,
                _A.created_at,
                _P.amount_minor,
                _P.currency,
                _P.state,
                _A.score,
                _A.level,
                _A.factors,
                _P.email,
            )
            .join(payments, _P.stripe_id == _A.payment_id)
            .where(_A.livemode == livemode, _A.level == level, _A.kind == "arrival")
            .order_by(_A.created_at.desc())
            .limit(limit)
        ).all()
    newest = sorted(found, key=lambda row: row.created_at, reverse=True)[:limit]
    return tuple(
        Flagged(**dict(row._mapping) | {"factors": tuple(json.loads(row.factors))})
        for row in newest
    )
