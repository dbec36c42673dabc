"""A payment's payer: what else they paid, and which of it looks like the same thing twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from core.db.tables import payments
from core.domain.payers import payer_of, payments_of
from core.domain.repeated_charges import (
    PAYER,
    WITHIN,
    Taken,
    looks_charged_twice,
    shared_payer,
)
from core.money import Money
from core.reads.permissions import requires

#: Payments of one card, customer or address within a day that are looked at; of the newest ones.
MOST_NEAR = 200
MOST_OTHERS = 10
_P = payments.c


@dataclass(frozen=True, slots=True)
class PayerPayment:
    """A payment as a line beside another one."""

    payment_id: str
    created_at: datetime
    amount: Money
    captured_minor: int
    refunded_minor: int
    state: str
    dispute_outcome: str
    order_id: str | None
    method_type: str | None
    card_brand: str | None
    card_last4: str | None


@dataclass(frozen=True, slots=True)
class Twin:
    """A payment beside which another one looks charged twice; `shared` says by what they are the
    same payer's (`core.domain.repeated_charges.PAYER`)."""

    payment: PayerPayment
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Others:
    """A payer's newest payments but for one; `payer` names them (`core.domain.payers`), None where
    nothing tells who paid. `more`: there are further ones."""

    payer: str | None
    payments: tuple[PayerPayment, ...]
    more: bool


@requires("see_payments")
def twins(conn: Connection, *, payment_id: str, livemode: bool) -> tuple[Twin, ...]:
    """The payments beside which this one looks charged twice, oldest first."""
    mine = _row(conn, payment_id, livemode)
    if mine is None or not _taken(mine).is_kept:
        return ()
    near: dict[str, Row[Any]] = {}
    for name in PAYER:
        if (value := getattr(mine, name)) is not None:
            near |= {row.stripe_id: row for row in _near(conn, mine, _P[name] == value)}
    found = [row for row in near.values() if looks_charged_twice(_taken(mine), _taken(row))]
    found.sort(key=lambda row: (row.created_at, row.stripe_id))
    return tuple(Twin(_shown(row), shared_payer(_taken(mine), _taken(row))) for row in found)


@requires("see_payments")
def others(conn: Connection, *, payment_id: str, livemode: bool) -> Others:
    """What else the payer of this payment paid or tried to, newest first."""
    mine = _row(conn, payment_id, livemode)
    payer = payer_of(mine.customer_id, mine.email) if mine else None
    if payer is None:
        return Others(None, (), more=False)
    rows = conn.execute(
        select(payments)
        .where(payments_of(payer, livemode=livemode), _P.stripe_id != payment_id)
        .order_by(_P.created_at.desc(), _P.stripe_id.desc())
        .limit(MOST_OTHERS + 1)
    ).all()
    shown = tuple(_shown(row) for row in rows[:MOST_OTHERS])
    return Others(payer, shown, more=len(rows) > MOST_OTHERS)


def _row(conn: Connection, payment_id: str, livemode: bool) -> Row[Any] | None:
    return conn.execute(
        select(payments).where(_P.stripe_id == payment_id, _P.livemode == livemode)
    ).first()


def _near(conn: Connection, mine: Row[Any], same: ColumnElement[bool]) -> list[Row[Any]]:
    """The payments of one payer that were made within a day of this one."""
    around = _P.created_at.between(mine.created_at - WITHIN, mine.created_at + WITHIN)
    query = (
        select(payments)
        .where(same, around, _P.livemode == mine.livemode, _P.stripe_id != mine.stripe_id)
        .order_by(_P.created_at.desc(), _P.stripe_id.desc())
        .limit(MOST_NEAR)
    )
    return list(conn.execute(query))


def _taken(row: Row[Any]) -> Taken:
    return Taken(
        payment_id=row.stripe_id,
        made_at=row.created_at,
        amount_minor=row.amount_minor,
        currency=row.currency,
        captured_minor=row.amount_captured_minor if row.status == "succeeded" else 0,
        refunded_minor=row.amount_refunded_minor,
        customer_id=row.customer_id,
        email=row.email,
        card_fingerprint=row.card_fingerprint,
        order_id=row.order_id,
    )


def _shown(row: Row[Any]) -> PayerPayment:
    return PayerPayment(
        payment_id=row.stripe_id,
        created_at=row.created_at,
        amount=Money(row.amount_minor, row.currency),
        captured_minor=row.amount_captured_minor,
        refunded_minor=row.amount_refunded_minor,
        state=row.state,
        dispute_outcome=row.dispute_outcome,
        order_id=row.order_id,
        method_type=row.method_type,
        card_brand=row.card_brand,
        card_last4=row.card_last4,
    )
