"""The operators' log as a file: what the screen's search finds, newest first."""

from __future__ import annotations

from collections.abc import Callable

from core.reads.admin import audit
from core.reads.admin.audit import AuditRow
from dashboard.ui import viewer
from dashboard.ui.csv_file import CsvFile

COLUMNS: dict[str, Callable[[AuditRow], object]] = {
    "row": lambda row: row.seq,
    "at_utc": lambda row: row.at.isoformat(),
    "actor": lambda row: row.actor,
    "actor_name": lambda row: row.actor_name,
    "action": lambda row: row.action,
    "target": lambda row: row.target,
    "target_name": lambda row: row.target_name,
    "outcome": lambda row: row.outcome,
    "details": lambda row: row.details,
    "previous_hash": lambda row: row.previous_hash,
    "hash": lambda row: row.hash,
}
LOG = CsvFile(
    audit.page,
    lambda asked: {"query": audit.read_line(asked.get("q", "")), "zone": viewer.zone()},
    COLUMNS,
    rows_of=lambda page: page.rows,
    next_of=lambda page: page.older,
)
