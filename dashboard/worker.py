"""The worker: applies the inbox, reads stale objects again, polls, and keeps the ledger."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from core import clock
from core.actions import (
    bulk_refund_approvals,
    bulk_refunds,
    forgetting,
    refund_approvals,
    scenario_runs,
)
from core.actions.desk import Desk
from core.actions.resolve import BATCH, resolve
from core.bootstrap import Console, Workshop, desk_in
from core.db.versions import changes
from core.gateway.client import Gateway
from core.inbox.ledger_walk import catch_up, fill_gaps
from core.inbox.loop import run
from core.inbox.poll import poll
from core.inbox.refresh import refresh
from core.inbox.retention import CHUNK, prune
from core.inbox.work import apply_inbox
from core.ledger.upkeep import fold_closed_days, settle_available
from core.risk.watch import Watch
from dashboard import seeding

#: How long an idle step waits, in seconds.
APPLY_IDLE = 0.1
REFRESH_IDLE = 0.1
POLL_EVERY = 15.0
LEDGER_EVERY = 3.0
#: The ledger is walked when something changed here, and this often even if nothing did.
LEDGER_AFTERWARDS = 30.0
LEDGER_AT_LEAST = 300.0
GAPS_EVERY = 60.0
#: Where webhooks bring events, the poll only heals gaps: Stripe counts reads (FACTS section 6).
POLL_BESIDE_WEBHOOKS = 300.0
LOG_EVERY = 2.0
RESOLVE_EVERY = 1.0
SCENARIOS_IDLE = 1.0
BULK_IDLE = 1.0
RISK_IDLE = 0.5
EXPIRY_EVERY = 30.0
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
    desk, challenge = desk_in(console, workshop), seeding.challenge(console.settings)
    loops: list[tuple[str, Callable[[], bool], float]] = [
        ("apply", lambda: apply_inbox(engine, books).any, APPLY_IDLE),
        ("request log", lambda: workshop.log.flush() > 1000, LOG_EVERY),
        ("upkeep", lambda: _upkeep(console), UPKEEP_EVERY),
        ("operations", lambda: resolve(desk) == BATCH, RESOLVE_EVERY),
        ("scenarios", lambda: scenario_runs.work(desk, challenge), SCENARIOS_IDLE),
        ("bulk refunds", lambda: bulk_refunds.work(desk), BULK_IDLE),
        ("risk", Watch(engine, console.settings.zone).step, RISK_IDLE),
        ("expiry", lambda: _expire(desk), EXPIRY_EVERY),
        ("retention", lambda: _retain(desk), UPKEEP_EVERY),
    ]
    for gateway in workshop.gateways.values():
        mode = "live" if gateway.livemode else "test"
        loops += [
            (f"refresh {mode}", _refresher(console, workshop, gateway), REFRESH_IDLE),
            (f"poll {mode}", _poller(console, gateway), _poll_every(console)),
            (f"ledger {mode}", _bookkeeper(console, workshop, gateway), LEDGER_EVERY),
            (f"gaps {mode}", _gap_filler(console, workshop, gateway), GAPS_EVERY),
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
    """Walks while something changes here, and a little longer: Stripe books with a delay."""
    seen, changed_at, walked_at = -1, 0.0, 0.0

    def step() -> bool:
        nonlocal seen, changed_at, walked_at
        now, version = time.monotonic(), changes(console.engine)
        if version != seen:
            seen, changed_at = version, now
        if now - changed_at < LEDGER_AFTERWARDS or now - walked_at > LEDGER_AT_LEAST:
            walked_at = now
            new = catch_up(console.engine, gateway, workshop.books)
            _log.debug("ledger: %s new rows", new)
        return False

    return step


def _gap_filler(console: Console, workshop: Workshop, gateway: Gateway) -> Callable[[], bool]:
    def step() -> bool:
        new = fill_gaps(console.engine, gateway, workshop.books)
        if new:
            _log.warning("ledger: %s rows came late and were fetched by their ids", new)
        return False

    return step


def _poll_every(console: Console) -> float:
    settings = console.settings
    told = settings.webhook_secrets and not settings.uses_emulator
    return POLL_BESIDE_WEBHOOKS if told else POLL_EVERY


def _expire(desk: Desk) -> bool:
    """End requests that waited too long for a second person."""
    refund_approvals.expire(desk)
    bulk_refund_approvals.expire(desk)
    return False


def _retain(desk: Desk) -> bool:
    """Let go of what is kept for a time only; whether there is more of it."""
    now = clock.now()
    pruned, forgotten = prune(desk.engine, at=now), forgetting.forget(desk.engine, at=now)
    return pruned == CHUNK or forgotten == forgetting.CHUNK


def _upkeep(console: Console) -> bool:
    today = clock.business_day(clock.now(), console.settings.zone)
    fold_closed_days(console.engine, before=today)
    settle_available(console.engine, at=clock.now())
    return False
