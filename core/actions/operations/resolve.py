"""Operations whose outcome nobody knows: found at Stripe, or sent again under the same key.

Stripe keeps an idempotency key for 24 hours. Until 23 an operation that cannot be found is sent
again, which acts once at most; after that it is only looked for, and ends undone. Each try asks how
long that is still (`Sending.until`): whoever sends may be stopped between any two of them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import case, literal, select

from core import clock
from core.actions.context import ActionContext
from core.actions.operations.call import (
    LONGEST_WAIT,
    OPERATION_LEASE,
    end_undone,
    record_outcome,
    send,
)
from core.actions.operations.kinds import (
    LEASE,
    Doubled,
    Json,
    OperationKind,
    PendingCall,
    Unresolved,
)
from core.db.engine import reading, retrying, writing
from core.db.leases import SLACK
from core.db.tables import operations
from core.db.types import Utc
from core.db.wakeups import Work
from core.errors import Misconfigured, StripeError
from core.gateway.client import KEY_LASTS, Gateway
from core.mirror.faults import OF_ONE_OBJECT, raise_if_transient, reason
from core.mirror.operation_objects import Tagged, note_tagged
from core.states import OperationState

_log = logging.getLogger(__name__)

#: Since it was written down: its key came to Stripe at some time after that, nobody knows when.
SENT_AGAIN_FOR = KEY_LASTS
#: What is not sent again may still turn up for so long after it was sent.
LOOKED_FOR = timedelta(minutes=10)
BATCH = 20
#: An operation with a date ahead of now may be as old as this, and hardly older.
_FAR_BACK = timedelta(days=7)


def resolve(context: ActionContext, kinds: Mapping[str, OperationKind]) -> int:
    """Look once for each operation that is due; how many were looked for.

    `kinds` by name. An operation of another one is put off, loudly: a later version knows it.
    """
    due = retrying(partial(_claim, context, kinds, clock.now()))
    for one in due:
        _look(context, one)
    return len(due)


def work(context: ActionContext) -> Work:
    """What whoever resolves operations waits for."""
    return OPERATION_LEASE.work(operations.c.livemode.in_(list(context.gateways)))


def _claim(
    context: ActionContext, kinds: Mapping[str, OperationKind], moment: datetime
) -> list[Unresolved]:
    c = operations.c
    due = OPERATION_LEASE.due(moment) & c.livemode.in_(list(context.gateways))
    with reading(context.engine) as connection:
        oldest = select(c.id).where(due).order_by(c.next_attempt_at).limit(BATCH)
        ids = connection.scalars(oldest).all()
    if not ids:
        return []
    with writing(context.engine) as connection:
        fence = OPERATION_LEASE.take(
            connection,
            c.id.in_(ids),
            moment,
            state=OperationState.UNKNOWN,
            attempts=c.attempts + 1,
            # Of a clock that ran ahead: it counts as sent when it is looked for first.
            updated_at=case(
                (c.updated_at > moment + SLACK, literal(moment, Utc())), else_=c.updated_at
            ),
        )
        mine = c.id.in_(ids) & OPERATION_LEASE.held(fence)
        rows = connection.execute(select(operations).where(mine)).all()
        found = [_unresolved(row, kinds.get(row.kind) or _unknown(row.kind)) for row in rows]
        for row, one in zip(rows, found, strict=True):
            kind = one.sending.kind
            kind.follow(connection, row.id, OperationState.UNKNOWN, None, moment)
    return found


def _unknown(name: str) -> OperationKind:
    def find(_gateway: Gateway, _one: Unresolved) -> Json | None:
        raise Misconfigured(f"nobody knows how to find out about {name}")

    return OperationKind(name, find)


def _unresolved(row: Any, kind: OperationKind) -> Unresolved:
    params = json.loads(row.params)
    left = row.created_at + SENT_AGAIN_FOR - clock.now()
    sending = PendingCall(
        operation_id=row.id,
        kind=kind,
        livemode=row.livemode,
        path=params["path"],
        body=params["body"],
        target=params["target"],
        tagged=params["tagged"],
        fence=row.fence,
        actor=row.actor,
        trace=params.get("trace", {}),
        again=True,
        until=clock.ends_in(min(left, LEASE)),
    )
    # Objects are looked for from its date on: of a clock that ran ahead, from days back.
    made = row.created_at if row.created_at <= clock.now() + SLACK else clock.now() - _FAR_BACK
    return Unresolved(sending, row.attempts, row.created_at, made, row.updated_at)


def _look(context: ActionContext, one: Unresolved) -> None:
    """Find what came of it, or send it again; an error of Stripe's puts it off."""
    sending, started = one.sending, clock.now()
    try:
        found = _found(context, one)
        if found is not None:
            retrying(partial(record_outcome, context, sending, found, started))
        elif (why := _not_again(context, one)) is None:
            send(context, sending)
        elif clock.now() - one.sent_at < LOOKED_FOR:
            retrying(partial(_put_off, context, one))
        else:
            retrying(partial(end_undone, context, sending, why))
    except StripeError as error:
        _log.warning("%s %s: %s", sending.kind.name, sending.operation_id, error.code)
        retrying(partial(_put_off, context, one))
    except OF_ONE_OBJECT as error:
        raise_if_transient(error)
        # What cannot be read, or not be kept, must not hold up those that were claimed with it.
        _log.error("%s %s: %s", sending.kind.name, sending.operation_id, reason(error))
        retrying(partial(_put_off, context, one))


def _found(context: ActionContext, one: Unresolved) -> Mapping[str, Any] | None:
    """What came of it at Stripe; of several objects the first that was made, and all are noted."""
    sending = one.sending
    try:
        return sending.kind.find(context.gateway(sending.livemode), one)
    except Doubled as error:
        _log.error("%s %s made %s", sending.kind.name, sending.operation_id, error)
        # Stripe lists the newest first, also those of one second.
        found: list[Mapping[str, Any]] = list(reversed(error.found))
        found.sort(key=lambda each: int(each["created"]))
        retrying(partial(_note_doubled, context, sending, found))
        return found[0]


def _note_doubled(
    context: ActionContext, sending: PendingCall, found: list[Mapping[str, Any]]
) -> None:
    tagged = [
        Tagged(
            sending.operation_id,
            each["id"],
            sending.livemode,
            each.get("payment_intent") or each.get("charge"),
        )
        for each in found
    ]
    with writing(context.engine) as connection:
        note_tagged(connection, tagged, clock.now())


def _not_again(context: ActionContext, one: Unresolved) -> str | None:
    """Why the same call is not made again; None if it is."""
    if one.sending.trace:
        return "Stripe does not have it, and it was not kept here: do it again"
    if one.created_at > clock.now() + SLACK:
        return "Stripe does not have it, and nobody knows how old its key is: it is not sent again"
    if clock.now() - one.created_at >= SENT_AGAIN_FOR:
        return "Stripe does not have it, and its key has ended: it is not sent again"
    return one.sending.kind.withdrawn(context.engine, one.sending)


def _put_off(context: ActionContext, one: Unresolved) -> None:
    """Look again later, unless the error was the outcome."""
    c = operations.c
    wait = min(timedelta(seconds=3) * 2 ** min(one.attempts, 10), LONGEST_WAIT)
    with writing(context.engine) as connection:
        connection.execute(
            operations.update()
            .where(
                c.id == one.sending.operation_id,
                c.state.in_([OperationState.UNKNOWN, OperationState.NOT_SENT]),
                c.fence.is_(None) | (c.fence == one.sending.fence),
            )
            .values(state=OperationState.UNKNOWN, fence=None, next_attempt_at=clock.now() + wait)
        )
