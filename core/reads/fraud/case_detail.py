"""One case with all that speaks to it: factors, payment, notes, the customer's other payments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select

from core.db.tables import case_notes, cases, early_fraud_warnings, payments, reviews
from core.db.tables import risk_assessments as assessments
from core.domain.refund_warnings import warnings
from core.errors import NotFound
from core.money import Money
from core.reads.fraud.cases import CaseRow, case_rows, shaped
from core.reads.permissions import audited, requires
from core.reads.search.logs.names import names_of

MOST_OTHERS = 20
#: What a dispute costs besides its amount, whoever wins, by the currency in
#: which the account is settled; others stand in the account's own contract.
DISPUTE_FEES = {"usd": Money(1500, "usd"), "eur": Money(2000, "eur")}
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
class CaseDetail:
    """A case: its payment, factors (rule, points, values), notes, the customer's other payments.

    `at_risk` is what can still go back; `fee_saved` what a dispute would cost beside it, for an
    early fraud warning that a refund answers, None where the fee is not known. `fraud_type` and
    `review_reason` say what the issuer and Radar said.
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
        notes=_notes(conn, case_id),
        others=_others(conn, payment),
        warnings=warnings(conn, row.payment_id),
    )


def _notes(conn: Connection, case_id: str) -> tuple[Note, ...]:
    n = case_notes.c
    rows = conn.execute(
        select(n.author, n.text, n.created_at).where(n.case_id == case_id).order_by(n.id)
    ).all()
    names = names_of(conn, {row.author for row in rows})
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
