"""One case with all that speaks to it: factors, payment, notes, the customer's other payments."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select

from core.db.tables import (
    audit_log,
    case_notes,
    cases,
    disputes,
    early_fraud_warnings,
    payments,
    refunds,
    reviews,
    users,
)
from core.db.tables import risk_assessments as assessments
from core.domain.refund_warnings import warnings
from core.errors import NotFound
from core.money import Money
from core.reads.fraud.cases import CaseRow, case_rows, shaped
from core.reads.payments.parts import RequestPart
from core.reads.payments.requests import requests_of
from core.reads.permissions import audited, requires
from core.states import RefundState

MOST_OTHERS = 20
#: What a dispute costs besides its amount, whoever wins, by the currency in
#: which the account is settled; others stand in the account's own contract.
DISPUTE_FEES = {"usd": Money(1500, "usd"), "eur": Money(2000, "eur")}
#: Of the acts of people.
MOST_ACTS = 100
#: What the log calls what people do about a case.
_ACTS = {
    "case.assign": "assigned",
    "case.approve": "approved",
    "case.dismiss": "dismissed",
    "case.refund": "refunded",
}
_ENDS = ("approved", "dismissed", "refunded")
_C, _P = cases.c, payments.c


@dataclass(frozen=True, slots=True)
class OtherPayment:
    """A payment of the same customer, user, card or e-mail address."""

    payment_id: str
    created_at: datetime
    amount: Money
    state: str
    method_type: str | None
    card_brand: str | None
    card_last4: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote, card numbers covered."""

    author: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """Something that happened to a case or its payment, and by whom where a person or a program
    did it. `kind`: opened, assigned, returned, note, approved, dismissed, refunded, closed,
    request_asked, request_approved, request_refused, refund_STATUS or dispute_STATUS; `detail` is
    a reason of Stripe's or to whom it was given, `note` what somebody wrote."""

    at: datetime
    kind: str
    who: str | None = None
    amount: Money | None = None
    detail: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case: its payment, factors (rule, points, values), notes, the customer's other payments.

    `at_risk` is what can still go back; `fee_saved` what a dispute would cost beside it, for an
    early fraud warning that a refund answers, None where the fee is not known. `fraud_type` and
    `review_reason` say what the issuer and Radar said. `waiting` are refunds that wait for a second
    person, `events` what happened, the newest first.
    """

    row: CaseRow
    payment: Mapping[str, Any]
    at_risk: Money
    factors: tuple[Mapping[str, Any], ...]
    level: str | None
    fraud_type: str | None
    actionable: bool
    review_reason: str | None
    fee_saved: Money | None
    notes: tuple[Note, ...]
    others: tuple[OtherPayment, ...]
    #: What is to be told before the money goes back (`core.domain.refund_warnings`).
    warnings: tuple[str, ...]
    waiting: tuple[RequestPart, ...]
    events: tuple[CaseEvent, ...]


@requires("manage_fraud")
@audited("case.view", of="case_id")
def by_id(conn: Connection, *, case_id: str, livemode: bool) -> CaseDetail:
    """One case of this mode; `NotFound` when there is none."""
    rows = conn.execute(case_rows().where(_C.id == case_id, _C.livemode == livemode)).all()
    if not rows:
        raise NotFound("There is no such case.")
    (row,) = shaped(conn, rows)
    payment = conn.execute(select(payments).where(_P.stripe_id == row.payment_id)).mappings().one()
    a, w, v = assessments.c, early_fraud_warnings.c, reviews.c
    scored = conn.execute(
        select(a.factors, a.level).where(a.payment_id == row.payment_id).order_by(a.id.desc())
    ).first()
    warning = conn.execute(
        select(w.fraud_type, w.actionable)
        .where(w.payment_id == row.payment_id)
        .order_by(w.created_at.desc())
    ).first()
    reason = conn.scalar(
        select(v.opened_reason).where(v.payment_id == row.payment_id).order_by(v.created_at.desc())
    )
    whole = payment["status"] != "succeeded"
    taken = payment["amount_minor" if whole else "amount_captured_minor"]
    gone = payment["amount_refunded_minor"] + payment["amount_disputed_minor"]
    actionable = bool(warning and warning.actionable)
    settled = payment["settlement_currency"] or payment["currency"]
    asked = requests_of(conn, row.payment_id, livemode=livemode)
    notes = _notes(conn, case_id)
    return CaseDetail(
        row=row,
        payment=dict(payment),
        at_risk=Money(max(0, taken - gone), payment["currency"]),
        factors=tuple(json.loads(scored.factors)) if scored else (),
        level=scored.level if scored else None,
        fraud_type=warning.fraud_type if warning else None,
        actionable=actionable,
        review_reason=reason,
        fee_saved=DISPUTE_FEES.get(settled) if actionable else None,
        notes=notes,
        others=_others(conn, payment),
        warnings=warnings(conn, row.payment_id),
        waiting=tuple(one for one in asked if one.state == RefundState.AWAITING_APPROVAL),
        events=_events(conn, row, notes, asked),
    )


def _events(
    conn: Connection, row: CaseRow, notes: Sequence[Note], asked: Sequence[RequestPart]
) -> tuple[CaseEvent, ...]:
    """What happened, from the case, its notes, the log and the payment, the newest first."""
    found = [CaseEvent(row.opened_at, "opened", amount=row.amount)]
    found += [CaseEvent(n.created_at, "note", n.author, note=n.text) for n in notes]
    found += _acts(conn, row)
    for one in asked:
        amount = Money(one.amount_minor, one.currency)
        found.append(
            CaseEvent(one.created_at, "request_asked", one.asked_by, amount, one.reason, one.note)
        )
        if one.decided_by and one.decided_at:
            refused = one.state == RefundState.REFUSED
            kind = "request_refused" if refused else "request_approved"
            why = one.why if refused else None
            found.append(CaseEvent(one.decided_at, kind, one.decided_by, amount, note=why))
    for prefix, table in (("refund", refunds), ("dispute", disputes)):
        c = table.c
        made = select(c.created_at, c.status, c.amount_minor, c.currency, c.reason)
        found += [
            CaseEvent(
                one.created_at,
                f"{prefix}_{one.status}",
                amount=Money(one.amount_minor, one.currency),
                detail=one.reason,
            )
            for one in conn.execute(made.where(c.payment_id == row.payment_id).limit(MOST_OTHERS))
        ]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _acts(conn: Connection, row: CaseRow) -> list[CaseEvent]:
    """What people did about the case, as the log has it; that its reason ended, the case tells."""
    a = audit_log.c
    log = conn.execute(
        select(a.at, a.actor, a.action, a.details)
        .where(a.target == row.case_id, a.action.in_(_ACTS), a.outcome == "ok")
        .order_by(a.at.desc())
        .limit(MOST_ACTS)
    ).all()
    details = [json.loads(one.details) if one.details else {} for one in log]
    people = {one.actor for one in log} | {one["to"] for one in details if one.get("to")}
    names = _names(conn, people)
    found = []
    for one, given in zip(log, details, strict=True):
        kind, to = _ACTS[one.action], given.get("to")
        if kind == "assigned" and not to:
            kind = "returned"
        who = names.get(one.actor, one.actor)
        found.append(CaseEvent(one.at, kind, who, detail=names.get(to, to) if to else None))
    if row.closed_at and not any(one.kind in _ENDS for one in found):
        found.append(CaseEvent(row.closed_at, "closed", detail=row.state))
    return found


def _names(conn: Connection, ids: Collection[str]) -> dict[str, str]:
    """What people are called, by their ids; programs have no name here."""
    u = users.c
    rows = conn.execute(select(u.id, u.name).where(u.id.in_(ids))) if ids else ()
    return {row[0]: row[1] for row in rows}


def _notes(conn: Connection, case_id: str) -> tuple[Note, ...]:
    n = case_notes.c
    rows = conn.execute(
        select(n.author, n.text, n.created_at).where(n.case_id == case_id).order_by(n.id)
    ).all()
    names = _names(conn, {row.author for row in rows})
    return tuple(Note(names.get(r.author, r.author), r.text, r.created_at) for r in rows)


def _others(conn: Connection, payment: RowMapping) -> tuple[OtherPayment, ...]:
    same = [
        _P[name] == payment[name]
        for name in ("customer_id", "user_id", "card_fingerprint", "email")
        if payment[name]
    ]
    if not same:
        return ()
    rows = conn.execute(
        select(payments)
        .where(or_(*same), _P.livemode == payment["livemode"])
        .where(_P.stripe_id != payment["stripe_id"])
        .order_by(_P.created_at.desc())
        .limit(MOST_OTHERS)
    )
    return tuple(
        OtherPayment(
            payment_id=row.stripe_id,
            created_at=row.created_at,
            amount=Money(row.amount_minor, row.currency),
            state=row.state,
            method_type=row.method_type,
            card_brand=row.card_brand,
            card_last4=row.card_last4,
        )
        for row in rows
    )
