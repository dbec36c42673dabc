"""What risk said of a payment: each scoring with its factors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from core.db.tables import risk_assessments
from core.reads.permissions import requires


@dataclass(frozen=True, slots=True)
class Assessment:
    """A scoring before it was sent (`create`) or of what came (`arrival`); `factors` are rule,
    points and values."""

    kind: str
    score: int
    level: str
    allowed: bool
    rule_version: int
    factors: tuple[Mapping[str, Any], ...]
    scored_at: datetime


@requires("see_payments")
def of_payment(conn: Connection, *, payment_id: str, livemode: bool) -> tuple[Assessment, ...]:
    """The scorings of a payment, oldest first; none for one that was not scored yet."""
    a = risk_assessments.c
    rows = conn.execute(
        select(a.kind, a.score, a.level, a.allowed, a.rule_version, a.factors, a.scored_at)
        .where(a.payment_id == payment_id, a.livemode == livemode)
        .order_by(a.id)
    )
    return tuple(
        Assessment(**dict(row._mapping) | {"factors": tuple(json.loads(row.factors))})
        for row in rows
    )
