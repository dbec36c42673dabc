"""The rows behind the figures of fraud: payments that were scored, and money that was lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from core.db.tables import disputes, early_fraud_warnings, payments, refunds, risk_assessments
from core.reads.permissions import requires
from core.reads.search import paging

LIMIT = 50
#: What rows may be asked for; `lost` are disputes and refunds, the others are scorings.
FIGURES = ("scored", "low", "medium", "high", "refused", "paid", "fraud", "lost")
_LEVELS = ("low", "medium", "high")
_A, _P = risk_assessments.c, payments.c


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows: one of `FIGURES`, from the day `since` until before `until` by the zone's days,
    of a currency, with points from the first to the last of `points`, on which `rule` held (its
    name). What is None is any."""

    figure: str = "scored"
    since: date | None = None
    until: date | None = None
    currency: str | None = None
    points: tuple[int | None, int | None] | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row: what is counted (`scored`, `refused`, `dispute` or `refund`), its payment where it
    has one, its amount in minor units. Score, level and factors (rule, points, values) are those of
    a scoring."""

    kind: str
    key: str
    created_at: datetime
    amount_minor: int
    currency: str
    payment_id: str | None
    state: str | None = None
    email: str | None = None
    score: int | None = None
    level: str | None = None
    factors: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredSum:
    """How many rows of a currency there are, and what they come to in its minor units."""

    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RuleHits:
    """On how many payments a rule held, among those that were `scored` as they arrived and among
    those that were `refused` before Stripe saw them."""

    scored: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """A page of rows, newest first; where newer and older ones begin; what all of them come to."""

    rows: tuple[ScoredRow, ...]
    newer: str | None
    older: str | None
    sums: tuple[ScoredSum, ...]


@requires("manage_fraud")
def page(
    conn: Connection,
    *,
    livemode: bool,
    zone: ZoneInfo,
    filters: Filters,
    cursor: str | None = None,
    older: bool = True,
    limit: int = LIMIT,
) -> ScoredPage:
    """A page of the rows that the filters let through, with the sums of all of them."""
    if filters.figure == "lost":
        return _lost(conn, livemode, zone, filters, cursor, older, limit)
    tests = _tests(livemode, zone, filters)
    find = paging.of_table(conn, _A.created_at, _A.id, tests)
    found = paging.page(find, int, cursor=cursor, older=older, limit=limit)
    rows = conn.execute(
        select(risk_assessments, _P.state, _P.email)
        .outerjoin(payments, _P.stripe_id == _A.payment_id)
        .where(_A.id.in_(found.keys))
    ).all()
    shown = {
        row.id: ScoredRow(
            "scored" if row.kind == "arrival" else "refused",
            str(row.id),
            row.created_at,
            row.amount,
            row.currency,
            row.payment_id,
            row.state,
            row.email,
            row.score,
            row.level,
            tuple(json.loads(row.factors)),
        )
        for row in rows
    }
    sums = _sums(conn, _A.currency, _A.amount, tests)
    return ScoredPage(tuple(shown[key] for key in found.keys), found.newer, found.older, sums)


@requires("manage_fraud")
def hits(
    conn: Connection,
    *,
    livemode: bool,
    zone: ZoneInfo,
    since: date,
    until: date,
    rules: Sequence[str],
) -> dict[str, RuleHits]:
    """On how many payments each rule of these names held, whichever version of the rules it was in,
    from the day `since` until before `until` by the zone's days."""
    if not rules:
        return {}
    counts = {}
    for figure in ("scored", "refused"):
        tests = _tests(livemode, zone, Filters(figure, since, until))
        held = [func.sum(case((_held(rule), 1), else_=0)) for rule in rules]
        row = conn.execute(select(*held).where(*tests, _A.factors != "[]")).one()
        counts[figure] = [int(count or 0) for count in row]
    return {
        rule: RuleHits(scored, refused)
        for rule, scored, refused in zip(rules, counts["scored"], counts["refused"], strict=True)
    }


def _held(rule: str) -> ColumnElement[bool]:
    """Whether a rule held, as `core.risk.scoring` writes it down: what a value says cannot look the
    same, for its quotes have a mark before them."""
    written = json.dumps({"rule": rule}, ensure_ascii=False).removesuffix("}")
    return func.instr(_A.factors, f"{written}, ") > 0


