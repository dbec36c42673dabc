"""What a person may still give back alone: of one refund, and of what is left of their day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core import clock, money
from core.access import rights
from core.access.principals import Caller, Principal, permitted
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.refunds import limits as refund_limits
from core.actions.refunds import validation as rules
from core.db.engine import reading
from core.db.tables import refund_requests
from core.domain import refund_states as states
from core.money import Money

KIND = "refund.allowance"


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most of one refund and of a day, and what the day has seen without a second person."""

    per_refund: Money
    per_day: Money
    spent: Money

    def above(self, amounts: Iterable[Money]) -> str | None:
        """The limit (per_refund, per_day) that these refunds are above; None when they are not."""
        asked = list(amounts)
        if max(asked) > self.per_refund:
            return "per_refund"
        day = money.add(asked, self.spent.currency) + self.spent
        return "per_day" if day > self.per_day else None


def allowance(
    context: ActionContext, caller: Caller, *, currency: str, reason: str, livemode: bool
) -> Allowance:
    """What applies to the caller now; `NotPermitted` for a reason that their roles do not have."""
    authorize(context, caller, (rights.ASK_REFUND,), KIND, "")
    with reading(context.engine) as connection:
        person = permitted(connection, caller, rights.ASK_REFUND)
        return allowance_of(
            connection, context, person, reason, currency, livemode=livemode, now=clock.now()
        )


def allowance_of(
    connection: Connection,
    context: ActionContext,
    person: Principal,
    reason: str,
    currency: str,
    *,
    livemode: bool,
    now: datetime,
) -> Allowance:
    """What applies to a person at this moment, in the caller's transaction."""
    roles = rules.asking_roles(person, reason)
    per_refund, per_day = refund_limits.limit_of(connection, roles, currency)
    if context.approvals.every_refund:
        per_refund = per_day = 0
    q = refund_requests.c
    spent = connection.scalar(
        select(func.sum(q.amount_minor)).where(
            q.asked_user_id == person.user_id,
            q.created_at >= clock.start_of_day(now, context.books.scope.zone),
            q.livemode == livemode,
            q.currency == currency,
            q.state.in_(states.SENT),
            q.approved_by.is_(None),
        )
    )
    return Allowance(
        Money(per_refund, currency), Money(per_day, currency), Money(int(spent or 0), currency)
    )
