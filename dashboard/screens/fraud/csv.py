"""Block and allow lists as a file, in the columns that an import takes."""

from __future__ import annotations

from collections.abc import Callable

from core.reads.fraud import lists as reads
from core.reads.fraud.lists import Entry
from dashboard.ui.csv_file import CsvFile

COLUMNS: dict[str, Callable[[Entry], object]] = {
    "kind": lambda one: one.kind,
    "field": lambda one: one.field,
    "value": lambda one: one.value,
    "reason": lambda one: one.reason,
    "expires": lambda one: one.expires_at.isoformat() if one.expires_at else "",
}
LISTS = CsvFile(
    reads.page,
    lambda asked: {
        "kind": asked.get("kind") or None,
        "field": asked.get("field") or None,
        "search": asked.get("search", ""),
    },
    COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
    cursor="below",
)
