"""Differences as a file: what the queue's filters find, newest first."""

from __future__ import annotations

from collections.abc import Callable

from core.money import Money, plain
from core.reads.proof import breaks as reads
from core.reads.proof.breaks import BreakRow
from dashboard.ui.csv_file import CsvFile, livemode


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else plain(Money(minor, currency))


COLUMNS: dict[str, Callable[[BreakRow], object]] = {
    "number": lambda row: row.number,
    "found_utc": lambda row: row.found_at.isoformat(),
    "day": lambda row: row.day.isoformat(),
    "state": lambda row: row.state,
    "identity": lambda row: row.identity,
    "kind": lambda row: row.kind,
    "object": lambda row: row.object_id,
    "currency": lambda row: row.currency.upper(),
    "ours": lambda row: _amount(row.ours_minor, row.currency),
    "theirs": lambda row: _amount(row.theirs_minor, row.currency),
    "difference": lambda row: _amount(row.difference_minor, row.currency),
    "cause": lambda row: row.cause,
    "due_utc": lambda row: row.due_at.isoformat() if row.due_at else "",
    "owner": lambda row: row.owner_name or "",
    "reason": lambda row: row.reason or "",
    "explained_by": lambda row: row.explained_by or "",
    "closed_utc": lambda row: row.closed_at.isoformat() if row.closed_at else "",
}
DIFFERENCES = CsvFile(
    reads.page,
    lambda asked: {
        "livemode": livemode(asked),
        "view": asked.get("view") or "open",
        "kind": asked.get("kind") or None,
        "currency": asked.get("currency") or None,
    },
    COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
)
