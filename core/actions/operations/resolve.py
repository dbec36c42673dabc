"""Operations whose outcome nobody knows: found at Stripe, or sent again under the same key.

Stripe keeps an idempotency key for 24 hours. Until 23 an operation that cannot be found is sent
again, which acts once at most; after that it is only looked for, and ends undone. Each try asks how
long that is still (`Sending.until`): whoever sends may be stopped between any two of them.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from core import clock
from core.actions.context import ActionContext
from core.actions.operations.call import (
    LEASE,
    REFUND,
    PendingCall,
    end_undone,
    record_outcome,
    send,
)
from core.actions.operations.lookups import Unresolved, finder
from core.actions.refunds import authority as refund_authority
from core.db.engine import reading, retrying, writing
from core.db.tables import operations
from core.errors import StripeError
from core.gateway.client import KEY_LASTS
from core.mirror.faults import OF_ONE_OBJECT, raise_if_transient, reason
from core.mirror.refund_requests import follow_operation

_log = logging.getLogger(__name__)

#: Since it was written down: its key came to Stripe at some time after that, nobody knows when.
SENT_AGAIN_FOR = KEY_LASTS
#: What is not sent again may still turn up for so long after it was sent.
LOOKED_FOR = timedelta(minutes=10)
#: A failing look waits twice as long each time, up to this.
LONGEST_WAIT = timedelta(minutes=10)
BATCH = 20


def resolve(context: ActionContext) -> int:
    """Look once for each operation that is due; how many were looked for."""
    due = retrying(partial(_claim, context, clock.now()))
    for one in due:
        _look(context, one)
    return len(due)


def _claim(context: ActionContext, moment: datetime) -> list[Unresolved]:
    c = operations.c
    due = c.state.in_(["sending", "unknown"]) & (c.next_attempt_at <= moment)
    due &= c.livemode.in_(list(context.gateways))
    fence = uuid.uuid4().hex
    with reading(context.engine) as connection:
        if connection.execute(select(c.id).where(due).limit(1)).first() is None:
            return []
    with writing(context.engine) as connection:
        ids = connection.scalars(
            select(c.id).where(due).order_by(c.next_attempt_at).limit(BATCH).with_for_update()
        ).all()
        connection.execute(
            operations.update()
            .where(c.id.in_(ids))
            .values(
                fence=fence,
                state="unknown",
                attempts=c.attempts + 1,
                next_attempt_at=moment + LEASE,
            )
        )
        rows = connection.execute(select(operations).where(c.id.in_(ids), c.fence == fence)).all()
        for row in rows:
            if row.kind == REFUND:
                follow_operation(connection, row.id, "unknown", None, moment)
    return [_unresolved(row, fence) for row in rows]


def _unresolved(row: Any, fence: str) -> Unresolved:
    params = json.loads(row.params)
    left = row.created_at + SENT_AGAIN_FOR - clock.now()
    sending = PendingCall(
        operation_id=row.id,
        kind=row.kind,
        livemode=row.livemode,
        path=params["path"],
        body=params["body"],
        target=params["target"],
        tagged=params["tagged"],
        fence=fence,
        actor=row.actor,
        trace=params.get("trace", {}),
        again=True,
        until=clock.ends_in(min(left, LEASE)),
    )
    return Unresolved(sending, row.attempts, row.created_at, row.updated_at)


def _look(context: ActionContext, one: Unresolved) -> None:
    """Find what came of it, or send it again; an error of Stripe's puts it off."""
    sending, started = one.sending, clock.now()
    try:
        found = finder(sending.kind)(context.gateway(sending.livemode), one)
        if found is not None:
            retrying(partial(record_outcome, context, sending, found, started))
        elif (why := _not_again(context, one)) is None:
            send(context, sending)
        elif clock.now() - one.sent_at < LOOKED_FOR:
            retrying(partial(_put_off, context, one))
        else:
            retrying(partial(end_undone, context, sending, why))
    except StripeError as error:
        _log.warning("%s %s: %s", sending.kind, sending.operation_id, error.code)
        retrying(partial(_put_off, context, one))
    except OF_ONE_OBJECT as error:
        raise_if_transient(error)
        # What cannot be read, or not be kept, must not hold up those that were claimed with it.
        _log.error("%s %s: %s", sending.kind, sending.operation_id, reason(error))
        retrying(partial(_put_off, context, one))


def _not_again(context: ActionContext, one: Unresolved) -> str | None:
    """Why the same call is not made again; None if it is."""
    if one.sending.trace:
        return "Stripe does not have it, and it was not kept here: do it again"
    if clock.now() - one.created_at >= SENT_AGAIN_FOR:
        return "Stripe does not have it, and its key has ended: it is not sent again"
    return refund_authority.withdrawn(context.engine, one.sending)


def _put_off(context: ActionContext, one: Unresolved) -> None:
    """Look again later, unless the error was the outcome."""
    c = operations.c
    wait = min(timedelta(seconds=3) * 2 ** min(one.attempts, 10), LONGEST_WAIT)
    with writing(context.engine) as connection:
        connection.execute(
            operations.update()
            .where(
                c.id == one.sending.operation_id,
                c.state.in_(["unknown", "not_sent"]),
                c.fence.is_(None) | (c.fence == one.sending.fence),
            )
            .values(state="unknown", fence=None, next_attempt_at=clock.now() + wait)
        )
