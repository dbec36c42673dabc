"""The proof that the worker makes by itself, once a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select

from core import clock
from core.db.engine import reading
from core.db.tables import reconcile_runs
from core.domain import cursors
from core.gateway.client import Gateway
from core.proof.span import Span

if TYPE_CHECKING:
    from core.proof.reconcile import Reconciled

WORKER = "worker"
EVERY = timedelta(days=1)
#: As far as the daily walk reads Stripe's list again (core.mirror.ledger_check).
DAYS = 35


def reconcile_daily(engine: Engine, gateway: Gateway, zone: ZoneInfo) -> Reconciled | None:
    """Reconcile the last 35 days, if that was not done for a day; None where it is not due.

    The first one waits for the first whole pass over Stripe's list.
    """
    now = clock.now()
    with reading(engine) as connection:
        if not _is_due(connection, gateway.livemode, now):
            return None
    # Needed once a day, and a twelfth of what a worker would import.
    from core.proof.reconcile import reconcile

    today = clock.business_day(now, zone)
    span = Span(gateway.livemode, today - timedelta(days=DAYS - 1), today, zone)
    return reconcile(engine, gateway, span, asked_by=WORKER)


def _is_due(connection: Connection, livemode: bool, now: datetime) -> bool:
    walked = cursors.position(connection, cursors.ledger_check(livemode)) or {}
    if not walked.get("ended"):
        return False
    r = reconcile_runs.c
    last = connection.scalar(
        select(func.max(r.ended_at)).where(r.livemode == livemode, r.asked_by == WORKER)
    )
    # A run of a clock that was ahead is no reason to wait for that clock.
    return last is None or not last <= now < last + EVERY
