"""The worker: applies the inbox, reads stale objects again, polls, and keeps the ledger."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from core import clock
from core.actions.context import ActionContext
from core.actions.developer import scenario_runs
from core.actions.exports import requests as export_requests
from core.actions.exports import worker as export_worker
from core.actions.operation_kinds import KINDS
from core.actions.operations import redaction
from core.actions.operations.resolve import BATCH, resolve
from core.actions.operations.resolve import work as resolving_work
from core.actions.proof import runs as proof_runs
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_worker
from core.actions.retention import personal_data
from core.actions.retention.histories import CHUNK as HISTORY_CHUNK
from core.actions.retention.histories import prune_alerts, prune_exports
from core.alerts.default_rules import make_default_rules
from core.alerts.delivery import WORK as MESSAGES_WORK
from core.alerts.delivery import Deliverer
from core.alerts.evaluation import evaluate
from core.bootstrap import Console, StripeServices, action_context, reread
from core.configuration import store
from core.db.engine import answering, long_statements, open_engine
from core.db.wakeups import Change, Wakeups, Work
from core.domain.stream_limits import (
    EVENTS,
    INBOX,
    LEDGER,
    PAYOUTS,
    REFRESH,
    WRITTEN_EVERY,
)
from core.domain.versions import CHANGED, changes
from core.errors import DatabaseDown, Misconfigured
from core.events.kept_secrets import hide_kept_secrets
from core.gateway.client import Gateway
from core.inbox.event_processor import WORK as INBOX_WORK
from core.inbox.event_processor import apply_inbox, put_back_for
from core.inbox.health import answers_within
from core.inbox.poll import poll
from core.ledger.upkeep import fold_closed_days, settle_available
from core.loop import Waiter, run
from core.mirror import refresh_queue
from core.mirror.balance_check import check_balance
from core.mirror.fill_readings import fill
from core.mirror.ledger_check import check_ledger
from core.mirror.ledger_walk import catch_up, fill_gaps
from core.mirror.own_account import learn_account
from core.mirror.refresh_loop import RefreshLoop
from core.mirror.streams import OWN, Recorder, Step, every_so_often
from core.proof.nightly import reconcile_daily
from core.risk.scoring_worker import Watch
from core.settings import Settings
from core.stripe_calls.retention import CHUNK, prune
from dashboard.process import emulator_control

#: How often it is asked whether there is work, in seconds: an event waits so long at most.
LOOK_EVERY = 0.05
#: What is less urgent is asked for, and done, so often at most.
UNHURRIED = 1.0
RISK_EVERY = 0.5
#: Loops that are woken when there is work look for themselves this often all the same.
RARELY = 30.0
#: Loops of streams wake up at least this often: one that does not is told within a minute.
AWAKE = 5.0
POLL_EVERY = 15.0
LEDGER_EVERY = 3.0
#: The ledger is walked when something changed here, and this often even if nothing did.
LEDGER_AFTERWARDS = 30.0
LEDGER_AT_LEAST = 300.0
GAPS_EVERY = 60.0
#: A pass of the last 35 days takes some minutes, once a day.
LEDGER_CHECK_EVERY = 5.0
BALANCE_CHECK_EVERY = 300.0
#: Where webhooks bring events, the poll only heals gaps: Stripe counts reads.
POLL_BESIDE_WEBHOOKS = 300.0
LOG_EVERY = 2.0
#: A long file is read once from end to end: a large cache would only grow.
EXPORTS_CACHE_MIB = 1
EXPIRY_EVERY = 30.0
UPKEEP_EVERY = 600.0
KEY_EVERY = 600.0
PROOF_IDLE = 600.0
ALERTS_EVERY = 60.0
#: A worker that is stopped looks this often, in seconds, whether it is the database that its last
#: steps wait for, which has so long to answer: all in all less than `up` gives its processes.
_GRACE_SECONDS, _ANSWER_SECONDS = 3.0, 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loop:
    """A step that is taken over and over: after `idle` seconds, or when its work wakes it."""

    name: str
    step: Step
    idle: float
    wakeup: Waiter | None = None


def run_loops(console: Console, services: StripeServices) -> int | None:
    """Run all loops until a signal comes; 0, or 1 if one of them failed.

    None once a setting that is kept in the database was changed: start anew.
    """
    stop, failed, changed = threading.Event(), threading.Event(), threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)

    def guarded(loop: Loop) -> None:
        try:
            run(loop.name, loop.step, stop, idle=loop.idle, wakeup=loop.wakeup)
        except BaseException:
            _log.critical("%s failed", loop.name, exc_info=True)
            failed.set()
            stop.set()
            raise

    wakeups = Wakeups(console.engine)
    threads = [
        threading.Thread(target=guarded, args=(loop,), name=loop.name)
        for loop in [
            *_loops(console, services, wakeups),
            Loop("wakeups", wakeups.look, LOOK_EVERY, wakeups),
            Loop(
                "settings",
                partial(_end_on_change, console, changed, stop),
                RARELY,
                wakeups.of(store.changed(), every=UNHURRIED),
            ),
        ]
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    wakeups.wake_all()
    last = threading.Thread(target=_keep_last_calls, args=(services,), name="last calls")
    ended = _have_ended(threads, console)
    if ended:
        last.start()
        ended = _have_ended([last], console)
    if changed.is_set() and not failed.is_set():
        return None
    code = 1 if failed.is_set() else 0
    if not ended:
        _log.warning("the database does not answer: what is under way is left to the next worker")
        logging.shutdown()
        # An ordinary exit waits for threads, and theirs are for the database.
        os._exit(code)
    return code


def _have_ended(threads: Sequence[threading.Thread], console: Console) -> bool:
    """Wait for their last step as long as it takes; False once the database does not answer."""
    while True:
        until = time.monotonic() + _GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        if not any(thread.is_alive() for thread in threads):
            return True
        if not answers_within(console.settings.database, _ANSWER_SECONDS):
            return False


def _keep_last_calls(services: StripeServices) -> None:
    try:
        with answering():
            services.log.flush()
    except DatabaseDown:
        _log.warning("the last calls to Stripe are not in the log: no database")


def _end_on_change(console: Console, changed: threading.Event, stop: threading.Event) -> bool:
    """Have all loops end after the step that they are at, once another setting is kept.

    One that cannot be used changes nothing: what runs goes on as it did.
    """
    try:
        if reread(console) is not console:
            _log.info("a setting was changed: the worker starts anew")
            changed.set()
            stop.set()
    except Misconfigured as error:
        _log.error("a setting that was changed cannot be used: %s", error.message)
    return False


def _loops(console: Console, services: StripeServices, wakeups: Wakeups) -> list[Loop]:
    engine = console.engine
    recorder = Recorder(engine)
    context, challenge = (
        action_context(console, services),
        emulator_control.challenge(console.settings),
    )
    deliverer = Deliverer(engine, context.channel_secrets, console.settings.screens_base)

    def woken(name: str, step: Step, work: Work | Change, every: float = UNHURRIED) -> Loop:
        return Loop(name, step, RARELY, wakeups.of(work, every=every))

    loops = [
        Loop("apply", _applier(console, services, recorder), AWAKE, wakeups.of(INBOX_WORK)),
        Loop("streams", recorder.flush, WRITTEN_EVERY.total_seconds()),
        Loop("request log", lambda: services.log.flush() > 1000, LOG_EVERY),
        Loop("upkeep", _taking_time(lambda: _upkeep(console)), UPKEEP_EVERY),
        woken("operations", lambda: resolve(context, KINDS) == BATCH, resolving_work(context)),
        woken(
            "scenarios", lambda: scenario_runs.run_waiting(context, challenge), scenario_runs.WORK
        ),
        woken(
            "bulk refunds",
            lambda: bulk_worker.send_waiting_rows(context),
            bulk_worker.work(context),
        ),
        woken("risk", Watch(engine, console.settings.zone).step, CHANGED, RISK_EVERY),
        woken("exports", _taking_time(exporter(console.settings)), export_worker.WORK),
        Loop("expiry", lambda: _expire(context), EXPIRY_EVERY),
        Loop("retention", _taking_time(lambda: _retain(console, context)), UPKEEP_EVERY),
        Loop("alerts", _taking_time(partial(_look_for_alerts, console, context)), ALERTS_EVERY),
        # What went wrong in sending a message is raised by the next step.
        Loop("alert messages", deliverer.step, AWAKE, wakeups.of(MESSAGES_WORK, every=UNHURRIED)),
    ]
    for gateway in services.gateways.values():
        mode = "live" if gateway.livemode else "test"
        loops += _loops_of(console, services, gateway, recorder, wakeups)
        asked = _taking_time(partial(proof_runs.run_asked, context, gateway.livemode))
        loops.append(woken(f"asked proof {mode}", asked, proof_runs.asked(gateway.livemode)))
    return loops


def _loops_of(
    console: Console,
    services: StripeServices,
    gateway: Gateway,
    recorder: Recorder,
    wakeups: Wakeups,
) -> list[Loop]:
    """The loops of one mode. Each is watched: its stream says on the screens how it stands."""
    mode = "live" if gateway.livemode else "test"

    def watched(name: str, step: Step, idle: float, part: str = OWN) -> Step:
        return recorder.watched(name, [gateway.livemode], step, every=idle, part=part)

    def loop(name: str, step: Step, idle: float) -> Loop:
        return Loop(f"{name} {mode}", step, idle)

    refreshing = RefreshLoop(console.engine, gateway, services.books)
    # What payouts paid out is read with all other objects: their stream is told beside it.
    refresher = watched(PAYOUTS, watched(REFRESH, refreshing.step, AWAKE), AWAKE)
    stale = wakeups.of(refresh_queue.work(gateway.livemode))
    poller = every_so_often(_poller(console, gateway, recorder), _poll_every(console))
    bookkeeper = _bookkeeper(console, services, gateway, recorder)
    ledger_checker = _taking_time(_ledger_checker(console, services, gateway))
    balance_checker = _taking_time(_balance_checker(console, gateway))
    gap_filler = every_so_often(_gap_filler(console, services, gateway), GAPS_EVERY)
    return [
        loop("key", partial(_use_key, console, gateway), KEY_EVERY),
        loop("proof", _taking_time(partial(_prove, console, gateway)), PROOF_IDLE),
        Loop(f"refresh {mode}", refresher, AWAKE, stale),
        loop("poll", watched(EVENTS, poller, AWAKE), AWAKE),
        loop("ledger", watched(LEDGER, bookkeeper, LEDGER_EVERY), LEDGER_EVERY),
        loop("gaps", watched(LEDGER, gap_filler, AWAKE, "gaps"), AWAKE),
        loop(
            "ledger check",
            watched(LEDGER, ledger_checker, LEDGER_CHECK_EVERY, "ledger check"),
            LEDGER_CHECK_EVERY,
        ),
        loop(
            "balance check",
            watched(LEDGER, balance_checker, BALANCE_CHECK_EVERY, "balance check"),
            BALANCE_CHECK_EVERY,
        ),
    ]


def _taking_time(step: Step) -> Step:
    """A step that adds up or goes through much: its statements may take their time."""

    def work() -> bool | None:
        with long_statements():
            return step()

    return work


def _applier(console: Console, services: StripeServices, recorder: Recorder) -> Step:
    modes = frozenset(services.gateways)

    def step() -> bool:
        return apply_inbox(console.engine, services.books, modes=modes).any

    return recorder.watched(INBOX, list(services.gateways), step, every=AWAKE)


def _use_key(console: Console, gateway: Gateway) -> bool:
    """Learn whose account the key opens; put back what waited for it, or for the key.

    The second even where Stripe does not answer now.
    """
    try:
        learn_account(console.engine, gateway)
    finally:
        again = put_back_for(console.engine, livemode=gateway.livemode)
    return bool(again)


def _poller(console: Console, gateway: Gateway, recorder: Recorder) -> Step:
    def step() -> bool:
        begun = clock.now()
        polled = poll(console.engine, gateway)
        recorder.reached(EVENTS, gateway.livemode, begun)
        if polled.gap:
            _log.error("events older than Stripe keeps were missed: run `sync --since` for them")
        return False

    return step


def _bookkeeper(
    console: Console, services: StripeServices, gateway: Gateway, recorder: Recorder
) -> Step:
    """Walks while something changes here, and a little longer: Stripe books with a delay."""
    seen, changed_at, walked_at, wanted = -1, 0.0, 0.0, True

    def step() -> bool:
        nonlocal seen, changed_at, walked_at, wanted
        now, version = time.monotonic(), changes(console.engine)
        if version != seen:
            seen, changed_at = version, now
        # A walk that failed is wanted until one has ended.
        wanted = wanted or now - changed_at < LEDGER_AFTERWARDS
        if wanted or now - walked_at > LEDGER_AT_LEAST:
            wanted, begun = True, clock.now()
            walked = catch_up(console.engine, gateway, services.books)
            recorder.reached(LEDGER, gateway.livemode, begun)
            recorder.lacks(LEDGER, gateway.livemode, next(iter(walked.lacking), None))
            walked_at, wanted = now, False
            _log.debug("ledger: %s new rows, %s parked", walked.new, walked.parked)
        return False

    return step


def _gap_filler(console: Console, services: StripeServices, gateway: Gateway) -> Step:
    def step() -> bool:
        new = fill_gaps(console.engine, gateway, services.books)
        if new:
            _log.warning("ledger: %s rows came late and were fetched by their ids", new)
        return False

    return step


def _ledger_checker(console: Console, services: StripeServices, gateway: Gateway) -> Step:
    """One day of the last 35 at a time, with a pause: the walk's own requests come first."""

    def step() -> bool:
        done = check_ledger(console.engine, gateway, services.books)
        if done.fetched:
            _log.warning("ledger: %s rows of %s came late", done.fetched, done.day)
        if done.differences:
            _log.error("ledger: %s differs from Stripe's list", done.day)
        return False

    return step


