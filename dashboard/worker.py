"""The worker: applies the inbox, reads stale objects again, polls, and keeps the ledger."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from core import clock
from core.bootstrap import Console, Workshop
from core.gateway.client import Gateway
from core.inbox.ledger_walk import catch_up
from core.inbox.loop import run
from core.inbox.poll import poll
from core.inbox.refresh import refresh
from core.inbox.work import apply_inbox
from core.ledger.upkeep import fold_closed_days, settle_available

#: How long an idle step waits, in seconds.
APPLY_IDLE = 0.1
REFRESH_IDLE = 0.1
POLL_EVERY = 15.0
LEDGER_EVERY = 3.0
LOG_EVERY = 2.0
UPKEEP_EVERY = 600.0

_log = logging.getLogger(__name__)


def work(console: Console, workshop: Workshop) -> int:
    """Run all loops until a signal comes; 0, or 1 if one of them failed."""
    stop, failed = threading.Event(), threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)

    def guarded(name: str, step: Callable[[], bool], idle: float) -> None:
        try:
            run(name, step, stop, idle=idle)
        except BaseException:
            _log.critical("%s failed", name, exc_info=True)
            failed.set()
            stop.set()
            raise

    threads = [
        threading.Thread(target=guarded, args=(name, step, idle), name=name)
        for name, step, idle in _loops(console, workshop)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workshop.log.flush()
    return 1 if failed.is_set() else 0


def _loops(console: Console, workshop: Workshop) -> list[tuple[str, Callable[[], bool], float]]:
    engine, books = console.engine, workshop.books
    loops: list[tuple[str, Callable[[], bool], float]] = [
        ("apply", lambda: apply_inbox(engine, books).any, APPLY_IDLE),
        ("request log", lambda: workshop.log.flush() > 1000, LOG_EVERY),
        ("upkeep", lambda: _upkeep(console), UPKEEP_EVERY),
    ]
    for gateway in workshop.gateways.values():
        mode = "live" if gateway.livemode else "test"
        loops += [
            (f"refresh {mode}", _refresher(console, workshop, gateway), REFRESH_IDLE),
            (f"poll {mode}", _poller(console, gateway), POLL_EVERY),
            (f"ledger {mode}", _bookkeeper(console, workshop, gateway), LEDGER_EVERY),
        ]
    return loops


def _refresher(console: Console, workshop: Workshop, gateway: Gateway) -> Callable[[], bool]:
    return lambda: refresh(console.engine, gateway, workshop.books) > 0


def _poller(console: Console, gateway: Gateway) -> Callable[[], bool]:
    def step() -> bool:
        polled = poll(console.engine, gateway)
        if polled.gap:
            _log.error("events older than Stripe keeps were missed: run `sync --since` for them")
        return False

    return step


def _bookkeeper(console: Console, workshop: Workshop, gateway: Gateway) -> Callable[[], bool]:
    def step() -> bool:
        start = time.perf_counter()
        new = catch_up(console.engine, gateway, workshop.books)
        if new:
            _log.debug("ledger: %s rows in %.3f s", new, time.perf_counter() - start)
        return False

    return step


def _upkeep(console: Console) -> bool:
    today = clock.business_day(clock.now(), console.settings.zone)
    fold_closed_days(console.engine, before=today)
    settle_available(console.engine, at=clock.now())
    return False
