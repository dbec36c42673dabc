"""Where a reading stops so that it touches about so many rows, and can go on from there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
from sqlalchemy import Connection

from core.db.types import Utc
from core.reads.search.payments.plan import Plan
from core.reads.search.payments.sql import (
    Binds,
    Window,
    order_of,
    path_tests,
    source_of,
    window_tests,
)
from core.reads.search.payments.stats import Stats

_UTC = Utc()


def slice_end_by_counts(counts: Stats, plan: Plan, window: Window, rows: float) -> datetime | None:
    """The time at which about `rows` have been read, by the counts; None if all fit.

    Rows are taken to be spread evenly over a slice of days: a budget needs no more.
    """
    curve = plan.curve
    if curve is None or not curve.costs.sum() > rows:
        return None
    spent = np.concatenate([[0.0], np.cumsum(curve.costs)])
    after = window.after
    begin = float(curve.bounds[-1 if window.older else 0])
    place = counts.at(after.moment) if after else begin
    here = float(np.interp(place, curve.bounds, spent))
    goal = here - rows if window.older else here + rows
    if not 0.0 < goal < float(spent[-1]):
        return None
    day = float(np.interp(goal, spent, curve.bounds))
    stop = datetime.combine(counts.first, time.min, UTC) + timedelta(days=day)
    return stop if _inside(window, stop) else None


def slice_end_by_keys(conn: Connection, plan: Plan, window: Window, rows: float) -> datetime | None:
    """The time at which one of the plan's keys has been read `rows` deep; None if all fit."""
    found = []
    deep = max(int(rows / plan.each), 1)
    # A payout is read whole, or not by its key.
    for path in (path for path in plan.paths if path.payout is None):
        binds = Binds(conn)
        # In a walk each entry counts, whether it begins as asked or not.
        read = replace(path, prefix=None) if path.index == "px_walk" else path
        tests = [*path_tests(binds, read), *window_tests(binds, window)]
        where = f"WHERE {' AND '.join(tests)}" if tests else ""
        tail = f"{order_of(window)} LIMIT 1 OFFSET {deep:d}"
        text = " ".join(["SELECT created_at FROM", source_of(binds, path), where, tail])
        moment = conn.exec_driver_sql(text, binds.values).scalar()
        stop = _UTC.process_result_value(moment, conn.dialect)
        if stop is not None:
            found.append(stop)
    if not found:
        return None
    # The end of a window is not in it: a moment later, or a slice of equal times never ends.
    return max(found) if window.older else min(found) + timedelta(microseconds=1)


def _inside(window: Window, stop: datetime) -> bool:
    """Whether the slice ends before the window's own end."""
    if window.older:
        return window.since is None or stop > window.since
    return window.until is None or stop < window.until
