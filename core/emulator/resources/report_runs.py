"""Report runs: they succeed within a second, without a file."""

from __future__ import annotations

from typing import Any

from core.emulator.resources.records import Record
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context

_SOON_MS = 500


def create_report(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/reporting/report_runs: succeeds within a second, without a file."""
    report: Obj = {
        "id": ctx.ids.new("frr"),
        "object": "reporting.report_run",
        "created": ctx.now,
        "error": None,
        "livemode": False,
        "parameters": params.get("parameters") or {},
        "report_type": params["report_type"],
        "result": None,
        "status": "pending",
        "succeeded_at": None,
    }
    ctx.tx.add(report)
    ctx.later(_SOON_MS, Task.REPORT_DONE, report=report["id"])
    return report


def report_is_done(ctx: Context, report: str) -> None:
    """A report succeeded."""
    found = ctx.need("reporting.report_run", report)
    found["status"], found["succeeded_at"] = "succeeded", ctx.now
    ctx.emit("reporting.report_run.succeeded", found)
    ctx.tx.touch(found)


REPORT = Record("reporting.report_run")
