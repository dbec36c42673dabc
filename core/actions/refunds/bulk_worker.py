"""The worker's part of bulk refunds: one row after another, each sent once through any crash.

A row leaves `queued` in the transaction that writes its operation down under the row's own id, so
that two workers share a bulk without a lease, and what one left in the middle is an operation like
any other (`core/actions/resolve`). Before each row those who decided are asked for their rights
anew: who lost them stops their bulk.
"""

from __future__ import annotations

import logging
import random
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, select

from core import clock
from core.actions.context import ActionContext
from core.actions.operations.call import send
from core.actions.operations.kinds import PendingCall
from core.actions.operations.operations import record
from core.actions.refunds import authority as refund_authority
from core.actions.refunds import bulk_requests as records
from core.actions.refunds import validation as rules
from core.actions.refunds.requests import lines_of, locked, order_of
from core.actions.refunds.requests import note_request as note_row
from core.db.engine import reading, retrying
from core.db.tables import bulk_refunds, refund_requests
from core.db.turns import in_turn
from core.db.wakeups import Work
from core.domain.refundable import refundable_balance
from core.errors import InvalidInput, NotRefundable, StripeError
from core.mirror.refund_requests import move
from core.money import Money
from core.states import BulkRefundState, RefundState

_log = logging.getLogger(__name__)

ROW = "bulk_refund.row"
DONE = "bulk_refund.done"
#: So many rows without an answer hold the others back: Stripe is not well, or not there.
MOST_IN_FLIGHT = 8
#: Workers choose among the first rows, so that they seldom want the same one.
_CHOICE = 8
#: A row is sent from this state alone.
_SENT_FROM = (RefundState.QUEUED,)


def send_waiting_rows(context: ActionContext) -> bool:
    """Send one row of a bulk that runs, or end a bulk without rows; whether there was work."""
    for bulk_id in _running(context):
        with reading(context.engine) as connection:
            queued = _ids(connection, bulk_id, _SENT_FROM, _CHOICE)
            waiting = _ids(
                connection, bulk_id, (RefundState.SENDING, RefundState.UNKNOWN), MOST_IN_FLIGHT
            )
        if not queued:
            retrying(partial(_end, context, bulk_id))
            return True
        if len(waiting) < MOST_IN_FLIGHT:
            _send_row(context, bulk_id, random.choice(queued))  # noqa: S311 - no secret
            return True
    return False


def work(context: ActionContext) -> Work:
    """What whoever sends the rows waits for."""
    return Work(lambda _at: exists().where(_runs(context)))


def _runs(context: ActionContext) -> ColumnElement[bool]:
    b = bulk_refunds.c
    return (b.state == BulkRefundState.RUNNING) & b.livemode.in_(list(context.gateways))


def _running(context: ActionContext) -> list[str]:
    b = bulk_refunds.c
    query = select(b.id).where(_runs(context))
    with reading(context.engine) as connection:
        return list(connection.scalars(query.order_by(b.created_at, b.id).limit(20)))


def _ids(connection: Connection, bulk_id: str, among: tuple[str, ...], most: int) -> list[str]:
    q = refund_requests.c
    query = select(q.id).where(q.bulk_id == bulk_id, q.state.in_(among))
    return list(connection.scalars(query.limit(most)))


def _send_row(context: ActionContext, bulk_id: str, request_id: str) -> None:
    sending = retrying(partial(_take, context, request_id))
    if isinstance(sending, str):
        retrying(partial(_halt, context, bulk_id, sending))
        return
    if sending is None:
        return
    try:
        send(context, sending)
    except StripeError as error:
        # It is written down: refused, or unknown and being resolved. The next row goes on.
        _log.warning("%s %s: %s", sending.kind, sending.operation_id, error.code)


def _take(context: ActionContext, request_id: str) -> PendingCall | str | None:
    """Write the row's operation down; None when another has it, or nothing can be given back, and
    the reason when nothing of its bulk is to be sent any more."""
    with in_turn(context.engine, *lines_of(context, request_id)) as connection:
        moment = clock.now()
        payment, row = locked(connection, request_id)
        if row.state not in _SENT_FROM:
            return None
        if why := refund_authority.lost(connection, row, moment):
            return why
        amount = Money(row.amount_minor, row.currency)
        try:
            rules.check_refundable(connection, payment)
            if (
                amount.minor
                > refundable_balance(connection, payment, without=row.id).available_minor
            ):
                raise NotRefundable("payment_intent_id", "has less left than this request asks for")
        except InvalidInput as error:
            _fail(connection, row, error)
            return None
        key = _operation_id(row)
        move(connection, row.id, RefundState.SENDING, at=moment, operation_id=key)
        order = order_of(row.payment_id, row.livemode, amount, row.reason)
        return record(connection, refund_authority.asker(row), order, key, moment)


def _operation_id(row: Row[Any]) -> str:
    return str(row.id)


def _fail(connection: Connection, row: Row[Any], error: InvalidInput) -> None:
    moment = clock.now()
    move(connection, row.id, RefundState.FAILED, at=moment, why=error.rule[:500])
    note_row(connection, "worker", ROW, row, moment, outcome="failed", why=error.rule)


def _halt(context: ActionContext, bulk_id: str, why: str) -> None:
    """Stop it as a person would; what was sent stays sent."""
    moment = clock.now()
    with in_turn(context.engine, records.line(bulk_id)) as connection:
        if records.find(connection, bulk_id).state != BulkRefundState.RUNNING:
            return
        left = records.move_rows(connection, bulk_id, RefundState.CANCELED, moment, why=why)
        records.move(connection, bulk_id, BulkRefundState.STOPPED, moment, why=why)
        records.note_bulk(connection, "worker", records.STOP, bulk_id, moment, unsent=left, why=why)
    _log.warning("%s %s: %s", records.STOP, bulk_id, why)


def _end(context: ActionContext, bulk_id: str) -> None:
    """Every row was sent or failed; what Stripe still owes an answer about is resolved alone."""
    moment = clock.now()
    q = refund_requests.c
    with in_turn(context.engine, records.line(bulk_id)) as connection:
        row = records.find(connection, bulk_id)
        if row.state != BulkRefundState.RUNNING:
            return
        counted = connection.execute(
            select(q.state, func.count()).where(q.bulk_id == bulk_id).group_by(q.state)
        )
        found = {str(state): int(count) for state, count in counted}
        records.move(connection, bulk_id, BulkRefundState.DONE, moment)
        records.note_bulk(connection, "worker", DONE, bulk_id, moment, rows=found)
