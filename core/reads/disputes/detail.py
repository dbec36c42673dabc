"""One dispute: its payment, the customer's history, the path of its status, what it moved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from core.db.tables import balance_transactions, disputes, early_fraud_warnings, events, payments
from core.errors import NotFound
from core.money import Money
from core.reads.disputes.answers import Answer, answers
from core.reads.payments.parts import FraudWarning, LedgerRow, Payment, build
from core.reads.permissions import audited, requires

#: What of a customer's history is shown; all of it is counted.
SHOWN = 10
_PATH = 100
#: What Visa's Compelling Evidence 3.0 asks of earlier payments: their age in days.
_EARLIER = (timedelta(days=120), timedelta(days=365))


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute or an inquiry, as it was read from Stripe at `as_of`."""

    stripe_id: str
    status: str
    amount: Money
    reason: str | None
    network_reason_code: str | None
    card_brand: str | None
    due_by: datetime | None
    past_due: bool
    has_evidence: bool
    submission_count: int
    created_at: datetime
    payment_id: str | None
    charge_id: str | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A status that the dispute was in, since when, and the event that told of it."""

    at: datetime
    status: str
    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another payment of the same customer."""

    payment_id: str
    created_at: datetime
    state: str
    amount: Money
    disputed: bool


@dataclass(frozen=True, slots=True)
class History:
    """The same customer's other payments: all counted, the newest shown.

    `compelling`: undisputed ones, paid 120 to 365 days before this one.
    """

    payments: int
    disputed: int
    compelling: int
    newest: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What the dispute moved in one settlement currency, in minor units of the ledger.

    `withdrawn` is negative, `fee` positive when Stripe took it and negative when it came back;
    `net` is the sum. The fee for countering stands in the ledger by itself at Stripe.
    """

    withdrawn: Money
    returned: Money
    fee: Money
    fee_returned: Money
    net: Money


@dataclass(frozen=True, slots=True)
class DisputeDetail:
    """All that is known of a dispute."""

    dispute: Dispute
    payment: Payment | None
    history: History
    path: tuple[Step, ...]
    answers: tuple[Answer, ...]
    warnings: tuple[FraudWarning, ...]
    ledger: tuple[LedgerRow, ...]
    effects: tuple[Effect, ...]


@requires("see_disputes")
@audited("dispute.view", of="dispute_id")
def by_id(conn: Connection, *, dispute_id: str, livemode: bool) -> DisputeDetail:
    """The dispute with this Stripe id in this mode, or `NotFound`."""
    d, p, b = disputes.c, payments.c, balance_transactions.c
    row = conn.execute(
        select(disputes).where(d.stripe_id == dispute_id, d.livemode == livemode)
    ).first()
    if row is None:
        raise NotFound(f"There is no dispute {dispute_id[:64]} here")
    paid = conn.execute(select(payments).where(p.stripe_id == row.payment_id)).mappings().first()
    payment = build(Payment, paid) if paid else None
    booked = conn.execute(
        select(balance_transactions)
        .where(b.source_id == dispute_id, b.livemode == livemode)
        .order_by(b.created_at, b.stripe_id)
    ).mappings()
    ledger = tuple(build(LedgerRow, entry) for entry in booked)
    return DisputeDetail(
        _dispute(row),
        payment,
        _history(conn, payment) if payment else History(0, 0, 0, ()),
        _path(conn, dispute_id, livemode),
        answers(conn, dispute_id=dispute_id, livemode=livemode),
        _warnings(conn, row.payment_id),
        ledger,
        effects(ledger),
    )


def effects(ledger: tuple[LedgerRow, ...]) -> tuple[Effect, ...]:
    """The rows of one dispute, summed by settlement currency."""
    sums: dict[str, list[int]] = {}
    for row in ledger:
        line = sums.setdefault(row.currency, [0, 0, 0, 0, 0])
        line[0 if row.amount_minor < 0 else 1] += row.amount_minor
        line[2 if row.fee_minor > 0 else 3] += row.fee_minor
        line[4] += row.net_minor
    return tuple(
        Effect(*(Money(minor, currency) for minor in line))
        for currency, line in sorted(sums.items())
    )


def _dispute(row: Row[Any]) -> Dispute:
    return Dispute(
        row.stripe_id,
        row.status,
        Money(row.amount_minor, row.currency),
        row.reason,
        row.network_reason_code,
        row.card_brand,
        row.due_by,
        row.past_due,
        row.has_evidence,
        row.submission_count,
        row.created_at,
        row.payment_id,
        row.charge_id,
        row.as_of,
    )


def _history(conn: Connection, payment: Payment) -> History:
    p = payments.c
    known = [
        column == value
        for column, value in ((p.customer_id, payment.customer_id), (p.email, payment.email))
        if value
    ]
    if not known:
        return History(0, 0, 0, ())
    same = or_(*known) & (p.livemode == payment.livemode) & (p.stripe_id != payment.stripe_id)
    youngest, oldest = (payment.created_at - age for age in _EARLIER)
    # One that was won was disputed all the same.
    quiet = p.dispute_outcome == ""
    old_enough = p.created_at.between(oldest, youngest) & (p.status == "succeeded") & quiet

    def count(*tests: Any) -> int:
        return int(conn.scalar(select(func.count()).select_from(payments).where(same, *tests)) or 0)

    newest = conn.execute(
        select(payments).where(same).order_by(p.created_at.desc(), p.stripe_id).limit(SHOWN)
    )
    return History(
        count(),
        count(~quiet),
        count(old_enough),
        tuple(
            Other(
                row.stripe_id,
                row.created_at,
                row.state,
                Money(row.amount_minor, row.currency),
                row.dispute_outcome != "",
            )
            for row in newest
        ),
    )


def _warnings(conn: Connection, payment_id: str | None) -> tuple[FraudWarning, ...]:
    """The issuer's early fraud warnings of the disputed payment, oldest first."""
    w = early_fraud_warnings.c
    if payment_id is None:
        return ()
    asked = (
        select(early_fraud_warnings)
        .where(w.payment_id == payment_id)
        .order_by(w.created_at, w.stripe_id)
    )
    return tuple(build(FraudWarning, row) for row in conn.execute(asked).mappings())


def _path(conn: Connection, dispute_id: str, livemode: bool) -> tuple[Step, ...]:
    """Each change of status, from the events that told of the dispute."""
    e = events.c
    asked = (
        select(e.stripe_id, e.type, e.created_at, e.body)
        .where(e.object_id == dispute_id, e.livemode == livemode)
        .order_by(e.created_at, e.seq)
        .limit(_PATH)
    )
    steps: list[Step] = []
    for row in conn.execute(asked):
        status = _status(row.body)
        if status and (not steps or steps[-1].status != status):
            steps.append(Step(row.created_at, status, row.stripe_id, row.type))
    return tuple(steps)


def _status(body: bytes) -> str | None:
    data = json.loads(body).get("data")
    found = data.get("object", {}).get("status") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None
