"""Builders of consistent rows: payments, charges and ledger rows with the sums kept of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from core.clock import business_day
from core.db.engine import open_engine, writing
from core.db.migrate import upgrade
from core.db.tables import (
    balance_transaction_fees,
    balance_transactions,
    charges,
    payments,
    periods,
)
from core.domain.payment_states import payment_state
from core.ledger import payment_words
from core.ledger.facets import FacetRegistry
from core.ledger.ingest import write_fee_sums, write_sums
from core.ledger.payment_rollups import PaymentTally, facet_of
from core.states import PeriodState
from tests.support.newest_schema import laid

UTC_ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Row = dict[str, Any]

_numbers = count(1)


def fresh_engine(url: str) -> Engine:
    """An engine on a database with the newest schema."""
    engine = open_engine(laid(url))
    upgrade(engine)
    return engine


def payment_row(zone: ZoneInfo = UTC_ZONE, **given: Any) -> Row:
    """A payments row; whatever is not given is a paid card payment of 10.00 USD at noon.

    `state`, `day`, `amount_received_minor` follow from the rest.
    """
    number = next(_numbers)
    row: Row = dict.fromkeys(column.name for column in payments.columns)
    row |= {
        "stripe_id": f"pi_{number:08d}",
        "status": "succeeded",
        "facet": 0,
        "amount_minor": 1000,
        "currency": "usd",
        "amount_capturable_minor": 0,
        "amount_refunded_minor": 0,
        "latest_charge_id": f"ch_{number:08d}",
        "email": f"user{number}@example.com",
        "method_type": "card",
        "card_brand": "visa",
        "card_last4": "4242",
        "card_country": "US",
        "amount_disputed_minor": 0,
        "disputed": False,
        "risk_level": "normal",
        "livemode": False,
        "confirmed": True,
        "created_at": NOON + timedelta(seconds=number),
    } | given
    paid = row["amount_minor"] if row["status"] == "succeeded" else 0
    row["amount_received_minor"] = given.get("amount_received_minor", paid)
    row["amount_captured_minor"] = given.get("amount_captured_minor", row["amount_received_minor"])
    row["dispute_outcome"] = given.get("dispute_outcome", "open" if row["disputed"] else "")
    row["as_of"] = row["updated_at"] = given.get("as_of", row["created_at"])
    row["day"] = business_day(row["created_at"], zone)
    row["state"] = payment_state(
        row["status"],
        failed=bool(row["failure_code"]),
        received_minor=row["amount_received_minor"],
        refunded_minor=row["amount_refunded_minor"],
        disputed=row["disputed"],
    )
    return row


def charge_row(payment: Mapping[str, Any], **given: Any) -> Row:
    """The latest charge of a payment; a failed one where the payment has not succeeded."""
    good = payment["status"] == "succeeded"
    row: Row = {column.name: payment.get(column.name) for column in charges.columns}
    return (
        row
        | {
            "stripe_id": payment["latest_charge_id"],
            "payment_id": payment["stripe_id"],
            "status": "succeeded" if good else "failed",
            "amount_captured_minor": payment["amount_captured_minor"],
            "captured": good,
            "outcome_type": "authorized" if good else "issuer_declined",
        }
        | given
    )


def ledger_row(payment: Mapping[str, Any], zone: ZoneInfo = UTC_ZONE, **given: Any) -> Row:
    """The balance transaction of a payment's charge, settled in its own currency, fee 3 %."""
    number = next(_numbers)
    amount = given.get("amount_minor", payment["amount_received_minor"])
    fee = given.get("fee_minor", amount * 3 // 100)
    created_at = given.get("created_at", payment["created_at"])
    return {
        "stripe_id": f"txn_{number:08d}",
        "livemode": payment["livemode"],
        "type": "charge",
        "reporting_category": "charge",
        "source_id": payment["latest_charge_id"],
        "payment_id": payment["stripe_id"],
        "amount_minor": amount,
        "fee_minor": fee,
        "net_minor": amount - fee,
        "currency": payment["currency"],
        "balance_type": "payments",
        "exchange_rate": None,
        "description": None,
        "status": "available",
        "payout_id": None,
        "method": payment["method_type"] or "",
        "card_country": payment["card_country"] or "",
        "business_day": business_day(created_at, zone),
        "created_at": created_at,
        "available_on": created_at + timedelta(days=2),
    } | given


def add_payments(conn: Connection, rows: Sequence[Row], slot: int = 0) -> None:
    """Insert payments rows, number their facets and add them to the daily counts."""
    numbers = FacetRegistry().numbers(conn, (facet_of(row) for row in rows))
    tally = PaymentTally()
    for row in rows:
        row["facet"] = numbers[facet_of(row)]
        tally.add(row)
    if rows:
        conn.execute(payments.insert(), rows)
        payment_words.follow_payments(conn, rows, {})
    tally.write(conn, slot)


def add_charges(conn: Connection, rows: Iterable[Row]) -> None:
    """Insert charges rows."""
    conn.execute(charges.insert(), list(rows))


def add_ledger(conn: Connection, rows: Sequence[Row], slot: int = 0) -> None:
    """Insert balance transactions and add them to the daily sums."""
    conn.execute(balance_transactions.insert(), rows)
    write_sums(conn, rows, slot)


def add_fees(conn: Connection, row: Row, parts: Mapping[str, int], slot: int = 0) -> None:
    """Insert what the fee of a ledger row is made of (type to amount), and add it to the sums."""
    written = [
        {"transaction_id": row["stripe_id"], "position": position, "type": type_}
        | {"amount_minor": amount, "currency": row["currency"]}
        for position, (type_, amount) in enumerate(parts.items())
    ]
    conn.execute(balance_transaction_fees.insert(), written)
    write_fee_sums(conn, [row], written, slot)


def close_month(engine: Engine, month: date) -> None:
    """Have the month that begins on this day closed, in test and live mode."""
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    with writing(engine) as conn:
        for livemode in (False, True):
            conn.execute(
                periods.insert().values(
                    livemode=livemode,
                    month=f"{month:%Y-%m}",
                    number=1,
                    first_day=month,
                    last_day=after - timedelta(days=1),
                    zone="UTC",
                    state=PeriodState.CLOSED,
                    asked_by="test",
                    asked_at=NOON,
                )
            )


def paid(conn: Connection, **given: Any) -> Row:
    """One payment with its charge and its ledger row, in the database; returns the payment."""
    row = payment_row(**given)
    add_payments(conn, [row])
    add_charges(conn, [charge_row(row)])
    if row["amount_received_minor"]:
        add_ledger(conn, [ledger_row(row)])
    return row
