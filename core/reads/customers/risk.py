"""What speaks of risk about a customer: lists, scores, warnings, cases, disputes that were lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from core.db.tables import (
    cases,
    early_fraud_warnings,
    list_entries,
    payments,
    risk_assessments,
)
from core.domain.search_histograms import folded_email

#: Cases that are shown.
MOST_CASES = 20


@dataclass(frozen=True, slots=True)
class CaseOf:
    """A case of one of the customer's payments."""

    case_id: str
    state: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerRisk:
    """`blocked`: which of `email`, `card` stand on the block list now. `stripe_score` (0 to 99) and
    `our_score` (points) are the highest of any payment, None where none was scored."""

    blocked: tuple[str, ...]
    stripe_score: int | None
    our_score: int | None
    warnings: int
    disputes_lost: int
    cases: tuple[CaseOf, ...]


def risk_of(
    connection: Connection,
    payment_ids: Sequence[str],
    *,
    email: str | None,
    cards: Sequence[str],
    disputes_lost: int,
    at: datetime,
) -> CustomerRisk:
    """Of these payments, this address and the cards of these fingerprints, at a time."""
    p, a, w, c = payments.c, risk_assessments.c, early_fraud_warnings.c, cases.c
    stripe_score = connection.scalar(
        select(func.max(p.risk_score)).where(p.stripe_id.in_(payment_ids))
    )
    ours = connection.scalar(select(func.max(a.score)).where(a.payment_id.in_(payment_ids)))
    warned = connection.scalar(
        select(func.count()).where(w.payment_id.in_(payment_ids)).select_from(early_fraud_warnings)
    )
    opened = connection.execute(
        select(c.id, c.state, c.opened_at)
        .where(c.payment_id.in_(payment_ids))
        .order_by(c.opened_at.desc())
        .limit(MOST_CASES)
    )
    return CustomerRisk(
        blocked=_blocked(connection, email, cards, at),
        stripe_score=stripe_score,
        our_score=ours,
        warnings=int(warned or 0),
        disputes_lost=disputes_lost,
        cases=tuple(CaseOf(*row) for row in opened),
    )


def _blocked(
    connection: Connection, email: str | None, cards: Sequence[str], at: datetime
) -> tuple[str, ...]:
    e = list_entries.c
    listed = [and_(e.field == "card", e.value.in_(cards))]
    if email:
        listed.append(and_(e.field == "email", e.value.in_(_forms(folded_email(email)))))
    found = connection.scalars(
        select(e.field)
        .distinct()
        .where(
            e.kind == "block",
            or_(*listed),
            e.created_at <= at,
            or_(e.expires_at.is_(None), e.expires_at > at),
        )
    )
    return tuple(sorted(found))


def _forms(address: str) -> list[str]:
    """The address, and the domains that it may be listed under: `@mail.shop.example`, …"""
    parts = address.rpartition("@")[2].split(".")
    return [address, *(f"@{'.'.join(parts[start:])}" for start in range(len(parts) - 1))]
