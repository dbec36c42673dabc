"""One customer: what was paid and given back in each currency, how, and what speaks of risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Subquery,
    case,
    cast,
    func,
    select,
)

from core.db.tables import customers, disputes, payments, refunds
from core.domain.payers import is_address, payments_of
from core.domain.search_histograms import folded_email
from core.errors import NotFound
from core.money import Money
from core.reads.customers.risk import CustomerRisk, risk_of
from core.reads.customers.sums import PayerSums, sums_of
from core.reads.permissions import audited, requires

#: The newest payments that are counted and summed, and those whose refunds and disputes are shown.
MOST_SUMMED = 20_000
MOST_FOLLOWED = 1000
#: Refunds and disputes that are shown, and customers of the same address.
MOST_SHOWN = 50
MOST_ALIKE = 20
#: Ways to pay that are shown: one per card.
MOST_WAYS = 20
_C, _P = customers.c, payments.c
_SUMMED = (
    *(_P.created_at, _P.amount_captured_minor, _P.settlement_currency, _P.fee_minor),
    *(_P.method_type, _P.card_brand, _P.card_last4, _P.card_country, _P.card_fingerprint),
)


@dataclass(frozen=True, slots=True)
class Returned:
    """A refund of one of the customer's payments."""

    stripe_id: str
    payment_id: str
    created_at: datetime
    amount: Money
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute of one of the customer's payments; `due_by` where it can be answered."""

    stripe_id: str
    payment_id: str
    created_at: datetime
    amount: Money
    status: str
    reason: str | None
    due_by: datetime | None


@dataclass(frozen=True, slots=True)
class WayToPay:
    """A card, or another method: how many payments it was tried for, how many of those it paid,
    and when last. `country` is the card's, `fingerprint` what tells it from others."""

    method_type: str | None
    brand: str | None
    last4: str | None
    country: str | None
    fingerprint: str | None
    payments: int
    paid: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerDetail:
    """A customer at Stripe, or a guest's address with all payments under it.

    `created_at`: when Stripe made the customer; None for a guest. `first_at`: the first of the
    payments that were summed. `fees` are of the payments that settled, a line a settlement
    currency; `unsettled` took money and have none yet. `same_address`: other customers at Stripe
    with the address; `guest`: the address has payments without any.
    """

    customer: str
    customer_id: str | None
    name: str | None
    email: str | None
    country: str | None
    deleted: bool
    created_at: datetime | None
    first_at: datetime | None
    sums: PayerSums
    fees: tuple[Money, ...]
    unsettled: int
    refunds: tuple[Returned, ...]
    disputes: tuple[Disputed, ...]
    ways: tuple[WayToPay, ...]
    risk: CustomerRisk
    same_address: tuple[str, ...]
    guest: bool


@requires("see_payments")
@audited("customer.view", of="customer")
def by_id(conn: Connection, *, customer: str, livemode: bool, now: datetime) -> CustomerDetail:
    """The customer of this id at Stripe, or with this address, in this mode; or `NotFound`.

    `now` says which entries of the block list are in force.
    """
    by_address = is_address(customer)
    payer = folded_email(customer) if by_address else customer
    known = None if by_address else _of_stripe(conn, customer, livemode)
    followed = _followed(conn, payer, livemode)
    if known is None and not followed:
        raise NotFound(f"There is no customer {customer[:64]} here")
    name, email = _named(known, followed)
    if by_address:
        email = payer
    newest = _newest(payer, livemode)
    ids = [row.stripe_id for row in followed]
    fees, unsettled, first_at = _fees(conn, newest)
    ways, disputed = _ways(conn, newest), _disputes(conn, ids)
    return CustomerDetail(
        customer=payer,
        customer_id=None if by_address else customer,
        name=name,
        email=email,
        country=known.country if known else None,
        deleted=bool(known and known.deleted),
        created_at=known.created_at if known else None,
        first_at=first_at,
        sums=sums_of(conn, [payer], livemode=livemode, most=MOST_SUMMED)[payer],
        fees=fees,
        unsettled=unsettled,
        refunds=_refunds(conn, ids),
        disputes=disputed[:MOST_SHOWN],
        ways=ways[:MOST_WAYS],
        risk=risk_of(
            conn,
            ids,
            email=email,
            cards=[way.fingerprint for way in ways if way.fingerprint],
            disputes_lost=sum(one.status == "lost" for one in disputed),
            at=now,
        ),
        same_address=_alike(conn, email, customer, livemode),
        guest=not by_address and _has_guest(conn, email, livemode),
    )


def _of_stripe(conn: Connection, customer: str, livemode: bool) -> Row[Any] | None:
    return conn.execute(
        select(customers).where(_C.stripe_id == customer, _C.livemode == livemode)
    ).first()


