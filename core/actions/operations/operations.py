"""One call that changes something at Stripe: written down, committed, made, recorded.

The operation's id is the idempotency key, so the same id never acts twice. Whatever dies in
between, the worker finds the outcome (`core/actions/resolve`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from core import clock
from core.access import audit
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.operations.call import send
from core.actions.operations.fingerprint import trace_of
from core.actions.operations.kinds import LEASE, OperationKind, PendingCall
from core.actions.operations.outcomes import raise_again
from core.actions.operations.redaction import is_same
from core.actions.transaction import refusals_noted
from core.db.engine import reading, retrying
from core.db.tables import operations
from core.db.turns import in_turn
from core.db.upsert import insert_new
from core.errors import (
    IdempotencyKeyReused,
    InvalidInput,
    OutcomeUnknown,
    RequestRepeated,
)
from core.states import OperationState

_KEY = uuid.UUID("8c3c5b6e-5c0e-4a58-9a1e-0f1a7d3f2b11")

Json = dict[str, Any]
Check = Callable[[Connection], None]


@dataclass(frozen=True)
class StripeRequest:
    """What is to be asked of Stripe. `tagged`: the object takes metadata, and gets our id.

    `unkept` is sent with the body and kept nowhere here: evidence and files. Such an operation is
    never sent again by the worker; its trace tells what was sent.
    """

    kind: OperationKind
    livemode: bool
    path: str
    body: Mapping[str, Any]
    target: str = ""
    tagged: bool = False
    unkept: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Done:
    """What came of it: our id, the facts that were kept, and Stripe's object as it is now."""

    operation_id: str
    facts: Mapping[str, Any]
    source: Mapping[str, Any] = field(repr=False)


def id_for(caller: Caller, route: str, key: str | None) -> str:
    """The operation's id: the same for the same caller, route and key; a new one without a key."""
    if key is None:
        return str(uuid.uuid4())
    if not 0 < len(key) <= 255 or not key.isprintable():
        raise InvalidInput("Idempotency-Key", "has 1 to 255 printable characters")
    return str(uuid.uuid5(_KEY, json.dumps([caller.actor, route, key])))


def authorize(
    context: ActionContext, caller: Caller, rights: tuple[str, ...], kind: str, target: str
) -> None:
    """Let pass who has one of the rights now: before anything else is said about a request."""
    with refusals_noted(context, caller, kind, target), reading(context.engine) as connection:
        permitted(connection, caller, *rights)


def execute(
    context: ActionContext,
    caller: Caller,
    order: StripeRequest,
    *,
    rights: tuple[str, ...],
    operation_id: str | None = None,
    check: Check | None = None,
    lines: Iterable[str] = (),
) -> Done:
    """Do it once. `check` runs in the transaction that writes it down and may refuse it; `lines` is
    where it stands in line for that, besides its own.

    Asked again with the same id it answers what it answered before, or goes on where it stood.
    Raises the errors of `core.errors`; after `OutcomeUnknown` the worker resolves it.
    """
    operation_id = operation_id or str(uuid.uuid4())
    names = (f"operation {operation_id}", *lines)
    write = partial(_write_down, context, caller, order, rights, operation_id, check, names)
    with refusals_noted(context, caller, order.kind.name, order.target):
        # What was kept is found by its id, and resolved by the worker.
        sending = retrying(write, repeatable=True)
    if isinstance(sending, PendingCall):
        return Done(operation_id, *send(context, sending))
    source = context.gateway(order.livemode).get(sending["path"])
    return Done(operation_id, sending["facts"], source)


def _write_down(
    context: ActionContext,
    caller: Caller,
    order: StripeRequest,
    rights: tuple[str, ...],
    operation_id: str,
    check: Check | None,
    lines: Iterable[str],
) -> PendingCall | Json:
    with in_turn(context.engine, *lines) as connection:
        moment = clock.now()
        permitted(connection, caller, *rights, now=moment)
        kept = connection.execute(select(operations).where(operations.c.id == operation_id)).first()
        if kept is not None:
            return _again(connection, caller, order, kept, moment)
        if check is not None:
            check(connection)
        return record(connection, caller, order, operation_id, moment)


def record(
    connection: Connection,
    caller: Caller,
    order: StripeRequest,
    operation_id: str,
    moment: datetime,
) -> PendingCall:
    """Write an operation down in the caller's transaction; `send` it once that is committed.

    The id is the table's key: a decision that has its own can be written down only once.
    """
    fence = uuid.uuid4().hex
    row = {
        "id": operation_id,
        "kind": order.kind.name,
        "livemode": order.livemode,
        "idempotency_key": operation_id,
        "params": _params(order),
        "state": OperationState.SENDING,
        "actor": caller.actor,
        "attempts": 1,
        "next_attempt_at": moment + LEASE,
        "fence": fence,
        "created_at": moment,
        "updated_at": moment,
    }
    # The same request twice at once: who was slower comes back as `InsertRace`, and finds it.
    insert_new(connection, operations, [row])
    audit.append(
        connection,
        actor=caller.actor,
        action=order.kind.name,
        target=order.target,
        outcome="asked",
        details={"operation": operation_id},
        now=moment,
    )
    return _sending(order, operation_id, fence, caller.actor)


def _again(
    connection: Connection, caller: Caller, order: StripeRequest, kept: Any, moment: datetime
) -> PendingCall | Json:
    """A request that was made before: its answer, or its turn again if it was never sent."""
    asked, params = (caller.actor, order.kind.name, order.livemode), _params(order)
    if (kept.actor, kept.kind, kept.livemode) != asked or not is_same(kept, params):
        raise IdempotencyKeyReused
    if kept.state == OperationState.SUCCEEDED:
        answer: Json = json.loads(kept.outcome)
        return answer
    if kept.state in (OperationState.REFUSED, OperationState.FAILED):
        raise_again(json.loads(kept.outcome))
    if kept.state == OperationState.UNKNOWN:
        raise OutcomeUnknown
    if kept.state == OperationState.SENDING:
        raise RequestRepeated
    # Stripe refused it before it acted, so that its key is as good as never sent.
    fence = uuid.uuid4().hex
    connection.execute(
        operations.update()
        .where(operations.c.id == kept.id)
        .values(
            state=OperationState.SENDING,
            params=params,
            fence=fence,
            attempts=kept.attempts + 1,
            next_attempt_at=moment + LEASE,
            updated_at=moment,
        )
    )
    return _sending(order, kept.id, fence, caller.actor)


def _params(order: StripeRequest) -> str:
    kept = {
        "path": order.path,
        "body": order.body,
        "target": order.target,
        "tagged": order.tagged,
    }
    if order.unkept:
        kept["trace"] = trace_of(order.unkept)
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)


def _sending(order: StripeRequest, operation_id: str, fence: str, actor: str) -> PendingCall:
    return PendingCall(
        operation_id=operation_id,
        kind=order.kind,
        livemode=order.livemode,
        path=order.path,
        body=order.body,
        target=order.target,
        tagged=order.tagged,
        fence=fence,
        actor=actor,
        unkept=order.unkept,
        trace=trace_of(order.unkept) if order.unkept else {},
    )
