"""One line of the report: a figure, its baseline of the same run, and whether the target is met."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, TypeVar

Result = TypeVar("Result")


def clocked(work: Callable[[], Result], *, times: int) -> tuple[float, Result]:
    """The median of `times` runs in milliseconds, and what the last one gave."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        taken.append((time.perf_counter() - start) * 1000)
    return median(taken), result


def in_turns(*works: Callable[[], object], times: int) -> list[float]:
    """The median of each in milliseconds, run one after the other `times` times."""
    for work in works:
        work()
    rounds = [[clocked(work, times=1)[0] for work in works] for _ in range(times)]
    return [median(taken) for taken in zip(*rounds, strict=True)]


def row(
    name: str,
    value: float,
    baseline: float | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    floor: float | None = None,
) -> dict[str, Any]:
    """A line. `at_least`: baseline / value; `at_most`, `floor`: the value itself. All must hold."""
    ratio = baseline / value if baseline is not None and value else None
    tests = [
        (at_least, f">= {at_least:g}x" if at_least else "", (ratio or 0) >= (at_least or 0)),
        (at_most, f"<= {at_most:g}" if at_most else "", value <= (at_most or 0)),
        (floor, f">= {floor:g}" if floor else "", value >= (floor or 0)),
    ]
    asked = [(words, held) for bound, words, held in tests if bound is not None]
    return {
        "name": name,
        "value": round(value, 3),
        "baseline": round(baseline, 3) if baseline is not None else None,
        "ratio": round(ratio, 2) if ratio is not None else None,
        "target": ", ".join(words for words, _ in asked),
        "met": all(held for _, held in asked),
    }
