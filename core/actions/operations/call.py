"""Making the call of an operation that is written down, and recording what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from core import clock
from core.access import audit
from core.actions.context import ActionContext
from core.actions.operations.kinds import LEASE, TAG, PendingCall
from core.actions.operations.log import operation_logged
from core.actions.operations.outcomes import FINAL, error_of, facts_of
from core.db.engine import answering, retrying, writing
from core.db.leases import Lease
from core.db.tables import operations
from core.errors import DatabaseDown, OutcomeUnknown, StripeBusy, StripeError, StripeKeyRefused
from core.gateway.client import FILES, Gateway
from core.gateway.objects import read_object
from core.mirror.apply import apply
from core.mirror.operation_objects import settle
from core.mirror.refresh_queue import RefreshRequest, enqueue, payment_kind
from core.states import OperationState

#: An answer that did not come is looked for so soon.
FIRST_LOOK = timedelta(seconds=3)
#: A failing look waits twice as long each time, up to this.
LONGEST_WAIT = timedelta(minutes=10)
#: Who sends an operation, or looks for what came of it, holds it.
OPERATION_LEASE = Lease(
    operations,
    until=operations.c.next_attempt_at,
    open=operations.c.state.in_([OperationState.SENDING, OperationState.UNKNOWN]),
    lasts=LEASE,
    longest_wait=LONGEST_WAIT,
)

Json = dict[str, Any]
T = TypeVar("T")
_PAYMENT = re.compile(r"/v1/payment_intents/(pi_\w+)")


def send(context: ActionContext, sending: PendingCall) -> tuple[Json, Json]:
    """Call Stripe under the operation's own key; the facts kept and Stripe's object."""
    started = clock.now()
    try:
        with operation_logged(
            sending.kind.name, operation=sending.operation_id, target=sending.target
        ):
            source = _call(context.gateway(sending.livemode), sending)
    except StripeError as error:
        _keep(partial(_note_error, context, sending, error))
        raise
    return _keep(partial(record_outcome, context, sending, source, started)), source


def _call(gateway: Gateway, sending: PendingCall) -> Json:
    key, until, body = sending.operation_id, sending.until, body_of(sending)
    if sending.path == FILES:
        return gateway.upload(idempotency_key=key, until=until, **body)
    return gateway.post(sending.path, idempotency_key=key, until=until, **body)


def _keep(write: Callable[[], T]) -> T:
    """Write down what Stripe said; without the database that is for the worker to find out."""
    try:
        with answering():
            # The end of an operation is written by its fence: once, however often.
            return retrying(write, repeatable=True)
    except DatabaseDown as error:
        raise OutcomeUnknown from error


def body_of(sending: PendingCall) -> Json:
    """Stripe's parameters, in one order; those of a tagged operation carry its id."""
    body = {**sending.body, **sending.unkept}
    if sending.tagged:
        body["metadata"] = dict(body.get("metadata") or {}) | {TAG: sending.operation_id}
    return {name: _ordered(value) for name, value in sorted(body.items())}


def _ordered(value: Any) -> Any:
    """With its names in order: what is sent again is what was sent, also by another process that
    has it from the database, whatever Stripe compares under one key."""
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def record_outcome(
    context: ActionContext, sending: PendingCall, source: Mapping[str, Any], started: datetime
) -> Json:
    """Bring Stripe's object through `apply`, and the operation to its end, in one transaction."""
    facts = facts_of(source)
    moment = clock.now()
    with writing(context.engine) as connection:
        kind, stripe_id = str(source.get("object")), str(source.get("id"))
        # Dated when the call began: a state that was read since is not undone by this one.
        snapshot = read_object(source, as_of=started, confirmed=True, livemode=sending.livemode)
        marks = []
        if snapshot is not None:
            marks.append(RefreshRequest(kind, stripe_id, sending.livemode, moment, None))
        if related := source.get("payment_intent") or source.get("charge"):
            payment = str(related)
            marks.append(
                RefreshRequest(payment_kind(payment), payment, sending.livemode, moment, None)
            )
        apply(connection, [snapshot] if snapshot else [], context.books, marks=marks, at=moment)
        # Where the customer goes to pay is read again from this path when it is asked again.
        outcome = {"facts": facts, "path": f"{_home(sending.path)}/{stripe_id}"}
        if _end(connection, sending, OperationState.SUCCEEDED, outcome, stripe_id, moment):
            settle(connection, sending.operation_id, stripe_id)
            _audit(connection, sending, OperationState.SUCCEEDED, {"stripe_id": stripe_id}, moment)
    return facts


def end_undone(context: ActionContext, sending: PendingCall, why: str) -> None:
    """Record that nothing happened at Stripe, and that nothing will."""
    moment = clock.now()
    with writing(context.engine) as connection:
        outcome = {"error": {"code": "operation_undone", "message": why}}
        if _end(connection, sending, OperationState.FAILED, outcome, None, moment):
            _audit(connection, sending, OperationState.FAILED, {}, moment)


def _note_error(context: ActionContext, sending: PendingCall, error: StripeError) -> None:
    moment = clock.now()
    with writing(context.engine) as connection:
        if isinstance(error, (StripeBusy, StripeKeyRefused)):
            held = sending.again or sending.kind.kept_up
            state = OperationState.UNKNOWN if held else OperationState.NOT_SENT
        else:
            final = error.code in FINAL
            state = OperationState.REFUSED if final else OperationState.UNKNOWN
        if not _end(connection, sending, state, error_of(error), None, moment):
            return
        _audit(connection, sending, state, {"code": error.decline_code or error.code}, moment)
        if found := _PAYMENT.match(sending.path):
            # A refused attempt changes the payment too.
            enqueue(
                connection,
                [RefreshRequest("payment_intent", found[1], sending.livemode, moment, None)],
                at=moment,
            )


def _end(
    connection: Connection,
    sending: PendingCall,
    state: OperationState,
    outcome: Json,
    stripe_id: str | None,
    moment: datetime,
) -> bool:
    """Write what came of it, unless somebody else resolved it meanwhile."""
    wait = FIRST_LOOK if state is OperationState.UNKNOWN else timedelta()
    values: Json = {"stripe_id": stripe_id} if stripe_id else {}
    written = OPERATION_LEASE.give_back(
        connection,
        operations.c.id == sending.operation_id,
        sending.fence,
        state=state,
        outcome=json.dumps(outcome, sort_keys=True, ensure_ascii=False),
        next_attempt_at=moment + wait,
        updated_at=moment,
        **values,
    )
    if written and state is not OperationState.SUCCEEDED:
        why = outcome["error"]["message"]
        sending.kind.follow(connection, sending.operation_id, state, why, moment)
    return bool(written)


def _audit(
    connection: Connection, sending: PendingCall, outcome: str, details: Json, moment: datetime
) -> None:
    audit.append(
        connection,
        actor=sending.actor,
        action=sending.kind.name,
        target=sending.target or str(details.get("stripe_id", "")),
        outcome=outcome,
        details={"operation": sending.operation_id} | details,
        now=moment,
    )


def _home(path: str) -> str:
    """`/v1/payment_intents/pi_1/confirm` → `/v1/payment_intents`."""
    return "/".join(path.split("/")[: 4 if path.startswith("/v1/checkout/") else 3])
