"""Whether those who decided about a refund still may: asked again until Stripe has it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from core import clock
from core.access import rights
from core.access.principals import Caller, caller_named, permitted
from core.actions.operations.kinds import PendingCall
from core.actions.refunds import validation as rules
from core.db.engine import reading
from core.db.tables import refund_requests
from core.errors import NotPermitted, NotSignedIn

#: What is told of a request whose people lost what it took.
ASKER = "who asked for it may not any more"
APPROVER = "who approved it may not any more"


def lost(connection: Connection, request: Row[Any], now: datetime) -> str | None:
    """Why a request is not to be sent any more; None if it is.

    A disabled user, a role that was taken away and a token that has ended count alike.
    """
    right = rights.ASK_REFUND if request.bulk_id is None else rights.BULK_REFUND
    if not asker_may(connection, request, right, now):
        return ASKER
    if request.approved_by is not None:
        approver = caller_named(connection, request.approved_by)
        if not _may(connection, approver, rights.APPROVE_REFUND, now):
            return APPROVER
    return None


def asker_may(connection: Connection, asked: Row[Any], right: str, now: datetime) -> bool:
    """Whether who asked for this request, or this bulk, could ask for it now."""
    reason = asked.reason if right == rights.ASK_REFUND else None
    return _may(connection, asker(asked), right, now, reason=reason)


def asker(asked: Row[Any]) -> Caller:
    """Who asked for a request or a bulk: a person, or a program with a token of theirs."""
    token = asked.asked_by.removeprefix("token:")
    return Caller(asked.asked_user_id, token if token != asked.asked_by else None)


def withdrawn(engine: Engine, sending: PendingCall) -> str | None:
    """Why the refund of a request is not to be sent again; None if it is."""
    with reading(engine) as connection:
        row = connection.execute(
            select(refund_requests).where(refund_requests.c.id == sending.operation_id)
        ).first()
        return lost(connection, row, clock.now()) if row is not None else None


def _may(
    connection: Connection, caller: Caller, right: str, now: datetime, *, reason: str | None = None
) -> bool:
    try:
        person = permitted(connection, caller, right, now=now)
        if reason is not None:
            rules.asking_roles(person, reason)
    except (NotPermitted, NotSignedIn):
        return False
    return True
