"""Reconciling a year, alone in its process: `python -m benchmarks.proof_run URL FIRST DAYS`.

Nothing is loaded but what it needs: its memory is what this process holds at most.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, date, timedelta

from core.db.engine import open_engine
from core.proof.reconcile import reconcile
from core.proof.span import Span


def _main(url: str, first: date, days: int) -> None:
    engine = open_engine(url)
    started = time.perf_counter()
    span = Span(False, first, first + timedelta(days=days - 1), UTC)
    found = reconcile(engine, None, span, asked_by="bench")
    seconds = time.perf_counter() - started
    assert (found.open, found.expected) == ((), ()), "the two ways disagree"
    states = {one.name: one.state for one in found.identities}
    assert states["list"] == "agrees", "Stripe's list was not compared"
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds} {largest}\n")


if __name__ == "__main__":
    _main(sys.argv[1], date.fromisoformat(sys.argv[2]), int(sys.argv[3]))
