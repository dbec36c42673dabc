"""What was let through before Stripe: it counts from the moment it was, not once it is mirrored.

A pass is written down with its operation. One whose operation Stripe refused, or that was found
undone, does not count; nor does one whose payment is in the mirror: it is counted there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
)

from core.db.tables import gate_passes, operations, payments, risk_assessments
from core.db.upsert import insert_new

#: By whom a payment that is not at Stripe yet can be counted: its card is not known.
WHAT = ("user", "email", "ip")
#: No signal looks further back than a day; Stripe's clock and ours may differ.
KEPT = timedelta(days=2)
CHUNK = 2_000
_UNDONE = ("refused", "failed")

_G, _O, _P = gate_passes.c, operations.c, payments.c
_COLUMNS = {"user": _G.user_id, "email": _G.email, "ip": _G.ip}


def lines(livemode: bool, known: Mapping[str, str | None]) -> list[str]:
    """Where a question about these stands in line: with whoever asks about the same user, address
    or IP."""
    return [f"risk {livemode} {what} {known[what]}" for what in WHAT if known.get(what)]


def keep_approval(connection: Connection, **row: Any) -> None:
    """Write a pass down, in the transaction that writes its operation down."""
    insert_new(connection, gate_passes, [row])


def prune(connection: Connection, *, at: datetime) -> int:
    """Delete passes that no signal looks at any more, one chunk of them; how many."""
    oldest = select(_G.operation_id).where(_G.created_at < at - KEPT).limit(CHUNK)
    ids = connection.scalars(oldest).all()
    if ids:
        connection.execute(delete(gate_passes).where(_G.operation_id.in_(ids)))
    return len(ids)


def link(connection: Connection) -> int:
    """Say which payments came of scores whose answer from Stripe was lost at first; how many."""
    a = risk_assessments.c
    found = connection.execute(
        select(_G.assessment_id, _P.stripe_id)
        .join(operations, _O.id == _G.operation_id)
        .join(risk_assessments, and_(a.id == _G.assessment_id, a.payment_id.is_(None)))
        .join(payments, _P.stripe_id == _O.stripe_id)
        .where(_O.state == "succeeded")
        .limit(CHUNK)
    ).all()
    for assessment_id, payment_id in found:
        connection.execute(
            risk_assessments.update()
            .where(a.id == assessment_id, a.payment_id.is_(None))
            .values(payment_id=payment_id)
        )
    return len(found)


@cache
def counted(whose: str) -> Subquery:
    """How many passes of a user, address or IP within a day and an hour are not mirrored yet."""
    mine = (_COLUMNS[whose] == bindparam(whose), _G.created_at >= bindparam("day"))
    return (
        _standing(func.count().label("day"), within_hour(_G.created_at))
        .where(*mine, ~_mirrored(_P.created_at <= bindparam("at")))
        .subquery(f"let_through_{whose}")
    )


def within_hour(created_at: ColumnElement[Any]) -> ColumnElement[int]:
    """How many of the rows that are counted lie within the hour."""
    return func.count(case((created_at >= bindparam("hour"), 1))).label("hour")


def _standing(*columns: ColumnElement[Any]) -> Select[Any]:
    """Passes whose operations may have led, or may yet lead, to a payment."""
    return (
        select(*columns)
        .select_from(gate_passes)
        .join(operations, _O.id == _G.operation_id)
        .where(_G.livemode == bindparam("livemode"), _O.state.not_in(_UNDONE))
    )


def _mirrored(so: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the payment that came of a pass is in the mirror in such a state."""
    own = select(_P.stripe_id).where(_P.stripe_id == _O.stripe_id, so)
    of_session = select(_P.stripe_id).where(
        _P.order_id == _G.order_id,
        _P.livemode == bindparam("livemode"),
        _P.created_at >= bindparam("day"),
        so,
    )
    return or_(own.exists(), of_session.exists())
