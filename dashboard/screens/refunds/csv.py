"""Refunds as files: the history as it is filtered on the screen, and the rows of a bulk."""

from __future__ import annotations

from collections.abc import Callable

from core.money import plain
from core.reads import exports
from core.reads.refunds import bulk as bulk_refund_reads
from core.reads.refunds.bulk import BulkRow
from core.reads.refunds.history import Entry
from dashboard.ui.csv_file import CsvFile, livemode

COLUMNS: dict[str, Callable[[Entry], object]] = {
    "id": lambda one: one.id,
    "asked_utc": lambda one: one.at.isoformat(),
    "state": lambda one: one.state,
    "amount": lambda one: plain(one.amount),
    "currency": lambda one: one.amount.currency.upper(),
    "payment": lambda one: one.payment_id,
    "refund": lambda one: one.refund_id,
    "made": lambda one: "elsewhere" if one.external else "here",
    "reason": lambda one: one.reason,
    "note": lambda one: one.note,
    "why": lambda one: one.why,
    "over": lambda one: one.over,
    "asked_by": lambda one: one.asked_by,
    "decided_by": lambda one: one.decided_by,
    "bulk": lambda one: one.bulk_id,
}
BULK_COLUMNS: dict[str, Callable[[BulkRow], object]] = {
    "payment": lambda one: one.payment_id,
    "amount": lambda one: plain(one.amount),
    "currency": lambda one: one.amount.currency.upper(),
    "state": lambda one: one.state,
    "why": lambda one: one.why,
    "refund": lambda one: one.refund_id,
    "request": lambda one: one.request_id,
    "changed_utc": lambda one: one.updated_at.isoformat(),
}
HISTORY = CsvFile(
    exports.refunds,
    lambda asked: {
        "livemode": livemode(asked),
        "payment_id": asked.get("payment") or None,
        "state": asked.get("state") or None,
    },
    COLUMNS,
    rows_of=lambda page: page.entries,
    next_of=lambda page: page.older_cursor,
)
BULK = CsvFile(
    bulk_refund_reads.rows,
    lambda asked: {"livemode": livemode(asked), "bulk_id": asked.get("id", "")},
    BULK_COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.next_cursor,
)
