"""The one answer that a dispute takes, whoever gives it: its operation has an id of its own.

An inquiry that becomes a dispute is answered once as each.
"""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from sqlalchemy import Connection, select

from core.actions.desk import Desk
from core.actions.operations import Check
from core.db.engine import reading
from core.db.tables import disputes, operations
from core.errors import AlreadyDecided, InvalidInput, NotFound, OutcomeUnknown, RequestRepeated
from core.gateway.evidence_fields import ANSWERABLE

SUBMIT, ACCEPT = "dispute.submit", "dispute.accept"
_ANSWER = uuid.UUID("2f0c2e1a-7d65-4c0b-9a0e-51f6c3d8b7aa")
#: After these nothing happened at Stripe and nothing will: another answer may be given.
_OVER = ("refused", "failed", "not_sent")


def in_mirror(desk: Desk, dispute_id: str, livemode: bool) -> str:
    """The status of a dispute of this mode; `NotFound` where there is none."""
    d = disputes.c
    query = select(d.status).where(d.stripe_id == str(dispute_id), d.livemode == livemode)
    with reading(desk.engine) as connection:
        status = connection.scalar(query)
    if status is None:
        raise NotFound(f"There is no dispute {str(dispute_id)[:64]} here")
    return str(status)


def answering(desk: Desk, dispute_id: str, status: str) -> str:
    """The id of the operation that answers a dispute now; an error when it was answered."""
    with reading(desk.engine) as connection:
        operation_id, state = _turn(connection, dispute_id, status)
    if state == "succeeded":
        raise AlreadyDecided
    if state == "unknown":
        raise OutcomeUnknown
    if state == "sending":
        raise RequestRepeated
    return operation_id


def still_open(dispute_id: str) -> Check:
    """A draft is not touched any more once it is on its way."""

    def check(connection: Connection) -> None:
        query = select(disputes.c.status).where(disputes.c.stripe_id == dispute_id)
        status = str(connection.scalar(query.with_for_update()))
        if status in ANSWERABLE and _turn(connection, dispute_id, status)[1] is not None:
            raise InvalidInput("dispute", "is being answered: its draft is closed")

    return check


def _turn(connection: Connection, dispute_id: str, status: str) -> tuple[str, Any]:
    """The first operation of its row of tries that is not over, and its state if there is one."""
    phase = "inquiry" if status.startswith("warning") else "dispute"
    for number in itertools.count():
        operation_id = str(uuid.uuid5(_ANSWER, f"{dispute_id} {phase} {number}"))
        query = select(operations.c.state).where(operations.c.id == operation_id)
        state = connection.scalar(query)
        if state not in _OVER:
            return operation_id, state
    raise AssertionError
