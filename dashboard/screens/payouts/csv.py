"""Payouts as a file, and the rows that one of them paid out."""

from __future__ import annotations

from collections.abc import Callable

from core.money import Money, plain
from core.reads.payouts import detail
from core.reads.payouts import list as reads
from core.reads.payouts.detail import PaidOutRow
from core.reads.payouts.list import PayoutRow
from dashboard.ui.csv_file import CsvFile, livemode

COLUMNS: dict[str, Callable[[PayoutRow], object]] = {
    "id": lambda row: row.stripe_id,
    "created_utc": lambda row: row.created_at.isoformat(),
    "status": lambda row: row.status,
    "amount": lambda row: plain(row.amount),
    "currency": lambda row: row.amount.currency.upper(),
    "expected_utc": lambda row: row.arrival_at.isoformat() if row.arrival_at else "",
    "kind": lambda row: "automatic" if row.automatic else "manual",
    "method": lambda row: row.method or "",
    "failure_code": lambda row: row.failure_code or "",
    "reconciliation_status": lambda row: row.reconciliation_status or "",
    "trace_id": lambda row: row.trace_id or "",
    "trace_id_status": lambda row: row.trace_id_status or "",
    "payments": lambda row: row.payments,
}
ROW_COLUMNS: dict[str, Callable[[PaidOutRow], object]] = {
    "id": lambda row: row.stripe_id,
    "created_utc": lambda row: row.created_at.isoformat(),
    "category": lambda row: row.category,
    "source": lambda row: row.source_id or "",
    "payment": lambda row: row.payment_id or "",
    "email": lambda row: row.email or "",
    "amount": lambda row: plain(Money(row.amount_minor, row.currency)),
    "fee": lambda row: plain(Money(row.fee_minor, row.currency)),
    "net": lambda row: plain(Money(row.net_minor, row.currency)),
    "currency": lambda row: row.currency.upper(),
}
PAYOUTS = CsvFile(
    reads.page,
    lambda asked: {
        "livemode": livemode(asked),
        "view": asked.get("view") or "all",
        "currency": asked.get("currency") or None,
    },
    COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
)
ROWS = CsvFile(
    detail.rows,
    lambda asked: {"livemode": livemode(asked), "payout_id": asked.get("id", "")},
    ROW_COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
)
