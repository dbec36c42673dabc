"""One payment with all that hangs on it: attempts, refunds, disputes, ledger rows, events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from core.db.tables import (
    balance_transactions,
    charges,
    disputes,
    early_fraud_warnings,
    events,
    payments,
    refunds,
)
from core.domain.refund_states import HELD
from core.errors import NotFound
from core.reads.payments.parts import (
    Attempt,
    DisputePart,
    EventPart,
    FraudWarning,
    LedgerRow,
    Money,
    Payment,
    RefundPart,
    RequestPart,
    TimelineEntry,
    build,
)
from core.reads.payments.requests import requests_of
from core.reads.payments.timeline import merged
from core.reads.permissions import audited, requires
from core.reads.revenue.categories import FIGURES, PARTS, REVENUE, add_row

__all__ = ["PaymentDetail", "by_id", "money"]

_SHOWN = (*(f"{part}_minor" for part in PARTS), "net_minor")
#: More than this hangs on a payment only when something is wrong at the sender.
MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """A payment and its parts, each oldest first; `timeline` merges them all."""

    payment: Payment
    attempts: tuple[Attempt, ...]
    refunds: tuple[RefundPart, ...]
    requests: tuple[RequestPart, ...]
    disputes: tuple[DisputePart, ...]
    fraud_warnings: tuple[FraudWarning, ...]
    ledger: tuple[LedgerRow, ...]
    events: tuple[EventPart, ...]
    timeline: tuple[TimelineEntry, ...]
    money: tuple[Money, ...]

    @property
    def left_minor(self) -> int:
        """What may still be asked back, in minor units of the payment's currency: what was taken,
        less what went back, is disputed, or is asked for already."""
        payment = self.payment
        if payment.status != "succeeded":
            return 0
        gone = payment.amount_refunded_minor + payment.amount_disputed_minor
        held = sum(one.amount_minor for one in self.requests if one.state in HELD)
        return max(0, payment.amount_captured_minor - gone - held)


@requires("see_payments")
@audited("payment.view", of="payment_id")
def by_id(conn: Connection, *, payment_id: str, livemode: bool) -> PaymentDetail:
    """The payment with this Stripe id in this mode, or `NotFound`."""
    row = conn.execute(
        select(payments).where(payments.c.stripe_id == payment_id, payments.c.livemode == livemode)
    ).mappings()
    found = row.first()
    if found is None:
        raise NotFound(f"There is no payment {payment_id[:64]} here")
    payment = build(Payment, found)
    attempts = tuple(build(Attempt, r) for r in _parts(conn, charges, payment_id))
    returned = tuple(build(RefundPart, r) for r in _parts(conn, refunds, payment_id))
    disputed = tuple(build(DisputePart, r) for r in _parts(conn, disputes, payment_id))
    requests = requests_of(conn, payment_id, livemode=livemode)
    warnings = tuple(build(FraudWarning, r) for r in _parts(conn, early_fraud_warnings, payment_id))
    ledger = tuple(build(LedgerRow, r) for r in _parts(conn, balance_transactions, payment_id))
    parts: tuple[tuple[Any, ...], ...] = (attempts, returned, disputed, warnings)
    ids = [payment_id, *(part.stripe_id for group in parts for part in group)]
    told = _events(conn, ids, livemode)
    return PaymentDetail(
        payment=payment,
        attempts=attempts,
        refunds=returned,
        requests=requests,
        disputes=disputed,
        fraud_warnings=warnings,
        ledger=ledger,
        events=told,
        timeline=merged(
            payment, attempts, returned, disputed, warnings, ledger, told, requests=requests
        ),
        money=_money(ledger),
    )


@requires("see_payments")
def money(conn: Connection, *, payment_id: str, livemode: bool) -> tuple[Money, ...]:
    """What a payment came to in the ledger, one figure set per settlement currency."""
    by_payment = balance_transactions.c.payment_id == payment_id
    mode = balance_transactions.c.livemode == livemode
    rows = conn.execute(select(balance_transactions).where(by_payment, mode)).mappings()
    return _money(tuple(build(LedgerRow, row) for row in rows))


def _parts(conn: Connection, table: Table, payment_id: str) -> list[RowMapping]:
    asked = select(table).where(table.c.payment_id == payment_id)
    ordered = asked.order_by(table.c.created_at, table.c.stripe_id).limit(MAX_PARTS)
    return list(conn.execute(ordered).mappings())


def _events(conn: Connection, ids: list[str], livemode: bool) -> tuple[EventPart, ...]:
    columns = [events.c[name] for name in EventPart.__slots__]
    asked = (
        select(*columns)
        .where(events.c.object_id.in_(ids), events.c.livemode == livemode)
        .order_by(events.c.created_at, events.c.seq)
        .limit(MAX_PARTS)
    )
    return tuple(build(EventPart, row) for row in conn.execute(asked).mappings())


def _money(ledger: tuple[LedgerRow, ...]) -> tuple[Money, ...]:
    sums: dict[str, dict[str, int]] = {}
    others: dict[str, dict[str, int]] = {}
    for row in ledger:
        category, found = (
            row.reporting_category,
            sums.setdefault(row.currency, dict.fromkeys(FIGURES, 0)),
        )
        add_row(
            found,
            category,
            amount_minor=row.amount_minor,
            fee_minor=row.fee_minor,
            net_minor=row.net_minor,
        )
        if category not in REVENUE:
            named = others.setdefault(row.currency, {})
            named[category] = named.get(category, 0) + row.amount_minor
    return tuple(
        Money(
            currency,
            **{name: found[name] for name in _SHOWN},
            others=tuple(sorted(others.get(currency, {}).items())),
        )
        for currency, found in sorted(sums.items())
    )
