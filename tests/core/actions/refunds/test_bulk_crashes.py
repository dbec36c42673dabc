"""One refund for each row of a bulk, wherever its worker ends and however many go on with it."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections import Counter
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from types import SimpleNamespace

import pytest

from core import clock
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds import bulk_plan, bulk_worker
from core.actions.refunds import bulk_worker as work
from core.db.engine import writing
from core.db.tables import operations
from core.emulator.server import start_emulator
from core.states import RefundState
from tests.support import forked_programs
from tests.support.bulk_refunds import ask, kept, percent, states, work_off
from tests.support.fixtures_access import make_console
from tests.support.fixtures_actions import make_context
from tests.support.receivers import wait_until
from tests.support.refund_crashes import PLACES, Killed, after, cut_off, killed
from tests.support.refunds import caller, paid, requests

pytestmark = pytest.mark.long

#: Sent twice, this would fit twice into each payment.
PART = percent("30")
OWN = {
    "before its transaction": ("_take", killed),
    "in it, before the operation": ("record", killed),
    "in it, after the operation": ("record", after(work.record)),
    "after it": ("send", killed),
    "after the second": ("send", after(work.send)),
}
#: Of the places of a refund, those that are not in the code that asks for one.
SHARED = [place for place in PLACES if "call" in place or "in the second" in place]


@pytest.fixture
def shop(database_url, action_emulator):
    """A console with a lead, on both databases, over an emulator without faults."""
    action_emulator.control("DELETE", "faults")
    console = make_console(database_url)
    context = make_context(console, action_emulator)
    yield SimpleNamespace(
        emulator=action_emulator,
        context=context,
        second=make_context(console, action_emulator),
        lead=caller(console, "support_lead"),
        url=database_url,
    )
    console.engine.dispose()


@contextmanager
def cut_off_at(place):
    """The worker ends at this place of a bulk's or of any refund's way."""
    if place in SHARED:
        with cut_off(place):
            yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, *OWN[place])
        with pytest.raises(Killed):
            yield


def wind_on(context):
    """Let the lease of whoever was sending pass."""
    with writing(context.engine) as connection:
        due = clock.now() - timedelta(seconds=1)
        connection.execute(
            operations.update()
            .where(operations.c.state.in_(["sending", "unknown"]))
            .values(next_attempt_at=due)
        )


def go_on_by_two(shop):
    """Two workers go on at once until both find nothing more to do."""

    def go_on(context):
        work_off(context)
        resolve.resolve(context, KINDS)

    workers = [threading.Thread(target=go_on, args=(one,)) for one in (shop.context, shop.second)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    wind_on(shop.context)
    resolve.resolve(shop.context, KINDS)


def counts(emulator, payments):
    """How many payments have how many refunds, by the emulator's own count."""
    return Counter(
        emulator.control("GET", f"refunds?payment_intent={one}")["count"] for one in payments
    )


@pytest.mark.parametrize("place", [*OWN, *SHARED])
def test_a_worker_that_is_cut_off_leaves_one_refund_for_each_row(shop, place):
    payments = [paid(shop.context, 1_000) for _ in range(4)]
    made = ask(shop.context, shop.lead, payments, PART)
    bulk_worker.send_waiting_rows(shop.context)
    with cut_off_at(place):
        bulk_worker.send_waiting_rows(shop.context)
    wind_on(shop.context)
    go_on_by_two(shop)
    assert counts(shop.emulator, payments) == {1: 4}
    assert states(shop.context) == {"succeeded": 4}
    assert kept(shop.context, made.bulk_id).state == "done"


def test_asked_for_again_after_a_crash_it_is_the_same_bulk(shop):
    payments, key = [paid(shop.context, 1_000) for _ in range(3)], str(uuid.uuid4())
    places = [("insert_rows", killed), ("insert_rows", after(bulk_refunds.insert_rows)), None]
    for place in places:
        with pytest.MonkeyPatch.context() as patch:
            if place is not None:
                patch.setattr(bulk_refunds, *place)
            with pytest.raises(Killed) if place else nullcontext():
                asked = bulk_refunds.NewBulk(
                    tuple(bulk_plan.Target(one) for one in payments), PART, "duplicate"
                )
                bulk_refunds.ask(shop.context, shop.lead, asked, livemode=False, bulk_id=key)
    go_on_by_two(shop)
    assert counts(shop.emulator, payments) == {1: 3}


def test_a_worker_that_takes_new_ids_when_it_goes_on_would_be_seen(shop, monkeypatch):
    payments = [paid(shop.context, 1_000) for _ in range(3)]
    ask(shop.context, shop.lead, payments, PART)
    with cut_off("after the call"):
        bulk_worker.send_waiting_rows(shop.context)
    monkeypatch.setattr(work, "_SENT_FROM", (RefundState.QUEUED, RefundState.SENDING))
    monkeypatch.setattr(work, "_operation_id", lambda row: str(uuid.uuid4()))
    monkeypatch.setattr(work, "move", lambda *given, **named: True)
    for _ in range(6):
        bulk_worker.send_waiting_rows(shop.context)
    assert max(counts(shop.emulator, payments)) > 1


class Workers:
    """Worker processes over one database and one emulator."""

    def __init__(self, emulator, url, folder):
        self._environment = os.environ | {
            "DATABASE_URL": url,
            "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
            "STRIPE_API_BASE": emulator.base_url,
            "VAR_DIR": str(folder),
        }
        self._log = folder / "worker.log"
        self._members = []

    def start(self):
        number = str(len(self._members))
        command = ["dashboard", "worker", "--slot", number]
        process = forked_programs.start(command, self._environment, self._log)
        self._members.append(process)
        return process

    def stop(self):
        for process in self._members:
            process.terminate()
        for process in self._members:
            process.wait(30)


@pytest.fixture
def own_emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=8) as running:
        yield running


def test_a_worker_killed_in_the_middle_of_sixty_rows(own_emulator, database_url, tmp_path):
    console = make_console(database_url)
    context = make_context(console, own_emulator)
    payments = [paid(context, 1_000) for _ in range(60)]
    # Slow enough for the kill to find a call under way.
    own_emulator.fault("delay", seconds=0.05, path="/v1/refunds", method="POST", count=1000)
    made = ask(context, caller(console, "support_lead"), payments, PART)
    workers = Workers(own_emulator, database_url, tmp_path)
    try:
        first = workers.start()
        wait_until(lambda: states(context).get("succeeded", 0) >= 20, seconds=180)
        first.send_signal(signal.SIGKILL)
        first.wait()
        left = states(context)
        assert left.get("queued", 0) > 0, left
        wind_on(context)
        for _ in range(2):
            workers.start()
        wait_until(lambda: states(context) == {"succeeded": 60}, seconds=180)
        wait_until(lambda: kept(context, made.bulk_id).state == "done")
    finally:
        workers.stop()
    assert counts(own_emulator, payments) == {1: 60}
    assert len({row.operation_id for row in requests(context.engine)}) == 60
    console.engine.dispose()
