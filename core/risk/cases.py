"""Cases: what a person should look at is opened once, and closed when its reason has ended.

A high score opens one (medium scores are seen in the flag rate) where money was taken or is held;
so do an early fraud warning that a refund still answers, and an open review of Radar's.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, case, literal, or_, select

from core import clock
from core.db.engine import reading, retrying, writing
from core.db.tables import cases, early_fraud_warnings, payments, reviews, risk_assessments
from core.db.upsert import insert_missing
from core.states import CaseState

FLAG, WARNING, REVIEW = "flag", "warning", "review"
#: So far back flagged payments are still worth a look; what is older was served, or disputed.
FRESH = timedelta(days=30)
BATCH = 200
#: Who closed a case whose reason ended.
SYSTEM = "system"

#: Money that is taken, held or on its way.
_AT_RISK = ("succeeded", "processing", "requires_capture")
_C, _P = cases.c, payments.c
#: What was taken, or is held whole until it is captured.
_TAKEN = case((_P.status == "succeeded", _P.amount_captured_minor), else_=_P.amount_minor)
_LEFT = _TAKEN - _P.amount_refunded_minor - _P.amount_disputed_minor


def follow_sources(engine: Engine) -> bool:
    """Open and close what is due; whether there was as much as one step takes."""
    now = clock.now()
    with reading(engine) as connection:
        found = [row for query in _unopened(now) for row in connection.execute(query).mappings()]
        ended = [row for query in _ended() for row in connection.execute(query).all()]
    if not found and not ended:
        return False
    rows = [_row(dict(one), now) for one in found]

    def keep() -> None:
        with writing(engine) as connection:
            insert_missing(connection, cases, rows, "livemode", "kind", "source_id")
            for case_id, state in ended:
                close(connection, case_id, state, by=SYSTEM, now=now)

    retrying(keep)
    return len(found) >= BATCH or len(ended) >= BATCH


def close(connection: Connection, case_id: str, state: str, *, by: str, now: datetime) -> bool:
    """Close a case that is open; whether it was."""
    done = connection.execute(
        cases.update()
        .where(_C.id == case_id, _C.state == CaseState.OPEN)
        .values(state=state, closed_at=now, closed_by=by)
    )
    return bool(done.rowcount)


def _row(found: dict[str, Any], now: datetime) -> dict[str, Any]:
    return found | {
        "id": str(uuid.uuid4()),
        "state": CaseState.OPEN,
        "assigned_to": None,
        "opened_at": now,
        "closed_at": None,
        "closed_by": None,
    }


def _unopened(now: datetime) -> list[Select[Any]]:
    a, w, v = risk_assessments.c, early_fraud_warnings.c, reviews.c
    flagged = (
        _new(FLAG, a.payment_id)
        .join(risk_assessments, a.payment_id == _P.stripe_id)
        .where(a.level == "high", a.kind == "arrival", a.created_at >= now - FRESH)
        .where(a.livemode == _P.livemode, _P.status.in_(_AT_RISK))
        .where(_P.amount_refunded_minor < _TAKEN)
    )
    warned = (
        _new(WARNING, w.stripe_id)
        .join(early_fraud_warnings, w.payment_id == _P.stripe_id)
        .where(w.actionable)
    )
    reviewed = _new(REVIEW, v.stripe_id).join(reviews, v.payment_id == _P.stripe_id).where(v.open)
    return [
        query.outerjoin(cases, _same(kind, source)).where(_C.id.is_(None)).limit(BATCH)
        for kind, source, query in (
            (FLAG, a.payment_id, flagged),
            (WARNING, w.stripe_id, warned),
            (REVIEW, v.stripe_id, reviewed),
        )
    ]


def _new(kind: str, source: Any) -> Select[Any]:
    return select(
        literal(kind).label("kind"),
        source.label("source_id"),
        _P.stripe_id.label("payment_id"),
        _P.livemode,
        case((_LEFT > 0, _LEFT), else_=0).label("amount_minor"),
        _P.currency,
    ).select_from(payments)


def _same(kind: str, source: Any) -> Any:
    return and_(_C.livemode == _P.livemode, _C.kind == kind, _C.source_id == source)


def _ended() -> list[Select[Any]]:
    """Open cases without a reason any more, each with the state that says how it ended."""
    w, v = early_fraud_warnings.c, reviews.c
    given_back = and_(_P.amount_refunded_minor > 0, _P.amount_refunded_minor >= _TAKEN)
    how = case((given_back, CaseState.REFUNDED), else_=CaseState.DISMISSED)
    said = case(
        (v.closed_reason == "approved", CaseState.APPROVED),
        (v.closed_reason.in_(["refunded", "refunded_as_fraud"]), CaseState.REFUNDED),
        else_=CaseState.DISMISSED,
    )
    standing = select(_C.id).where(_C.state == CaseState.OPEN).limit(BATCH)

    def of(kind: str, state: Any) -> Select[Any]:
        return standing.add_columns(state).where(_C.kind == kind)

    return [
        of(FLAG, how)
        .join(payments, _P.stripe_id == _C.payment_id)
        .where(or_(given_back, _P.status == "canceled")),
        of(WARNING, how)
        .join(payments, _P.stripe_id == _C.payment_id)
        .join(early_fraud_warnings, w.stripe_id == _C.source_id)
        .where(~w.actionable),
        of(REVIEW, said).join(reviews, v.stripe_id == _C.source_id).where(~v.open),
    ]
