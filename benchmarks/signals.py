"""The signals of one payment among 100k to 10M: what every scoring waits for.

Of payments that came from Stripe, and of those that are about to be created: these also count what
was let through, of which there is a day's worth of a busy shop here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

from benchmarks.dataset import prepare
from benchmarks.report import row
from core.db.bulk import insert_rows
from core.db.engine import reading, writing
from core.db.tables import gate_passes, operations, payments
from core.risk.mirror_scoring import subject_of
from core.risk.scoring import Version, in_force, weigh
from core.risk.signals import Subject

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
    arrived = [subject_of(one) for one in found]
    new = [replace(one, payment_id=None) for one in arrived]
    with writing(filled) as conn:
        _let_through(conn, new)
    label = f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1000}k"
    with reading(filled) as conn:
        version = in_force(conn)
        rows = [
            row(f"{label}: signals and score of {what}, p95, ms", p95, at_most=2)
            for what, p95 in (
                ("a payment", _p95(conn, arrived, version)),
                ("a payment to be created", _p95(conn, new, version)),
            )
        ]
    filled.dispose()
    return rows


def _p95(conn: Connection, subjects: Sequence[Subject], version: Version) -> float:
    # Once unmeasured: what was just written is on the disk by then, too.
    for one in subjects:
        weigh(conn, one, ZONE, version)
    taken = []
    for one in subjects:
        start = time.perf_counter()
        weigh(conn, one, ZONE, version)
        taken.append((time.perf_counter() - start) * 1000)
    ordered = sorted(taken)
    return ordered[int(len(ordered) * 0.95)]


def _let_through(conn: Connection, subjects: Sequence[Subject]) -> None:
    """Ten passes of each subject within the hour before it, none of them in the mirror."""
    conn.execute(gate_passes.delete())
    conn.execute(operations.delete())
    passed, asked = [], []
    for number, (one, back) in enumerate((s, back) for s in subjects for back in range(10)):
        at = one.at - timedelta(minutes=5 * back + 1)
        own = {"livemode": one.livemode, "created_at": at}
        passed.append(
            own
            | {
                "operation_id": f"bench{number}",
                "assessment_id": number,
                "user_id": one.user_id,
                "email": one.email,
                "ip": one.ip,
                "amount_minor": one.amount_minor,
                "currency": one.currency,
            }
        )
        asked.append(
            own
            | {
                "id": f"bench{number}",
                "idempotency_key": f"bench{number}",
                "kind": "payment.create",
                "params": "{}",
                "state": "unknown",
                "actor": "bench",
                "attempts": 1,
                "next_attempt_at": at,
                "updated_at": at,
            }
        )
    insert_rows(conn, gate_passes, passed)
    insert_rows(conn, operations, asked)
