"""The second person of a bulk refund: one decision about all its rows, never by who asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from core import clock
from core.access import rights, step_up
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.payments.validation import text
from core.actions.refunds import authority as refund_authority
from core.actions.refunds import bulk_requests as records
from core.actions.refunds import validation as rules
from core.actions.refunds.approvals import NOBODY
from core.actions.refunds.bulk_requests import BulkRefund
from core.actions.transaction import refusals_noted
from core.db.engine import reading, retrying
from core.db.tables import bulk_refunds
from core.db.turns import in_turn
from core.errors import AlreadyDecided, AskerLostRight, NotPermitted
from core.masking import mask_cards
from core.states import BulkRefundState, RefundState

__all__ = ["approve", "expire", "refuse", "withdraw"]

APPROVE = "bulk_refund.approve"
REFUSE = "bulk_refund.refuse"
WITHDRAW = "bulk_refund.withdraw"
EXPIRE = "bulk_refund.expire"

Decide = Callable[[Connection, Row[Any], datetime], None]


def approve(context: ActionContext, caller: Caller, bulk_id: str) -> BulkRefund:
    """Let the worker begin; each row is checked again when its turn comes.

    `NotPermitted` to its asker, `AlreadyDecided` when it does not wait, `AskerLostRight` when its
    asker may not ask for bulks any more.
    """

    def decide(connection: Connection, row: Row[Any], moment: datetime) -> None:
        if not refund_authority.asker_may(connection, row, rights.BULK_REFUND, moment):
            raise AskerLostRight
        context.gateway(row.livemode)
        by = caller.actor
        records.move_rows(connection, row.id, RefundState.QUEUED, moment, approved_by=by)
        records.move(connection, row.id, BulkRefundState.RUNNING, moment, decided_by=by)

    return _decided(context, caller, bulk_id, APPROVE, decide)


def refuse(context: ActionContext, caller: Caller, bulk_id: str, why: str) -> BulkRefund:
    """End what waits, with a reason for its asker."""
    said = mask_cards(str(why))

    def decide(connection: Connection, row: Row[Any], moment: datetime) -> None:
        text("why", said, rules.LONGEST_NOTE)
        records.move_rows(connection, row.id, RefundState.REFUSED, moment, why=said)
        records.move(
            connection, row.id, BulkRefundState.REFUSED, moment, decided_by=caller.actor, why=said
        )

    return _decided(context, caller, bulk_id, REFUSE, decide, why=said)


def withdraw(context: ActionContext, caller: Caller, bulk_id: str) -> BulkRefund:
    """Take back what waits; only who asked does."""

    def decide(connection: Connection, row: Row[Any], moment: datetime) -> None:
        records.move_rows(connection, row.id, RefundState.CANCELED, moment)
        records.move(connection, row.id, BulkRefundState.CANCELED, moment)

    return _decided(context, caller, bulk_id, WITHDRAW, decide)


def expire(context: ActionContext) -> int:
    """End what waited too long, and free what it reserved; how many. The worker's step."""
    b = bulk_refunds.c
    late = select(b.id).where(
        b.state == BulkRefundState.AWAITING_APPROVAL, b.expires_at <= clock.now()
    )
    with reading(context.engine) as connection:
        ids = connection.scalars(late.order_by(b.expires_at).limit(20)).all()
    return sum(retrying(partial(_expire, context, one)) for one in ids)


def _decided(
    context: ActionContext,
    caller: Caller,
    bulk_id: str,
    action: str,
    decide: Decide,
    **details: Any,
) -> BulkRefund:
    own = action == WITHDRAW
    right = rights.BULK_REFUND if own else rights.APPROVE_REFUND
    authorize(context, caller, (right,), action, str(bulk_id))

    def write() -> BulkRefund:
        with in_turn(context.engine, records.line(bulk_id)) as connection:
            moment = clock.now()
            person = permitted(connection, caller, right, now=moment)
            row = records.find(connection, bulk_id)
            if own != (row.asked_user_id == person.user_id):
                raise NotPermitted(right, _ONLY_OWN if own else _NOT_OWN)
            if row.state != BulkRefundState.AWAITING_APPROVAL:
                raise AlreadyDecided
            if row.expires_at <= moment:
                raise AlreadyDecided(
                    "It waited too long and has expired; it may be asked for anew."
                )
            step_up.require(connection, caller, action, context.step_up, moment)
            decide(connection, row, moment)
            decided = records.shape(records.find(connection, row.id))
            records.note_bulk(connection, caller.actor, action, row.id, moment, **details)
        return decided

    with refusals_noted(context, caller, action, str(bulk_id)):
        return retrying(write)


_NOT_OWN = "Somebody else decides about what you asked for yourself."
_ONLY_OWN = "Only who asked takes a request back."


def _expire(context: ActionContext, bulk_id: str) -> bool:
    moment = clock.now()
    with in_turn(context.engine, records.line(bulk_id)) as connection:
        row = records.find(connection, bulk_id)
        if row.state != BulkRefundState.AWAITING_APPROVAL:
            return False
        records.move_rows(connection, bulk_id, RefundState.EXPIRED, moment, why=NOBODY)
        records.move(connection, bulk_id, BulkRefundState.EXPIRED, moment, why=NOBODY)
        records.note_bulk(connection, "worker", EXPIRE, bulk_id, moment)
    return True
