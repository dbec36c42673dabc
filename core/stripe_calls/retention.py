"""The log of calls to Stripe does not grow for ever: what is a month old goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine, delete, select

from core.db.engine import reading, retrying, writing
from core.db.tables import api_requests

#: As long as Stripe keeps events.
KEPT = timedelta(days=30)
#: Rows that one transaction takes away: it holds no other writer up for long.
CHUNK = 2_000


def prune(engine: Engine, *, at: datetime) -> int:
    """Delete calls that are older than `KEPT`, one chunk of them; how many."""
    return retrying(partial(_prune, engine, at - KEPT))


def _prune(engine: Engine, before: datetime) -> int:
    c = api_requests.c
    oldest = select(c.seq).where(c.started_at < before).order_by(c.started_at).limit(CHUNK)
    with reading(engine) as connection:
        seqs = connection.scalars(oldest).all()
    if not seqs:
        return 0
    with writing(engine) as connection:
        return connection.execute(delete(api_requests).where(c.seq.in_(seqs))).rowcount
