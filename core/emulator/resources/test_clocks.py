"""Test clocks: only the clock itself moves, for nothing here bills by it."""

from __future__ import annotations

from typing import Any

from core.emulator.resources.balance import DAY
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context

_SOON_MS = 500


def create_clock(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/test_helpers/test_clocks; only it moves, for nothing here bills by it."""
    clock: Obj = {
        "id": ctx.ids.new("clock"),
        "object": "test_helpers.test_clock",
        "created": ctx.now,
        "deletes_after": ctx.now + 30 * DAY,
        "frozen_time": params["frozen_time"],
        "livemode": False,
        "name": params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    return CLOCK.made(ctx, clock)


def advance_clock(ctx: Context, clock_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/test_helpers/test_clocks/{id}/advance: `ready` again within a second."""
    clock = ctx.need("test_helpers.test_clock", clock_id, in_path=True)
    if clock["status"] != "ready":
        raise ApiError("Test clock advancement underway - cannot perform modifications.")
    if params["frozen_time"] <= clock["frozen_time"]:
        raise refused("frozen_time must be after the clock's current time.", "frozen_time")
    clock["status"] = "advancing"
    clock["status_details"] = {"advancing": {"target_frozen_time": params["frozen_time"]}}
    ctx.emit("test_helpers.test_clock.advancing", clock)
    ctx.later(_SOON_MS, Task.CLOCK_READY, clock=clock_id)
    return ctx.tx.touch(clock)


def clock_is_ready(ctx: Context, clock: str) -> None:
    """A clock got where it was sent."""
    found = ctx.need("test_helpers.test_clock", clock)
    if found["status"] == "advancing":
        found["frozen_time"] = found["status_details"]["advancing"]["target_frozen_time"]
        found["status"], found["status_details"] = "ready", {}
        ctx.emit("test_helpers.test_clock.ready", found)
        ctx.tx.touch(found)


CLOCK = Record("test_helpers.test_clock", "test_helpers.test_clock")
