"""`kill -9` of the worker at any moment: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest
from sqlalchemy import func, select

from core.db.engine import reading
from core.db.tables import events, stale_objects
from core.emulator.server import start_emulator
from core.inbox.rebuild import EQUAL, rebuild
from core.mirror.ledger_walk import catch_up
from core.mirror.rollups import differences
from tests.support import forked_programs
from tests.support.account_mirror import connect, kept_sums, picture, stripe_sums

pytestmark = pytest.mark.long

#: Seconds in which something becomes less, as long as something is left to do.
LIMIT = 60


class Crew:
    """Worker processes that are killed and started anew."""

    def __init__(self, emulator, url, folder, size):
        self._environment = os.environ | {
            "DATABASE_URL": url,
            "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
            "STRIPE_API_BASE": emulator.base_url,
            "VAR_DIR": str(folder),
        }
        self._log = folder / "worker.log"
        self._members = [self._start(n) for n in range(size)]
        self.kills = 0

    def _start(self, number):
        command = ["dashboard", "worker", "--slot", str(number)]
        return forked_programs.start(command, self._environment, self._log)

    def kill_one(self, dice):
        number = dice.randrange(len(self._members))
        self._members[number].send_signal(signal.SIGKILL)
        self._members[number].wait()
        self._members[number] = self._start(number)
        self.kills += 1

    def check(self):
        """No worker ends by itself."""
        for member in self._members:
            assert member.poll() is None, "a worker ended by itself"

    def stop(self):
        for member in self._members:
            member.terminate()
        return [member.wait(90) for member in self._members]


def counted(spine):
    with reading(spine.engine) as connection:
        e = events.c
        waiting = select(func.count()).where(e.state.in_(["pending", "dead"]))
        stale = select(func.count()).select_from(stale_objects)
        applied = select(func.count()).where(e.state.in_(["applied", "skipped"]))
        return tuple(connection.scalar(query) for query in (applied, waiting, stale))


def kill_while_working(spine, crew, every, kills, copies, seed):
    """Kill workers at random moments while events pour in; then let them finish."""
    dice = random.Random(seed)
    deliveries = [event for event in every for _ in range(copies)]
    dice.shuffle(deliveries)
    feeder = threading.Thread(target=feed, args=(spine, deliveries))
    feeder.start()
    while crew.kills < kills:
        time.sleep(dice.uniform(0.3, 2.2))
        crew.kill_one(dice)
    feeder.join()
    total, moved, last = len(every), time.monotonic(), counted(spine)
    while time.monotonic() - moved < LIMIT:
        if (now := counted(spine)) == (total, 0, 0):
            return
        if now != last:
            moved, last = time.monotonic(), now
        crew.check()
        time.sleep(0.2)
    raise AssertionError(f"seed {seed}: came to rest at {counted(spine)} of {total}")


def feed(spine, deliveries):
    for start in range(0, len(deliveries), 100):
        spine.deliver(deliveries[start : start + 100])


def run(emulator, url, tmp_path, *, payments, kills, workers, copies, seed):
    emulator.traffic(payments, seed=seed)
    emulator.settle()
    # From here on nothing happens at Stripe, so that every comparison is with one state.
    emulator.background.stop()
    spine = connect(emulator, url)
    every = spine.events()
    crew = Crew(emulator, url, tmp_path, workers)
    try:
        kill_while_working(spine, crew, every, kills, copies, seed)
    finally:
        codes = crew.stop()
    assert codes == [0] * workers
    assert crew.kills == kills
    catch_up(spine.engine, spine.gateway, spine.books)
    true = connect(emulator, f"sqlite:///{tmp_path}/true.db")
    true.sync()
    assert picture(spine.engine) == picture(true.engine), f"seed {seed}"
    assert differences(spine.engine) == []
    assert kept_sums(spine.engine) == stripe_sums(spine.ledger_at_stripe())
    made = rebuild(
        spine.engine, f"sqlite:///{tmp_path}/made.db", spine.books.scope.zone, compared=True
    )
    assert made.outcome == EQUAL, f"seed {seed}: {made.tables}"
    return len(every)


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=21) as running:
        yield running


def test_a_killed_worker_loses_and_doubles_nothing(emulator, database_url, tmp_path):
    seed = random.randrange(10**6)
    sizes = {"payments": 300, "kills": 4, "workers": 2, "copies": 2}
    count = run(emulator, database_url, tmp_path, **sizes, seed=seed)
    assert count >= 1000, f"seed {seed}: {count} events"


@pytest.mark.torture
def test_eight_workers_and_sixty_kills(emulator, database_url, tmp_path):
    seed = random.randrange(10**6)
    sizes = {"payments": 4000, "kills": 60, "workers": 8, "copies": 5}
    run(emulator, database_url, tmp_path, **sizes, seed=seed)
