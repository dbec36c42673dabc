"""Disputes as a file: the list that the screen shows, in its order."""

from __future__ import annotations

from collections.abc import Callable

from core.money import plain
from core.reads import exports
from core.reads.disputes.list import DisputeRow
from dashboard.ui.csv_file import CsvFile, livemode

COLUMNS: dict[str, Callable[[DisputeRow], object]] = {
    "id": lambda row: row.stripe_id,
    "created_utc": lambda row: row.created_at.isoformat(),
    "status": lambda row: row.status,
    "amount": lambda row: plain(row.amount),
    "currency": lambda row: row.amount.currency.upper(),
    "reason": lambda row: row.reason,
    "due_utc": lambda row: row.due_by.isoformat() if row.due_by else "",
    "payment": lambda row: row.payment_id,
    "customer": lambda row: row.customer,
    "card_brand": lambda row: row.card_brand,
    "has_evidence": lambda row: row.has_evidence,
    "submissions": lambda row: row.submission_count,
}
DISPUTES = CsvFile(
    exports.disputes,
    lambda asked: {
        "livemode": livemode(asked),
        "view": asked.get("view") or "open",
        "reason": asked.get("reason") or None,
        "currency": asked.get("currency") or None,
    },
    COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.next_cursor,
)
