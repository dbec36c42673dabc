"""How a request ends by hand: taken back by its asker, canceled at Stripe, or a failure seen to."""

from __future__ import annotations

import uuid
from functools import partial

from sqlalchemy import Connection, select

from core import clock
from core.access import rights
from core.access.principals import Caller, Principal, permitted
from core.actions.context import ActionContext
from core.actions.operations.kinds import PendingCall
from core.actions.operations.operations import StripeRequest, authorize, record
from core.actions.refunds import validation as rules
from core.actions.refunds.operation_kinds import CANCEL
from core.actions.refunds.requests import (
    RefundRequest,
    answer,
    lines_of,
    locked,
    note_request,
    shape,
)
from core.actions.transaction import refusals_noted
from core.db.engine import retrying
from core.db.tables import refund_requests, refunds
from core.db.turns import in_turn
from core.errors import AlreadyDecided, NotPermitted, NotRefundable
from core.mirror.refund_requests import move
from core.states import RefundState

__all__ = ["cancel", "settle"]

SETTLE = "refund.settle"
_DECIDERS = (rights.ASK_REFUND, rights.APPROVE_REFUND)


def cancel(context: ActionContext, caller: Caller, request_id: str) -> RefundRequest:
    """Take back what waits (its asker alone), or cancel at Stripe what still can be (its asker,
    or who approves). `AlreadyDecided` when it is over or being sent, `NotRefundable` with the
    reason when the bank has it."""
    authorize(context, caller, _DECIDERS, CANCEL.name, str(request_id))
    with refusals_noted(context, caller, CANCEL.name, request_id):
        sending = retrying(partial(_cancel, context, caller, request_id))
    return answer(context, request_id, sending)


def settle(context: ActionContext, caller: Caller, request_id: str, done: str) -> RefundRequest:
    """Say what was done about a refund that failed: it then waits for nobody any more."""
    authorize(context, caller, _DECIDERS, SETTLE, str(request_id))
    done = rules.covered("done", done)
    with refusals_noted(context, caller, SETTLE, request_id):
        return retrying(partial(_settle, context, caller, request_id, done))


def _cancel(context: ActionContext, caller: Caller, request_id: str) -> PendingCall | None:
    with in_turn(context.engine, *lines_of(context, request_id)) as connection:
        moment = clock.now()
        person = permitted(connection, caller, *_DECIDERS, now=moment)
        _, row = locked(connection, request_id)
        own = row.asked_user_id == person.user_id
        if row.state == RefundState.AWAITING_APPROVAL:
            if not own:
                raise NotPermitted(rights.ASK_REFUND, "Only who asked takes a request back.")
            move(connection, row.id, RefundState.CANCELED, at=moment)
            note_request(connection, caller.actor, CANCEL.name, row, moment)
            return None
        if row.state != RefundState.PENDING:
            raise AlreadyDecided
        _check_may_stop(connection, person, own=own, refund_id=row.refund_id)
        path = f"/v1/refunds/{row.refund_id}/cancel"
        order = StripeRequest(CANCEL, row.livemode, path, {}, target=row.payment_id)
        return record(connection, caller, order, str(uuid.uuid4()), moment)


def _check_may_stop(
    connection: Connection, person: Principal, *, own: bool, refund_id: str | None
) -> None:
    """Stripe cancels a refund only while it waits for the customer to say where to send it."""
    if not own and not person.may(rights.APPROVE_REFUND):
        raise NotPermitted(rights.APPROVE_REFUND, "Only who asked or who approves cancels it.")
    r = refunds.c
    status = connection.scalar(select(r.status).where(r.stripe_id == refund_id))
    if status != "requires_action":
        raise NotRefundable("request_id", "cannot be canceled: the bank has it already")


def _settle(context: ActionContext, caller: Caller, request_id: str, done: str) -> RefundRequest:
    with in_turn(context.engine, *lines_of(context, request_id)) as connection:
        moment = clock.now()
        permitted(connection, caller, *_DECIDERS, now=moment)
        _, row = locked(connection, request_id)
        if row.state != RefundState.FAILED:
            raise AlreadyDecided("It did not fail: there is nothing to see to.")
        if row.settled_at is None:
            connection.execute(
                refund_requests.update()
                .where(refund_requests.c.id == row.id)
                .values(settled_at=moment, settled_by=caller.actor)
            )
            note_request(connection, caller.actor, SETTLE, row, moment, done=done)
        return shape(row)
