"""Differences that a person looks into: who, and why each is there. It stays found until a run sees
it gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from core.access import audit, principals
from core.access.principals import Caller
from core.access.rights import RECONCILE
from core.actions.context import ActionContext
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.tables import breaks
from core.domain import versions
from core.errors import AlreadyDecided, InvalidInput, NotFound, NotSignedIn
from core.masking import mask_cards
from core.proof.record import LINE
from core.states import BreakState

EXPLAIN, ASSIGN, REOPEN = "break.explain", "break.assign", "break.reopen"
LONGEST_REASON = 500
_C = breaks.c


def explain(context: ActionContext, caller: Caller, number: int, reason: str) -> None:
    """Say why a difference is there: `reason` of 1 to 500 characters, card numbers covered.

    It is no longer open, though runs go on finding it. `AlreadyDecided` once a run saw it gone.
    """

    def work(connection: Connection, now: datetime) -> None:
        _standing(connection, number, BreakState.OPEN, BreakState.EXPECTED, BreakState.EXPLAINED)
        said = mask_cards(text("reason", reason.strip(), LONGEST_REASON))
        values = {"reason": said, "explained_by": caller.actor, "state": BreakState.EXPLAINED}
        _change(connection, caller, EXPLAIN, number, now, values, reason=said)

    _change_of(context, caller, EXPLAIN, work, number)


def assign(context: ActionContext, caller: Caller, number: int, user_id: str | None) -> None:
    """Give a difference to somebody who reconciles, or to nobody; `InvalidInput` for others."""

    def work(connection: Connection, now: datetime) -> None:
        _standing(connection, number, BreakState.OPEN, BreakState.EXPECTED, BreakState.EXPLAINED)
        if user_id is not None:
            _check_worker(connection, user_id)
        _change(connection, caller, ASSIGN, number, now, {"owner": user_id}, to=user_id or "")

    _change_of(context, caller, ASSIGN, work, number)


def reopen(context: ActionContext, caller: Caller, number: int) -> None:
    """Take an explanation back: the difference is open again, or expected until it is due.

    What was said of it stays readable. `AlreadyDecided` for one that is not explained.
    """

    def work(connection: Connection, now: datetime) -> None:
        row = _standing(connection, number, BreakState.EXPLAINED)
        early = row.due_at is not None and now < row.due_at
        state = BreakState.EXPECTED if early else BreakState.OPEN
        _change(connection, caller, REOPEN, number, now, {"state": state})

    _change_of(context, caller, REOPEN, work, number)


def _change_of(
    context: ActionContext,
    caller: Caller,
    action: str,
    work: Callable[[Connection, datetime], None],
    number: int,
) -> None:
    """One change of a difference; a run that is just being kept does not undo it."""
    permitted_change(
        context, caller, action, work, right=RECONCILE, target=str(number), lines=[LINE]
    )


def _standing(connection: Connection, number: int, *states: BreakState) -> Row[Any]:
    """The difference, if it is in one of these states."""
    row = connection.execute(select(breaks).where(_C.id == number)).first()
    if row is None:
        raise NotFound("There is no such difference.")
    if row.state not in states:
        raise AlreadyDecided
    return row


def _check_worker(connection: Connection, user_id: str) -> None:
    try:
        fits = principals.principal(connection, user_id).may(RECONCILE)
    except NotSignedIn:
        fits = False
    if not fits:
        raise InvalidInput("owner", "must be somebody who reconciles")


def _change(
    connection: Connection,
    caller: Caller,
    action: str,
    number: int,
    now: datetime,
    values: dict[str, Any],
    **details: str,
) -> None:
    connection.execute(breaks.update().where(_C.id == number).values(**values))
    versions.bump(connection, ["revenue"], slot=0)
    audit.append(
        connection,
        actor=caller.actor,
        action=action,
        target=str(number),
        details=details,
        now=now,
    )