def told_as_fraud(payment_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a dispute, an issuer's warning or a refund says that a payment was fraud."""
    w, d, r = early_fraud_warnings.c, disputes.c, refunds.c
    # Not a join: SQLite keeps a list as a tree, and would walk all labels for each payment.
    return or_(
        payment_id.in_(select(d.payment_id).where(d.reason == "fraudulent")),
        payment_id.in_(select(w.payment_id).where(w.payment_id.is_not(None))),
        payment_id.in_(select(r.payment_id).where(r.reason == "fraudulent")),
    )


def _tests(livemode: bool, zone: ZoneInfo, filters: Filters) -> list[ColumnElement[bool]]:
    figure = filters.figure
    found = [_A.livemode == livemode, _A.kind == ("create" if figure == "refused" else "arrival")]
    if figure == "refused":
        found.append(~_A.allowed)
    elif figure in _LEVELS:
        found.append(_A.level == figure)
    elif figure in ("paid", "fraud"):
        was_paid = exists().where(_P.stripe_id == _A.payment_id, _P.amount_received_minor > 0)
        found.append(was_paid)
    if figure == "fraud":
        found.append(told_as_fraud(_A.payment_id))
    if filters.rule is not None:
        found.append(_held(filters.rule))
    least, most = filters.points or (None, None)
    if least is not None:
        found.append(_A.score >= least)
    if most is not None:
        found.append(_A.score <= most)
    return found + _inside(_A.created_at, _A.currency, zone, filters)


def _inside(
    moment: ColumnElement[datetime],
    currency: ColumnElement[str],
    zone: ZoneInfo,
    filters: Filters,
) -> list[ColumnElement[bool]]:
    found = []
    if filters.since is not None:
        found.append(moment >= start_of(filters.since, zone))
    if filters.until is not None:
        found.append(moment < start_of(filters.until, zone))
    if filters.currency is not None:
        found.append(currency == filters.currency)
    return found


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """When a day of the zone begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def last_days(days: int, today: date) -> tuple[date, date]:
    """The first of so many days up to today, and the day after today."""
    return today - timedelta(days=days - 1), today + timedelta(days=1)


def losses(livemode: bool) -> Subquery:
    """Fraud disputes that were lost, and refunds as fraud, each by the time it was made."""
    parts = []
    for kind, table, state in (("dispute", disputes, "lost"), ("refund", refunds, "succeeded")):
        c = table.c
        parts.append(
            select(
                literal(kind).label("kind"),
                c.stripe_id.label("key"),
                c.created_at,
                c.amount_minor,
                c.currency,
                c.payment_id,
            ).where(c.livemode == livemode, c.reason == "fraudulent", c.status == state)
        )
    return union_all(*parts).subquery("losses")


def _lost(
    conn: Connection,
    livemode: bool,
    zone: ZoneInfo,
    filters: Filters,
    cursor: str | None,
    older: bool,
    limit: int,
) -> ScoredPage:
    table = losses(livemode)
    c = table.c
    tests = _inside(c.created_at, c.currency, zone, filters)
    find = paging.of_table(conn, c.created_at, c.key, tests)
    found = paging.page(find, str, cursor=cursor, older=older, limit=limit)
    rows = conn.execute(
        select(table, _P.state, _P.email)
        .outerjoin(payments, _P.stripe_id == c.payment_id)
        .where(c.key.in_(found.keys))
    ).all()
    shown = {row.key: ScoredRow(**row._mapping) for row in rows}
    sums = _sums(conn, c.currency, c.amount_minor, tests)
    return ScoredPage(tuple(shown[key] for key in found.keys), found.newer, found.older, sums)


def _sums(
    conn: Connection,
    currency: ColumnElement[str],
    amount: ColumnElement[int],
    tests: Sequence[ColumnElement[bool]],
) -> tuple[ScoredSum, ...]:
    query = select(currency, func.count(), func.sum(amount)).where(*tests).group_by(currency)
    rows = conn.execute(query.order_by(func.count().desc(), currency))
    return tuple(ScoredSum(row[0], int(row[1]), int(row[2])) for row in rows)
