"""The one answer that a dispute takes, whoever gives it: its operation has an id of its own.

It is answered once as an inquiry, once as a dispute and once on appeal, and again where Stripe has
opened it anew since the answer.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Row, select

from core.actions.context import ActionContext
from core.actions.operations.operations import Check
from core.db.engine import reading
from core.db.tables import disputes, operations
from core.errors import AlreadyDecided, InvalidInput, NotFound, OutcomeUnknown, RequestRepeated
from core.gateway.evidence_fields import ANSWERABLE
from core.states import OperationState

_ANSWER = uuid.UUID("2f0c2e1a-7d65-4c0b-9a0e-51f6c3d8b7aa")
#: After these nothing happened at Stripe and nothing will: another answer may be given.
_OVER = (OperationState.REFUSED, OperationState.FAILED, OperationState.NOT_SENT)
#: More tries of one answer than this are none.
_MOST = 1_000
_shown = select(disputes.c.status, disputes.c.as_of, disputes.c.confirmed)


def in_mirror(context: ActionContext, dispute_id: str, livemode: bool) -> None:
    """`NotFound` where there is no such dispute in this mode."""
    d = disputes.c
    query = select(d.stripe_id).where(d.stripe_id == str(dispute_id), d.livemode == livemode)
    with reading(context.engine) as connection:
        if connection.scalar(query) is None:
            raise NotFound(f"There is no dispute {str(dispute_id)[:64]} here")


def answering(context: ActionContext, dispute_id: str) -> str:
    """The id of the operation that answers a dispute now; an error when it was answered."""
    d = disputes.c
    with reading(context.engine) as connection:
        shown = connection.execute(_shown.where(d.stripe_id == dispute_id)).one()
        operation_id, state = _turn(connection, dispute_id, shown)
    if state == OperationState.SUCCEEDED:
        raise AlreadyDecided
    if state == OperationState.UNKNOWN:
        raise OutcomeUnknown
    if state == OperationState.SENDING:
        raise RequestRepeated
    return operation_id


def line_of_dispute(dispute_id: str) -> str:
    """Where whoever keeps a draft of an answer, or sends it, stands in line."""
    return f"dispute {dispute_id}"


def still_open(dispute_id: str) -> Check:
    """A draft is not touched any more once it is on its way."""

    def check(connection: Connection) -> None:
        shown = connection.execute(_shown.where(disputes.c.stripe_id == dispute_id)).one()
        if shown.status in ANSWERABLE and _turn(connection, dispute_id, shown)[1] is not None:
            raise InvalidInput("dispute", "is being answered: its draft is closed")

    return check


def has_moved_on(dispute_id: str, status: str, operation_id: str) -> bool:
    """Whether a dispute no longer waits for the answer that this operation was to give."""
    if status not in ANSWERABLE:
        return True
    own = (_id(dispute_id, status, number) for number in range(_MOST))
    return operation_id not in own


def _turn(connection: Connection, dispute_id: str, shown: Row[Any, Any, Any]) -> tuple[str, Any]:
    """The first operation of its row of tries that is not over, and its state if there is one."""
    o = operations.c
    for number in range(_MOST):
        operation_id = _id(dispute_id, shown.status, number)
        query = select(o.state, o.updated_at).where(o.id == operation_id)
        found = connection.execute(query).first()
        if found is None:
            return operation_id, None
        if found.state not in _OVER and not _opened_anew(shown, found):
            return operation_id, found.state
    raise AlreadyDecided


def _opened_anew(shown: Row[Any, Any, Any], answer: Row[Any, Any]) -> bool:
    """Whether Stripe, read after an answer had gone out, shows the dispute waiting for one."""
    waits = shown.status in ANSWERABLE and shown.confirmed
    return bool(
        answer.state == OperationState.SUCCEEDED and waits and shown.as_of > answer.updated_at
    )


def _id(dispute_id: str, status: str, number: int) -> str:
    kind = status.partition("_")[0]
    phase = {"warning": "inquiry", "appeal": "appeal"}.get(kind, "dispute")
    return str(uuid.uuid5(_ANSWER, f"{dispute_id} {phase} {number}"))
