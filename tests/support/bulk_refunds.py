"""Bulk refunds in tests: what is asked for, and how its rows stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds import bulk_worker
from core.actions.refunds.bulk_ask import NewBulk
from core.actions.refunds.bulk_plan import How, Target
from core.db.engine import reading
from core.db.tables import bulk_refunds as table
from tests.support.refunds import requests

FULL = How("full")


def bulk(payments: Iterable[str], how: How = FULL, **change: Any) -> NewBulk:
    """A bulk over these payments."""
    targets = tuple(Target(one) for one in payments)
    return NewBulk(targets, how, **({"reason": "requested_by_customer"} | change))


def percent(value: str) -> How:
    """So much of what was captured."""
    return How("percent", value)


def fixed(value: str, currency: str = "usd") -> How:
    """The same amount of each."""
    return How("fixed", value, currency)


def ask(context: Any, caller: Any, payments: Iterable[str], how: How = FULL, **change: Any) -> Any:
    """Ask for a bulk over these payments."""
    return bulk_refunds.ask(context, caller, bulk(payments, how, **change), livemode=False)


def work_off(context: Any, most: int = 500) -> None:
    """What a worker does until it finds nothing more to do."""
    for _ in range(most):
        if not bulk_worker.send_waiting_rows(context):
            return
    raise AssertionError(f"still working after {most} steps")


def states(context: Any) -> dict[str, int]:
    """How many rows stand in each state."""
    return dict(Counter(row.state for row in requests(context.engine)))


def kept(context: Any, bulk_id: str) -> Any:
    """The row of a bulk."""
    with reading(context.engine) as connection:
        return connection.execute(select(table).where(table.c.id == bulk_id)).one()