def _followed(conn: Connection, payer: str, livemode: bool) -> Sequence[Any]:
    """The newest payments: what hangs on them is looked for by their ids."""
    return conn.execute(
        select(_P.stripe_id, _P.email, _P.customer_name)
        .where(payments_of(payer, livemode=livemode))
        .order_by(_P.created_at.desc(), _P.stripe_id.desc())
        .limit(MOST_FOLLOWED)
    ).all()


def _named(known: Row[Any] | None, followed: Sequence[Any]) -> tuple[str | None, str | None]:
    """Name and address: those at Stripe, else the newest that a payment has."""
    names = [known.name if known else None, *(row.customer_name for row in followed)]
    emails = [known.email if known else None, *(row.email for row in followed)]
    return next(filter(None, names), None), next(filter(None, emails), None)


def _newest(payer: str, livemode: bool) -> Subquery:
    """What is summed of the payer's newest payments."""
    return (
        select(*_SUMMED)
        .where(payments_of(payer, livemode=livemode))
        .order_by(_P.created_at.desc(), _P.stripe_id.desc())
        .limit(MOST_SUMMED)
        .subquery("newest")
    )


def _fees(conn: Connection, newest: Subquery) -> tuple[tuple[Money, ...], int, datetime | None]:
    """What Stripe took, how many paid ones have no ledger row yet, and when the first was made."""
    n = newest.c
    rows = conn.execute(
        select(
            n.settlement_currency,
            cast(func.sum(n.fee_minor), BigInteger),
            _count(n.amount_captured_minor > 0),
            func.min(n.created_at),
        ).group_by(n.settlement_currency)
    ).all()
    fees = {row[0]: int(row[1] or 0) for row in rows if row[0]}
    unsettled = sum(int(row[2] or 0) for row in rows if not row[0])
    first_at = min((row[3] for row in rows), default=None)
    return tuple(Money(fees[one], one) for one in sorted(fees)), unsettled, first_at


def _ways(conn: Connection, newest: Subquery) -> tuple[WayToPay, ...]:
    """All ways that were tried, the one that was used last first."""
    n = newest.c
    way = (n.method_type, n.card_brand, n.card_last4, n.card_country, n.card_fingerprint)
    last_at = func.max(n.created_at)
    rows = conn.execute(
        select(
            *way,
            func.count(),
            _count(n.amount_captured_minor > 0),
            last_at,
        )
        .where(n.method_type.is_not(None))
        .group_by(*way)
        .order_by(last_at.desc())
    )
    return tuple(
        WayToPay(
            method_type=row[0],
            brand=row[1],
            last4=row[2],
            country=row[3],
            fingerprint=row[4],
            payments=int(row[5]),
            paid=int(row[6]),
            last_at=row[7],
        )
        for row in rows
    )


def _count(test: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.sum(case((test, 1), else_=0)), BigInteger)


def _refunds(conn: Connection, payment_ids: Sequence[str]) -> tuple[Returned, ...]:
    r = refunds.c
    rows = conn.execute(
        select(refunds)
        .where(r.payment_id.in_(payment_ids), ~r.released)
        .order_by(r.created_at.desc(), r.stripe_id)
        .limit(MOST_SHOWN)
    )
    return tuple(
        Returned(
            row.stripe_id,
            row.payment_id,
            row.created_at,
            Money(row.amount_minor, row.currency),
            row.status,
            row.reason,
        )
        for row in rows
    )


def _disputes(conn: Connection, payment_ids: Sequence[str]) -> tuple[Disputed, ...]:
    d = disputes.c
    rows = conn.execute(
        select(disputes)
        .where(d.payment_id.in_(payment_ids))
        .order_by(d.created_at.desc(), d.stripe_id)
    )
    return tuple(
        Disputed(
            row.stripe_id,
            row.payment_id,
            row.created_at,
            Money(row.amount_minor, row.currency),
            row.status,
            row.reason,
            row.due_by,
        )
        for row in rows
    )


def _alike(conn: Connection, email: str | None, customer: str, livemode: bool) -> tuple[str, ...]:
    if not email:
        return ()
    forms = {email, folded_email(email)}
    rows = conn.scalars(
        select(_C.stripe_id)
        .where(_C.email.in_(forms), _C.livemode == livemode, _C.stripe_id != customer)
        .order_by(_C.created_at.desc())
        .limit(MOST_ALIKE)
    )
    return tuple(rows)


def _has_guest(conn: Connection, email: str | None, livemode: bool) -> bool:
    """Whether one of the newest payments under the address has no customer."""
    if not email:
        return False
    newest = (
        select(_P.customer_id)
        .where(payments_of(folded_email(email), livemode=livemode))
        .order_by(_P.created_at.desc(), _P.stripe_id.desc())
        .limit(MOST_FOLLOWED)
    )
    return any(one is None for one in conn.scalars(newest))
