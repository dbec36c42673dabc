"""The second person: approves or refuses what is above a limit, and never what they asked for."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from core import clock
from core.access import rights, step_up
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.operations.kinds import PendingCall
from core.actions.operations.operations import authorize, record
from core.actions.refunds import authority as refund_authority
from core.actions.refunds import validation as rules
from core.actions.refunds.requests import (
    RefundRequest,
    answer,
    find,
    lines_of,
    locked,
    note_request,
    order_of,
)
from core.actions.transaction import refusals_noted
from core.db.engine import reading, retrying
from core.db.tables import refund_requests
from core.db.turns import in_turn
from core.domain.refundable import refundable_balance
from core.errors import AlreadyDecided, AskerLostRight, NotPermitted, NotRefundable
from core.mirror.refund_requests import move
from core.money import Money
from core.states import RefundState

__all__ = ["approve", "expire", "refuse"]

APPROVE = "refund.approve"
REFUSE = "refund.refuse"
EXPIRE = "refund.expire"
NOBODY = "nobody approved it in time"


def approve(context: ActionContext, caller: Caller, request_id: str) -> RefundRequest:
    """Send what waits. `NotPermitted` to its asker, `AlreadyDecided` when it does not wait,
    `AskerLostRight` when its asker may not ask any more, `NotRefundable` when the payment changed
    meanwhile; nothing is then written or sent."""
    authorize(context, caller, (rights.APPROVE_REFUND,), APPROVE, str(request_id))
    with refusals_noted(context, caller, APPROVE, request_id):
        sending = retrying(partial(_approve, context, caller, request_id))
    return answer(context, request_id, sending)


def refuse(context: ActionContext, caller: Caller, request_id: str, why: str) -> RefundRequest:
    """End what waits, with a reason for its asker."""
    authorize(context, caller, (rights.APPROVE_REFUND,), REFUSE, str(request_id))
    why = rules.covered("why", why)
    with refusals_noted(context, caller, REFUSE, request_id):
        retrying(partial(_refuse, context, caller, request_id, why))
    return answer(context, request_id, None)


def expire(context: ActionContext) -> int:
    """End what waited too long, and free what it reserved; how many. The worker's step."""
    q = refund_requests.c
    late = select(q.id).where(q.state == RefundState.AWAITING_APPROVAL, q.expires_at <= clock.now())
    with reading(context.engine) as connection:
        ids = connection.scalars(late.order_by(q.expires_at).limit(100)).all()
    return sum(retrying(partial(_expire, context, one)) for one in ids)


def _approve(context: ActionContext, caller: Caller, request_id: str) -> PendingCall:
    with in_turn(context.engine, *lines_of(context, request_id)) as connection:
        moment = clock.now()
        payment, row = _waiting(connection, caller, request_id, moment)
        step_up.require(connection, caller, APPROVE, context.step_up, moment)
        if not refund_authority.asker_may(connection, row, rights.ASK_REFUND, moment):
            raise AskerLostRight
        rules.check_refundable(connection, payment)
        if (
            row.amount_minor
            > refundable_balance(connection, payment, without=row.id).available_minor
        ):
            raise NotRefundable("payment_intent_id", "has less left than this request asks for")
        move(
            connection,
            row.id,
            RefundState.SENDING,
            at=moment,
            approved_by=caller.actor,
            operation_id=row.id,
        )
        amount = Money(row.amount_minor, row.currency)
        order = order_of(row.payment_id, row.livemode, amount, row.reason)
        context.gateway(row.livemode)
        sending = record(connection, caller, order, row.id, moment)
        note_request(connection, caller.actor, APPROVE, row, moment)
    return sending


def _refuse(context: ActionContext, caller: Caller, request_id: str, why: str) -> None:
    with in_turn(context.engine, *lines_of(context, request_id)) as connection:
        moment = clock.now()
        _, row = _waiting(connection, caller, request_id, moment)
        move(connection, row.id, RefundState.REFUSED, at=moment, why=why, approved_by=caller.actor)
        note_request(connection, caller.actor, REFUSE, row, moment, why=why)


def _waiting(
    connection: Connection, caller: Caller, request_id: str, moment: datetime
) -> tuple[Row[Any], Row[Any]]:
    """The payment and a request of somebody else's that waits."""
    person = permitted(connection, caller, rights.APPROVE_REFUND, now=moment)
    payment, row = locked(connection, request_id)
    if row.asked_user_id == person.user_id:
        raise NotPermitted(
            rights.APPROVE_REFUND, "Somebody else decides about what you asked for yourself."
        )
    if row.state != RefundState.AWAITING_APPROVAL:
        raise AlreadyDecided
    if row.expires_at <= moment:
        raise AlreadyDecided("It waited too long and has expired; it may be asked for anew.")
    return payment, row


def _expire(context: ActionContext, request_id: str) -> bool:
    moment = clock.now()
    with in_turn(context.engine, *lines_of(context, request_id)) as connection:
        moved = move(connection, request_id, RefundState.EXPIRED, at=moment, why=NOBODY)
        row = find(connection, request_id)
        if moved and row is not None:
            note_request(connection, "worker", EXPIRE, row, moment)
    return moved
