"""Scoring payments that came from Stripe: each once, when its first attempt is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, and_, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import payments, risk_assessments
from core.risk.captured_amounts import ARRIVAL
from core.risk.scoring import in_force, keep_arrivals, weigh
from core.risk.signals import Subject

#: So many are scored in one transaction.
BATCH = 50

_P = payments.c


def score_arrivals(engine: Engine, zone: ZoneInfo, *, since: datetime) -> int:
    """Score up to `BATCH` payments made since a time that have an attempt and no score yet.

    They are weighed while nothing is locked; another worker may keep the same ones first.
    """
    with reading(engine) as connection:
        found = connection.execute(_unscored(since)).all()
        if not found:
            return 0
        version = in_force(connection)
        weighed = [weigh(connection, subject_of(row), zone, version) for row in found]

    def keep() -> None:
        with writing(engine) as connection:
            keep_arrivals(connection, weighed, zone, now=clock.now())

    retrying(keep)
    return len(found)


def _unscored(since: datetime) -> Any:
    a = risk_assessments.c
    return (
        select(payments)
        .outerjoin(risk_assessments, and_(a.payment_id == _P.stripe_id, a.kind == ARRIVAL))
        .where(_P.created_at >= since, _P.latest_charge_id.is_not(None), a.id.is_(None))
        .order_by(_P.created_at, _P.stripe_id)
        .limit(BATCH)
    )


def subject_of(row: Any) -> Subject:
    """What a row of payments says of itself."""
    return Subject(
        livemode=row.livemode,
        at=row.created_at,
        amount_minor=row.amount_minor,
        currency=row.currency,
        payment_id=row.stripe_id,
        user_id=row.user_id,
        email=row.email,
        ip=row.ip,
        card_fingerprint=row.card_fingerprint,
        card_country=row.card_country,
        method=row.method_type,
        radar_score=row.risk_score,
        radar_level=row.risk_level,
    )
