"""Which save of a field of evidence was the last, so that none is overwritten unseen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.db.engine import reading
from core.db.tables import evidence_saves, operations
from core.db.upsert import upsert
from core.errors import ChangedMeanwhile, RequestRepeated, TillwatchError
from core.states import OperationState

_S = evidence_saves.c
#: By field, the operation that kept it last.
Marks = Mapping[str, str]


class SavedMeanwhile(TillwatchError):
    """A field was kept by somebody between our look at Stripe and our own save: look again."""


def marks(context: ActionContext, dispute_id: str) -> Marks:
    """The last saves of a dispute's evidence, read before Stripe is."""
    with reading(context.engine) as connection:
        return _marks(connection, dispute_id)


def hold(
    before: Mapping[str, str] | None, kept: Mapping[str, str], changed: Collection[str]
) -> None:
    """`ChangedMeanwhile` for the first field to be changed that is not as its writer saw it.

    `before` is what they saw, '' for nothing; a field that is not in it is not compared.
    """
    for field in changed:
        if before is not None and field in before and before[field] != kept.get(field, ""):
            raise ChangedMeanwhile(field, "was changed by somebody else since you saw it")


def write(
    connection: Connection,
    caller: Caller,
    dispute_id: str,
    fields: Collection[str],
    *,
    seen: Marks,
    compared: Collection[str],
    operation_id: str,
    now: datetime,
) -> None:
    """Note that this operation keeps these fields, in the line of the dispute.

    `SavedMeanwhile` where one that is `compared` was kept since `seen`; `RequestRepeated` while
    somebody else's last save of it is on its way to Stripe.
    """
    last = _marks(connection, dispute_id)
    if any(last.get(field) != seen.get(field) for field in compared):
        raise SavedMeanwhile
    ids = [last[field] for field in compared if field in last]
    if _under_way(connection, ids, operations.c.actor != caller.actor):
        raise RequestRepeated
    rows = {"dispute_id": dispute_id, "operation_id": operation_id, "actor": caller.actor}
    upsert(connection, evidence_saves, [rows | {"field": f, "saved_at": now} for f in fields])


def settled(connection: Connection, dispute_id: str, *, seen: Marks) -> None:
    """Let an answer go out, in the line of the dispute, as it was read after `seen`.

    `SavedMeanwhile` where a field was kept since, `RequestRepeated` while a save is on its way to
    Stripe, whoever's: the bank would get it unseen, or without it.
    """
    last = _marks(connection, dispute_id)
    if last != seen:
        raise SavedMeanwhile
    if _under_way(connection, last.values()):
        raise RequestRepeated


def _under_way(connection: Connection, ids: Iterable[str], *more: ColumnElement[bool]) -> bool:
    o, asked = operations.c, sorted(set(ids))
    query = select(o.id).where(o.id.in_(asked), o.state == OperationState.SENDING, *more)
    return bool(asked) and connection.execute(query.limit(1)).first() is not None


def _marks(connection: Connection, dispute_id: str) -> dict[str, str]:
    query = select(_S.field, _S.operation_id).where(_S.dispute_id == dispute_id)
    return {row.field: row.operation_id for row in connection.execute(query)}
