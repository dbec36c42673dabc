"""Applying the inbox: events a second beside the same work by an ORM; two workers beside one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, select
from sqlalchemy.engine import ExceptionContext

from benchmarks import apply_orm, stripe_objects
from benchmarks.report import row
from benchmarks.scratch import empty_database
from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.tables import payments
from core.events.store import IncomingEvent, store
from core.inbox.event_processor import apply_inbox
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from core.mirror.rollups import differences

#: The rows are the same whatever the size of the database.
SIZED = False
PAYMENTS = 2400
BASELINE_PAYMENTS = 300
#: One worker and two are measured in turns, so often: the machine has other things to do.
ROUNDS = 3
#: (times faster than the ORM) on SQLite and on MySQL or MariaDB.
TARGETS = {True: 12, False: 18}
#: MySQL's number for it.
_DEADLOCK = 1213


@dataclass(frozen=True)
class Outcome:
    """What workers took for an inbox: time an event, the largest one's memory in MiB."""

    microseconds: float
    rss: float
    batches: int
    deadlocks: int


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """All rows; the size does not matter here: the inbox is what is new, not what is old."""
    del size
    sqlite = engine.dialect.name == "sqlite"
    baseline = _with_orm(engine)
    rounds = [_round(engine, alone=sqlite) for _ in range(ROUNDS)]
    single, double = (median(one[n].microseconds for one in rounds) for n in (0, -1))
    rss = median(one[0].rss for one in rounds)
    rows = [
        row(
            "apply an event, one worker, batches of 200, microseconds (baseline: ORM, "
            "an event per transaction)",
            single,
            baseline,
            at_least=TARGETS[sqlite],
        ),
        row("worker's memory after applying, MiB", rss, at_most=130),
    ]
    if not sqlite:
        deadlocks = sum(one[1].deadlocks for one in rounds)
        batches = sum(one[1].batches for one in rounds)
        rows += [
            row(
                "apply an event, two workers, microseconds (baseline: one worker)",
                double,
                single,
                at_least=1.3,
            ),
            row("two workers, deadlocks in 100 batches", deadlocks * 100 / batches, at_most=1),
        ]
    return rows


def _round(engine: Engine, *, alone: bool) -> list[Outcome]:
    """What one worker did, and then two unless it is `alone`."""
    return [_with_workers(engine, workers) for workers in ((1,) if alone else (1, 2))]


def _with_orm(engine: Engine) -> float:
    with empty_database(engine, "orm") as database:
        _fill(database, stripe_objects.events(BASELINE_PAYMENTS))
        start = time.perf_counter()
        count = apply_orm.apply_all(database)
        return (time.perf_counter() - start) / count * 1_000_000


def _with_workers(engine: Engine, workers: int) -> Outcome:
    """Empties an inbox with so many workers; books are proved after."""
    with empty_database(engine, f"core{workers}") as database:
        incoming = stripe_objects.events(PAYMENTS)
        _fill(database, incoming)
        url = database.url.render_as_string(hide_password=False)
        crew = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.apply", url, str(slot)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for slot in range(workers)
        ]
        for member in crew:
            member.stdout.readline()
        start = time.perf_counter()
        for member in crew:
            member.stdin.write("go\n")
            member.stdin.flush()
        told = [member.stdout.readline().split() for member in crew]
        taken = time.perf_counter() - start
        for member in crew:
            member.communicate()
        assert not differences(database), "the sums differ from their rows"
        with reading(database) as connection:
            assert len(connection.execute(select(payments.c.stripe_id)).all()) == PAYMENTS
        memory, batches, deadlocks = zip(*told, strict=True)
        return Outcome(
            taken / len(incoming) * 1_000_000,
            max(map(float, memory)),
            sum(map(int, batches)),
            sum(map(int, deadlocks)),
        )


def _fill(database: Engine, incoming: Sequence[IncomingEvent]) -> None:
    for start in range(0, len(incoming), 256):
        with writing(database) as connection:
            part = incoming[start : start + 256]
            store(connection, part, source="webhook", received_at=clock.now())


def _worker(url: str, slot: int) -> None:
    """A worker process: says when it is ready, applies all, says what it took: memory in MiB,
    batches, deadlocks."""
    engine = open_engine(url)
    deadlocks = 0

    @event.listens_for(engine, "handle_error")
    def _seen(context: ExceptionContext) -> None:
        nonlocal deadlocks
        deadlocks += context.original_exception.args[:1] == (_DEADLOCK,)

    books = BookingContext(Scope(ZoneInfo("UTC"), slot))
    with reading(engine) as connection:
        connection.execute(select(payments.c.stripe_id).limit(1))
    print("ready", flush=True)
    sys.stdin.readline()
    batches = 0
    while apply_inbox(engine, books).any:
        batches += 1
    print(_rss_mib(), batches, deadlocks, flush=True)


def _rss_mib() -> float:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    _worker(sys.argv[1], int(sys.argv[2]))
