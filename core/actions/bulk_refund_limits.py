"""Whether a bulk refund needs a second person: by its largest row, and by what the day has seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from core import clock
from core.access.principals import Principal
from core.actions import refund_limits
from core.actions import refund_rules as rules
from core.actions.bulk_refund_plan import Verdict
from core.actions.desk import Desk
from core.db import refund_states as states
from core.db.tables import refund_requests


def above(
    connection: Connection,
    desk: Desk,
    person: Principal,
    reason: str,
    livemode: bool,
    found: Iterable[Verdict],
    moment: datetime,
) -> str | None:
    """The limit that a row, or a currency's sum with what went today, is above."""
    roles = rules.asking_roles(person, reason)
    amounts = [one.amount for one in found if one.amount is not None]
    over = set()
    for currency in {amount.currency for amount in amounts}:
        per_refund, per_day = refund_limits.limit_of(connection, roles, currency)
        minors = [amount.minor for amount in amounts if amount.currency == currency]
        day = clock.start_of_day(moment, desk.books.scope.zone)
        spent = _spent(connection, person.user_id, livemode, currency, day)
        if max(minors) > per_refund:
            over.add("per_refund")
        if spent + sum(minors) > per_day:
            over.add("per_day")
    return max(over, default=None)


def _spent(
    connection: Connection, user_id: str, livemode: bool, currency: str, since: datetime
) -> int:
    """Minor units that this person gave back today without a second person."""
    q = refund_requests.c
    query = select(func.sum(q.amount_minor)).where(
        q.asked_user_id == user_id,
        q.created_at >= since,
        q.livemode == livemode,
        q.currency == currency,
        q.state.in_(states.SENT),
        q.approved_by.is_(None),
    )
    return int(connection.scalar(query) or 0)
