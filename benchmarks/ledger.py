"""Writing balance transactions, a page of 100 per transaction, beside what Stripe can send."""

from __future__ import annotations

import time
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from benchmarks import stripe_objects
from benchmarks.report import row
from benchmarks.scratch import empty_database
from core.db.engine import writing
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext, apply
from core.mirror.rollups import differences

#: The rows are the same whatever the size of the database.
SIZED = False
PAGES = 100
#: So many stretches of pages, of which the median counts.
ROUNDS = 5
#: Stripe gives at most 25 requests a second of 100 rows each: 400 microseconds a row.
STRIPE_MICROSECONDS = 400.0
TARGETS = {True: 8, False: 4}


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """All rows; the size does not matter here."""
    del size
    with empty_database(engine, "ledger") as database:
        books = BookingContext(Scope(ZoneInfo("UTC"), 0))
        pages = [stripe_objects.ledger_page(number) for number in range(PAGES * ROUNDS + 2)]
        _write(database, books, pages[:2])
        starts = range(2, len(pages), PAGES)
        taken = median(_clocked(database, books, pages[at : at + PAGES]) for at in starts)
        _write(database, books, pages[:20])
        assert not differences(database), "the sums differ from their rows"
    return [
        row(
            "write a balance transaction, a page a transaction, microseconds "
            "(baseline: Stripe's fastest list)",
            taken,
            STRIPE_MICROSECONDS,
            at_least=TARGETS[engine.dialect.name == "sqlite"],
        )
    ]


def _clocked(database: Engine, books: BookingContext, pages: list[Any]) -> float:
    """Microseconds a row."""
    start = time.perf_counter()
    _write(database, books, pages)
    return (time.perf_counter() - start) / len(pages) / 100 * 1_000_000


def _write(database: Engine, books: BookingContext, pages: list[Any]) -> None:
    for page in pages:
        with writing(database) as connection:
            apply(connection, [], books, entries=page)
