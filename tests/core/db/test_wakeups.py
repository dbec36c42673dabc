"""A loop sleeps until there is work for it: committed, or due by its time."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, exists, func, select

from core import clock, loop
from core.db import wakeups
from core.db.engine import open_engine, reading, writing
from core.db.leases import Lease
from core.db.types import Utc
from core.db.wakeups import Change, Wakeups, Work
from tests.support.receivers import wait_until

JOBS = Table(
    "jobs",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("next_attempt_at", Utc(), nullable=False),
    Column("fence", String(32)),
)
LEASE = Lease(JOBS, until=JOBS.c.next_attempt_at, open=JOBS.c.id > 0, lasts=timedelta(seconds=60))


#: Not at once, and so soon that a test need not wait.
SOON = 1e-9


@pytest.fixture
def engine(empty_url):
    found = open_engine(empty_url)
    JOBS.create(found)
    yield found
    found.dispose()


@pytest.fixture
def found(engine):
    return Wakeups(engine)


@pytest.fixture
def patient(monkeypatch):
    """Nothing is asked for the time that has passed."""
    monkeypatch.setattr(wakeups, "AT_LEAST", 3600.0)


def put(engine, *ids, at=None):
    rows = [{"id": one, "next_attempt_at": at or clock.now(), "fence": None} for one in ids]
    with writing(engine) as connection:
        connection.execute(JOBS.insert(), rows)


def wakes(found, wakeup):
    """Whether a look wakes it."""
    found.look()
    woken = wakeup._event.is_set()
    wakeup.wait(0)
    return woken


def test_it_sleeps_until_its_work_is_committed(patient, engine, found):
    wakeup = found.of(LEASE.work())
    wakes(found, wakeup)
    assert not wakes(found, wakeup)
    put(engine, 1)
    assert wakes(found, wakeup)


def test_a_commit_that_is_none_of_its_work_does_not_wake_it(patient, engine, found):
    mine = found.of(LEASE.work(JOBS.c.id > 5), every=SOON)
    other = found.of(LEASE.work(JOBS.c.id < 5), every=SOON)
    put(engine, 9)
    assert wakes(found, mine)
    assert not other._event.is_set()


@pytest.mark.parametrize("every", [0.0, SOON])
def test_what_falls_due_by_its_time_wakes_it_without_a_commit(patient, engine, found, every):
    wakeup = found.of(LEASE.work(), every=every)
    put(engine, 1, at=clock.now() + timedelta(seconds=0.3))
    # What is urgent looks for itself after a commit.
    assert wakes(found, wakeup) == (not every and engine.dialect.name == "sqlite")
    ended = threading.Event()
    threading.Timer(20, ended.set).start()
    while not wakes(found, wakeup):
        assert not ended.is_set()
    with reading(engine) as connection:
        assert connection.scalar(select(func.min(JOBS.c.next_attempt_at))) <= clock.now()


def test_it_is_asked_for_now_and_then_whatever_was_committed(engine, found, monkeypatch):
    """A clock that was put back: what it says is due is so without a commit."""
    monkeypatch.setattr(wakeups, "AT_LEAST", 0.0)
    put(engine, 1)
    wakeup = found.of(Work(lambda _at: exists().where(JOBS.c.id == 1)), every=SOON)
    assert [wakes(found, wakeup) for _ in range(3)] == [True] * 3


def test_what_is_less_urgent_waits_its_turn_and_is_not_forgotten(patient, engine, found):
    wakeup = found.of(LEASE.work(), every=0.2)
    assert not wakes(found, wakeup)
    put(engine, 1)
    ended = threading.Event()
    threading.Timer(20, ended.set).start()
    while not wakes(found, wakeup):
        assert not ended.is_set()


def test_another_value_wakes_it_and_the_same_one_does_not(patient, engine, found):
    value = select(func.count()).select_from(JOBS).scalar_subquery()
    wakeup = found.of(Change(value), every=SOON)
    assert wakes(found, wakeup)
    assert not wakes(found, wakeup)
    put(engine, 1)
    assert wakes(found, wakeup)
    with writing(engine) as connection:
        connection.execute(JOBS.update().values(fence="x"))
    assert not wakes(found, wakeup)


def test_a_look_that_failed_is_made_up_for(patient, engine, found):
    wakeup = found.of(LEASE.work(), every=SOON)
    assert not wakes(found, wakeup)
    put(engine, 1)
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO moved")
    for _ in range(2):
        with pytest.raises(Exception, match="jobs"):
            found.look()
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE moved RENAME TO jobs")
    assert wakes(found, wakeup)


class Worker:
    """Does one job a step, in a loop that would sleep for an hour."""

    def __init__(self, engine):
        self.engine = engine
        self.done, self.stepped, self.looks = [], threading.Semaphore(0), 0
        self.stop, self.wakeups = threading.Event(), Wakeups(engine)
        wakeup = self.wakeups.of(LEASE.work())
        loops = [("work", self.step, 3600.0, wakeup), ("wakeups", self.look, 0.01, self.wakeups)]
        self.threads = [threading.Thread(target=self.run, args=one) for one in loops]

    def run(self, name, step, idle, wakeup):
        loop.run(name, step, self.stop, idle=idle, wakeup=wakeup)

    def look(self):
        self.looks += 1
        return self.wakeups.look()

    def step(self):
        with writing(self.engine) as connection:
            job = connection.scalar(select(JOBS.c.id).order_by(JOBS.c.id).limit(1))
            connection.execute(delete(JOBS).where(JOBS.c.id == job))
        if job is not None:
            self.done.append(job)
        self.stepped.release()
        return job is not None

    def until_done(self, job):
        while job not in self.done:
            assert self.stepped.acquire(timeout=20)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.wakeups.wake_all()
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()


def test_a_loop_finds_all_that_is_put_there_and_ends_at_once(engine):
    """Though its own wait is an hour: jobs come while it sleeps and as it falls asleep, alone and
    in swarms."""
    with Worker(engine) as worker:
        for job in range(1, 20):
            put(engine, job)
            worker.until_done(job)
        for job in range(20, 60):
            put(engine, job)
        worker.until_done(59)
    assert worker.done == list(range(1, 60))


class Deaf:
    """A file system that tells nobody of changes."""

    def wait(self, seconds):
        time.sleep(0.01)

    pause = wait

    def heard(self):
        return False

    def end(self):
        """Nobody listens."""


def test_commits_are_counted_where_nothing_tells_of_them(engine, monkeypatch):
    monkeypatch.setattr(wakeups, "watch", lambda _path: Deaf())
    with Worker(engine) as worker:
        jobs = itertools.count(1)

        def one_more():
            put(engine, job := next(jobs))
            worker.until_done(job)
            return worker.wakeups._changes is None

        # The first ones are found by luck, or when all is asked for; then it listens no more.
        wait_until(one_more, seconds=20)
        assert one_more()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells of changes")
def test_nothing_is_looked_at_while_nothing_is_committed(engine, monkeypatch):
    if engine.dialect.name != "sqlite":
        pytest.skip("a server is asked all the time")
    monkeypatch.setattr(wakeups, "_TAKEN_BACK", 0.1)
    with Worker(engine) as worker:
        put(engine, 1)
        worker.until_done(1)

        def rests():
            """At its own pace it looks twenty times in this; one is for what may be due by then."""
            before = worker.looks
            time.sleep(0.2)
            return worker.looks - before <= 1

        wait_until(rests, seconds=20)
        put(engine, 2)
        worker.until_done(2)


def test_a_step_that_tried_nothing_is_taken_again_soon(engine, monkeypatch):
    monkeypatch.setattr(loop, "UNTRIED_WAIT", 0.01)
    stop, taken = threading.Event(), []

    def step():
        taken.append(None)
        if len(taken) == 3:
            stop.set()

    loop.run("x", step, stop, idle=3600.0, wakeup=Wakeups(engine).of(LEASE.work()))
    assert len(taken) == 3
