"""Payments as a file: what the screen's search finds, newest first."""

from __future__ import annotations

from collections.abc import Callable

from core.money import Money, plain
from core.reads import exports
from core.reads.payments import list as reads
from core.reads.payments.list import PaymentRow
from dashboard.ui import viewer
from dashboard.ui.csv_file import CsvFile, livemode

COLUMNS: dict[str, Callable[[PaymentRow], object]] = {
    "id": lambda row: row.stripe_id,
    "created_utc": lambda row: row.created_at.isoformat(),
    "state": lambda row: row.state,
    "status": lambda row: row.status,
    "amount": lambda row: plain(Money(row.amount_minor, row.currency)),
    "currency": lambda row: row.currency.upper(),
    "refunded": lambda row: plain(Money(row.amount_refunded_minor, row.currency)),
    "method": lambda row: row.method_type,
    "card_brand": lambda row: row.card_brand,
    "card_last4": lambda row: row.card_last4,
    "card_country": lambda row: row.card_country,
    "email": lambda row: row.email,
    "customer_name": lambda row: row.customer_name,
    "customer": lambda row: row.customer_id,
    "order": lambda row: row.order_id,
    "user": lambda row: row.user_id,
    "risk_level": lambda row: row.risk_level,
    "risk_score": lambda row: row.risk_score,
    "failure_code": lambda row: row.failure_code,
    "decline_code": lambda row: row.decline_code,
    "captured": lambda row: plain(Money(row.amount_captured_minor, row.currency)),
    "disputed": lambda row: plain(Money(row.amount_disputed_minor, row.currency)),
    "dispute": lambda row: row.dispute_outcome,
}
PAYMENTS = CsvFile(
    exports.payments,
    lambda asked: {
        "query": reads.parse(asked.get("q", "")),
        "livemode": livemode(asked),
        "zone": viewer.zone(),
    },
    COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older_cursor,
)
