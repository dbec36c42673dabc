"""Under live traffic nothing is told that is not so: what is on its way is expected, not open."""

from __future__ import annotations

import itertools
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import clock
from core.emulator.server import start_emulator
from core.inbox.event_processor import apply_inbox
from core.mirror.ledger_walk import catch_up
from core.mirror.refresh import refresh
from core.proof.reconcile import AGREES, DIFFERS, reconcile
from core.proof.span import Span
from tests.support.account_mirror import connect, do_business

RUNS = int(os.environ.get("TILLWATCH_PROOF_RUNS", "12"))


@pytest.fixture
def spine(tmp_path, database_url):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=7) as emulator:
        emulator.control("POST", "history", {"days": 6, "per_day": 12, "seed": 2})
        made = connect(emulator, database_url)
        made.sync(8)
        made.drain()
        yield made
        made.engine.dispose()


def span_of(days=5):
    today = clock.now().date()
    zone = clock.now().tzinfo
    return Span(False, today - timedelta(days=days), today, zone)


def proofs(spine, runs):
    """What so many runs say while business goes on and the mirror follows it in pieces.

    Both go on until the last run has ended, or fail the test.
    """
    stop, ended = threading.Event(), threading.Semaphore(0)
    delivered: set[str] = set()
    dice = random.Random(11)

    def business():
        for seed in itertools.count(100):
            if stop.is_set():
                return
            do_business(spine, seed, count=4)
            # Without a pause Stripe's balance never stands still, and nothing is said of it.
            for _ in range(seed % 3 * 2):
                ended.acquire()

    def follow():
        while not stop.is_set():
            fresh = unseen(spine, delivered)
            spine.deliver(fresh)
            delivered.update(one["id"] for one in fresh)
            apply_inbox(spine.engine, spine.books)
            refresh(spine.engine, spine.gateway, spine.books)
            if dice.random() < 0.5:
                catch_up(spine.engine, spine.gateway, spine.books)

    found = []
    with ThreadPoolExecutor(2) as pool:
        traffic = [pool.submit(one) for one in (business, follow)]
        try:
            for _ in range(runs):
                assert not any(one.done() for one in traffic), "the traffic ended"
                found.append(reconcile(spine.engine, spine.gateway, span_of(), asked_by="test"))
                ended.release()
        finally:
            stop.set()
            ended.release(9)
            for one in traffic:
                one.result()
    return found


def unseen(spine, delivered):
    """The events that were not delivered, oldest first."""
    found = []
    for page in spine.gateway.pages("/v1/events"):
        fresh = [event for event in page if event["id"] not in delivered]
        found += fresh
        if len(fresh) < len(page):
            break
    return found[::-1]


def test_no_run_under_live_traffic_tells_what_is_not_so(spine):
    found = proofs(spine, RUNS)
    assert [one.open for one in found if one.open] == []
    spine.deliver(spine.events())
    spine.drain()
    rested = reconcile(spine.engine, spine.gateway, span_of(), asked_by="test")
    assert (rested.outcome, rested.open) == (AGREES, ())


def test_a_balance_that_is_read_once_would_tell_of_traffic(spine, monkeypatch):
    """The planted bug: Stripe's balance is believed, whatever moved while it was read."""
    from core.mirror import balance_check

    monkeypatch.setattr(balance_check, "_caught_up", lambda *_: True)
    do_business(spine, 5, count=8)
    found = reconcile(spine.engine, spine.gateway, span_of(), asked_by="test")
    assert found.outcome == DIFFERS
    assert {one.kind for one in found.open} == {"unexplained"}
