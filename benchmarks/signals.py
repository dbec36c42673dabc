"""The signals of one payment among 100k to 10M: what every scoring waits for (PERF section 8)."""

from __future__ import annotations

import random
import time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from benchmarks.dataset import prepare
from benchmarks.report import row
from core.db.engine import reading
from core.db.tables import payments
from core.risk.arrivals import subject_of
from core.risk.scoring import in_force, weigh

SAMPLE = 1000
ZONE = ZoneInfo("UTC")


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """The 95th percentile of weighing payments that are spread over the whole time."""
    filled = prepare(engine, size)
    with reading(filled) as conn:
        ids = conn.scalars(select(payments.c.stripe_id).order_by(payments.c.created_at)).all()
        chosen = random.Random(1).sample(range(len(ids)), SAMPLE)
        found = conn.execute(
            select(payments).where(payments.c.stripe_id.in_([ids[place] for place in chosen]))
        ).all()
        version = in_force(conn)
        taken = []
        for one in [*found[:50], *found]:
            start = time.perf_counter()
            weigh(conn, subject_of(one), ZONE, version)
            taken.append((time.perf_counter() - start) * 1000)
    filled.dispose()
    ordered = sorted(taken[50:])
    label = f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1000}k"
    name = f"{label}: signals and score of a payment, p95, ms"
    return [row(name, ordered[int(len(ordered) * 0.95)], at_most=2)]
