"""What people do about a month: see what keeps it open, ask, confirm, open it again, prove it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core import clock
from core.access.principals import Caller, permitted
from core.access.rights import RECONCILE
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change, refusals_noted
from core.db.engine import long_statements, one_picture
from core.ledger.booking import ALL_BOOKS
from core.proof import periods
from core.proof.periods import Blocker, Expected, Verified

T = TypeVar("T")


@long_statements()
def checklist(
    context: ActionContext, caller: Caller, month: str, *, livemode: bool, zone: ZoneInfo
) -> list[Blocker]:
    """What keeps a month such as `2026-11` from being closed now; none when it may be."""
    noted = refusals_noted(context, caller, periods.ASK, month)
    with noted, one_picture(context.engine) as connection:
        permitted(connection, caller, RECONCILE)
        span = periods.span_of(month, livemode, zone)
        return periods.blockers(connection, span, clock.now(), by_sums=True)


@long_statements()
def expected(
    context: ActionContext, caller: Caller, month: str, *, livemode: bool, zone: ZoneInfo
) -> list[Expected]:
    """The differences of a month that may still go by themselves: who closes it is to see them."""
    noted = refusals_noted(context, caller, periods.ASK, month)
    with noted, one_picture(context.engine) as connection:
        permitted(connection, caller, RECONCILE)
        span = periods.span_of(month, livemode, zone)
        return periods.expected(connection, span, clock.now())


@long_statements()
def ask(
    context: ActionContext, caller: Caller, month: str, *, livemode: bool, zone: ZoneInfo
) -> int:
    """Ask for a month to be closed; another person confirms. `InvalidInput` names what keeps it
    open, `AlreadyDecided` one that is closed or asked for."""

    def work(connection: Connection, now: datetime) -> int:
        span = periods.span_of(month, livemode, zone)
        return periods.ask(connection, span, asked_by=caller.actor, now=now)

    return _changed(context, caller, periods.ASK, work, month)


@long_statements()
def confirm(context: ActionContext, caller: Caller, month: str, *, livemode: bool) -> str:
    """Close a month that was asked to be closed, by somebody else unless one person may close it;
    the digest of its certificate.

    `NotFound` where nobody asked, `InvalidInput` for who asked and for what keeps it open.
    """

    def work(connection: Connection, now: datetime) -> str:
        return periods.confirm(
            connection,
            month,
            livemode,
            closed_by=caller.actor,
            now=now,
            second_person=context.approvals.closes,
        )

    return _changed(context, caller, periods.CLOSE, work, month)


def reopen(
    context: ActionContext, caller: Caller, month: str, reason: str, *, livemode: bool
) -> None:
    """Open a closed month again, or take the asking back; `InvalidInput` without a reason."""

    def work(connection: Connection, now: datetime) -> None:
        periods.reopen(
            connection, month, livemode, reopened_by=caller.actor, reason=reason, now=now
        )

    _changed(context, caller, periods.REOPEN, work, month)


def _changed(
    context: ActionContext,
    caller: Caller,
    action: str,
    work: Callable[[Connection, datetime], T],
    month: str,
) -> T:
    """One step of a month, while no worker books a row: it counts before the step, or after it."""
    return permitted_change(
        context, caller, action, work, right=RECONCILE, target=month, lines=ALL_BOOKS
    )


@long_statements()
def verify(context: ActionContext, caller: Caller, month: str, *, livemode: bool) -> Verified:
    """Hold a closed month against its certificate; `NotFound` for one that is not closed."""
    noted = refusals_noted(context, caller, periods.VERIFY, month)
    with noted, one_picture(context.engine) as connection:
        permitted(connection, caller, RECONCILE)
        return periods.verify(connection, month, livemode)