def _prove(console: Console, gateway: Gateway) -> bool:
    """The daily reconciliation; what it finds stands in the table of breaks."""
    found = reconcile_daily(console.engine, gateway, console.settings.zone)
    if found is not None and found.open:
        _log.error("proof: %s breaks are open", len(found.open))
    return False


def _look_for_alerts(console: Console, context: ActionContext) -> bool:
    """Look at all rules once; where there is a live key, at live data alone."""
    make_default_rules(console.engine, console.settings.currencies)
    evaluate(console.engine, livemode=context.livemode, zone=console.settings.zone)
    return False


def _balance_checker(console: Console, gateway: Gateway) -> Step:
    def step() -> bool:
        found = check_balance(console.engine, gateway)
        if found.differences:
            _log.error("ledger: %s balances differ from Stripe's", found.differences)
        return False

    return step


def _poll_every(console: Console) -> float:
    settings = console.settings
    told = settings.webhook_secrets and not settings.uses_emulator
    return POLL_BESIDE_WEBHOOKS if told else POLL_EVERY


def _expire(context: ActionContext) -> bool:
    """End requests that waited too long for a second person."""
    refund_approvals.expire(context)
    bulk_refund_approvals.expire(context)
    return False


def exporter(settings: Settings) -> Step:
    """Writes the files that are too long to be waited for, over a connection of its own."""
    engine = open_engine(settings.database, pool_size=1, cache_mib=EXPORTS_CACHE_MIB)
    console, folder = Console(settings, engine), _exports_folder(settings)

    def step() -> bool:
        return export_worker.write_waiting(engine, folder, console.read, settings.zone)

    return step


def _exports_folder(settings: Settings) -> Path:
    return settings.var_dir / export_requests.FOLDER


def _retain(console: Console, context: ActionContext) -> bool:
    """Let go of what is kept for a time only; whether there is more of it."""
    now = clock.now()
    export_worker.remove_old(context.engine, _exports_folder(console.settings), at=now)
    pruned, forgotten = prune(context.engine, at=now), redaction.forget(context.engine, at=now)
    settings, engine = console.settings, context.engine
    gone = (
        prune_exports(engine, days=settings.export_history_days, at=now),
        prune_alerts(engine, days=settings.alert_history_days, at=now),
    )
    more = personal_data.purge(engine, context.books, days=settings.personal_data_days, at=now)
    full = pruned == CHUNK or forgotten == redaction.CHUNK or HISTORY_CHUNK in gone
    hiding = hide_kept_secrets(engine, at=now)
    return fill(engine, at=now) or full or more or hiding


def _upkeep(console: Console) -> bool:
    today = clock.business_day(clock.now(), console.settings.zone)
    fold_closed_days(console.engine, before=today)
    settle_available(console.engine, at=clock.now())
    return False
