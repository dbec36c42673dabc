"""Who kept which field of a dispute's answer, and who sent it or let it be lost, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from core.db.tables import evidence_saves, operations
from core.reads.permissions import requires
from core.reads.search.logs.names import names_of
from core.states import OperationState

SUBMIT, ACCEPT = "dispute.submit", "dispute.accept"
#: Written down, and not known to have happened.
_OPEN = (OperationState.SENDING, OperationState.UNKNOWN)
_O = operations.c


@dataclass(frozen=True, slots=True)
class Saved:
    """The last save of a field that Stripe took: by whom, when (UTC), by which operation."""

    by: str
    at: datetime
    operation_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was given here. `kind` is `SUBMIT` or `ACCEPT`; times are UTC.

    `confirmed_at` is when Stripe said that it has it; None while nobody knows.
    """

    kind: str
    by: str
    asked_at: datetime
    confirmed_at: datetime | None


@requires("see_disputes")
def saves(conn: Connection, *, dispute_id: str, livemode: bool) -> Mapping[str, Saved]:
    """By field of evidence, its last save from here."""
    s = evidence_saves.c
    asked = (
        select(s.field, s.actor, s.saved_at, s.operation_id)
        .join_from(evidence_saves, operations, s.operation_id == _O.id)
        .where(
            s.dispute_id == dispute_id,
            _O.livemode == livemode,
            _O.state == OperationState.SUCCEEDED,
        )
    )
    rows = conn.execute(asked).all()
    names = names_of(conn, {row.actor for row in rows})
    return {
        row.field: Saved(names.get(row.actor, row.actor), row.saved_at, row.operation_id)
        for row in rows
    }


@requires("see_disputes")
def answers(conn: Connection, *, dispute_id: str, livemode: bool) -> tuple[Answer, ...]:
    """The answers to a dispute that went out from here, or are on their way; oldest first."""
    done = and_(_O.stripe_id == dispute_id, _O.state == OperationState.SUCCEEDED)
    asked = (
        select(operations)
        .where(
            _O.kind.in_((SUBMIT, ACCEPT)),
            _O.livemode == livemode,
            # Few are open at any moment; whose they are stands in their parameters alone.
            or_(done, _O.state.in_(_OPEN)),
        )
        .order_by(_O.created_at, _O.id)
    )
    rows = [
        row
        for row in conn.execute(asked)
        if row.stripe_id == dispute_id or json.loads(row.params).get("target") == dispute_id
    ]
    names = names_of(conn, {row.actor for row in rows})
    return tuple(
        Answer(
            row.kind,
            names.get(row.actor, row.actor),
            row.created_at,
            row.updated_at if row.state == OperationState.SUCCEEDED else None,
        )
        for row in rows
    )
