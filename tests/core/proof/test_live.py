"""Under live traffic nothing is told that is not so: what is on its way is expected, not open."""

from __future__ import annotations

import os
import random
import threading
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
    """What so many runs say while business goes on and the mirror follows it in pieces."""
    stop = threading.Event()
    delivered: set[str] = set()
    dice = random.Random(11)

    def business():
        for seed in range(1000):
            if stop.is_set():
                return
            do_business(spine, 100 + seed, count=4)

    def follow():
        while not stop.is_set():
            fresh = [one for one in spine.events() if one["id"] not in delivered]
            spine.deliver(fresh)
            delivered.update(one["id"] for one in fresh)
            apply_inbox(spine.engine, spine.books)
            refresh(spine.engine, spine.gateway, spine.books)
            if dice.random() < 0.5:
                catch_up(spine.engine, spine.gateway, spine.books)

    threads = [threading.Thread(target=one) for one in (business, follow)]
    for thread in threads:
        thread.start()
    try:
        return [
            reconcile(spine.engine, spine.gateway, span_of(), asked_by="test") for _ in range(runs)
        ]
    finally:
        stop.set()
        for thread in threads:
            thread.join()


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
