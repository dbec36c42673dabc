"""What the books need from time to time: closed days folded, money marked as available."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, update

from core.db.engine import retrying, writing
from core.db.tables import balance_transactions
from core.ledger.fold import fold

#: No balance transaction stays pending for longer.
LONGEST_PENDING = timedelta(days=60)


def fold_closed_days(engine: Engine, *, before: date) -> int:
    """Fold the sums of all days before `before`; how many rows that took away."""

    def work() -> int:
        with writing(engine) as connection:
            return fold(connection, before=before)

    return retrying(work)


def settle_available(engine: Engine, *, at: datetime) -> int:
    """Mark as available what Stripe said would be by now; no event tells of it."""
    return retrying(partial(_settle, engine, at))


def _settle(engine: Engine, at: datetime) -> int:
    b = balance_transactions.c
    with writing(engine) as connection:
        return connection.execute(
            update(balance_transactions)
            .where(b.created_at > at - LONGEST_PENDING, b.status == "pending", b.available_on <= at)
            .values(status="available")
        ).rowcount
