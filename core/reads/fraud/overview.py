"""Fraud at a glance: what was scored, flagged and refused, what turned out to be fraud, by
currency; and the newest payments that were flagged."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select, union

from core.db.tables import disputes, early_fraud_warnings, payments, refunds, risk_assessments
from core.reads.permissions import requires

MAX_FLAGGED = 50
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


@requires("manage_fraud")
def by_currency(conn: Connection, *, livemode: bool, since: datetime) -> tuple[Figures, ...]:
    """One set of figures a currency, the busiest first: never a sum over currencies."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for query in (_scored(livemode, since), _refused(livemode, since), _labelled(livemode, since)):
        for row in conn.execute(query).mappings():
            found[row["currency"]] |= {k: int(v or 0) for k, v in row.items() if k != "currency"}
    for query in (_disputed(livemode, since), _returned(livemode, since)):
        for currency, minor in conn.execute(query):
            sums = found[currency]
            sums["lost_minor"] = sums.get("lost_minor", 0) + int(minor)
    lines = [Figures(currency, **sums) for currency, sums in found.items()]
    return tuple(sorted(lines, key=lambda line: (-line.scored, line.currency)))


def _scored(livemode: bool, since: datetime) -> Select[Any]:
    def of(level: str) -> Any:
        return func.sum(case((_A.level == level, 1), else_=0)).label(level)

    return (
        select(_A.currency, func.count().label("scored"), of("medium"), of("high"))
        .where(_A.livemode == livemode, _A.kind == "arrival", _A.created_at >= since)
        .group_by(_A.currency)
    )


def _refused(livemode: bool, since: datetime) -> Select[Any]:
    return (
        select(_A.currency, func.count().label("refused"))
        .where(_A.livemode == livemode, _A.kind == "create", _A.created_at >= since, ~_A.allowed)
        .group_by(_A.currency)
    )


def _labelled(livemode: bool, since: datetime) -> Select[Any]:
    w = early_fraud_warnings.c
    told = union(
        select(disputes.c.payment_id).where(disputes.c.reason == "fraudulent"),
        select(w.payment_id).where(w.payment_id.is_not(None)),
        select(refunds.c.payment_id).where(refunds.c.reason == "fraudulent"),
    )
    # Not a join: SQLite keeps a list as a tree, and would walk all labels for each payment.
    fraud = func.sum(case((_A.payment_id.in_(told), 1), else_=0)).label("fraud")
    return (
        select(_A.currency, func.count().label("paid"), fraud)
        .join(payments, _P.stripe_id == _A.payment_id)
        .where(_A.livemode == livemode, _A.kind == "arrival", _A.created_at >= since)
        .where(_P.amount_received_minor > 0)
        .group_by(_A.currency)
    )


def _disputed(livemode: bool, since: datetime) -> Select[Any]:
    d = disputes.c
    return (
        select(d.currency, func.sum(d.amount_minor).label("minor"))
        .where(d.livemode == livemode, d.created_at >= since)
        .where(d.reason == "fraudulent", d.status == "lost")
        .group_by(d.currency)
    )


def _returned(livemode: bool, since: datetime) -> Select[Any]:
    r = refunds.c
    return (
        select(r.currency, func.sum(r.amount_minor).label("minor"))
        .where(r.livemode == livemode, r.created_at >= since)
        .where(r.reason == "fraudulent", r.status == "succeeded")
        .group_by(r.currency)
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
