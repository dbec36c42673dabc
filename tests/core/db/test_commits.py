"""A loop looks for work where some was committed, and now and then all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, select

from core.db import commits
from core.db.commits import when_committed
from core.db.engine import open_engine, reading, writing

JOBS = Table("jobs", MetaData(), Column("id", Integer, primary_key=True))


@pytest.fixture
def engine(empty_url):
    found = open_engine(empty_url)
    JOBS.create(found)
    yield found
    found.dispose()


class Worker:
    """Does one job a step, and counts how often it looked."""

    def __init__(self, engine):
        self.engine = engine
        self.looked, self.done = 0, 0
        self.meanwhile = lambda: None
        self.step = when_committed(engine, self._look, has_job)

    def _look(self):
        self.looked += 1
        with reading(self.engine) as connection:
            found = connection.scalar(select(JOBS.c.id).order_by(JOBS.c.id).limit(1))
        self.meanwhile()
        if found is None:
            return False
        with writing(self.engine) as connection:
            connection.execute(delete(JOBS).where(JOBS.c.id == found))
        self.done += 1
        return True

    def rests(self):
        """Whether it does not look at all, now that it found nothing."""
        while self.step():
            pass
        self.step()
        before = self.looked
        for _ in range(20):
            assert self.step() is False
        return self.looked == before


def has_job(connection):
    return connection.execute(select(JOBS.c.id).limit(1)).first() is not None


def put(engine, *ids):
    with writing(engine) as connection:
        connection.execute(JOBS.insert(), [{"id": one} for one in ids])


@pytest.fixture
def patient(monkeypatch):
    """No step is taken for the time that has passed."""
    monkeypatch.setattr(commits, "AT_LEAST", 3600.0)


@pytest.fixture
def worker(engine):
    return Worker(engine)


def test_it_rests_until_something_is_committed(patient, engine, worker):
    assert worker.rests()
    put(engine, 1)
    assert worker.step() is True
    assert worker.done == 1
    assert worker.rests()


def test_it_goes_on_while_there_is_work(patient, engine, worker):
    assert worker.rests()
    put(engine, *range(1, 8))
    assert [worker.step() for _ in range(7)] == [True] * 7
    assert worker.rests()


def test_what_is_committed_while_it_looks_is_found(patient, engine, worker):
    """Between its look and its word that there is nothing."""
    assert worker.rests()
    worker.meanwhile = lambda: put(engine, 5)
    put(engine, 1)
    assert worker.step() is True
    worker.meanwhile = lambda: None
    assert worker.step() is True
    assert worker.done == 2

    assert worker.rests()
    worker.meanwhile = lambda: (put(engine, 6), setattr(worker, "meanwhile", lambda: None))
    commits.AT_LEAST = 0.0
    assert worker.step() is False
    commits.AT_LEAST = 3600.0
    assert worker.step() is True


def test_a_step_that_failed_is_taken_again(patient, engine, worker):
    assert worker.rests()
    put(engine, 1)

    def fails():
        raise OSError("no")

    worker.meanwhile = fails
    for _ in range(3):
        with pytest.raises(OSError, match="no"):
            worker.step()
    worker.meanwhile = lambda: None
    assert worker.step() is True


def test_what_falls_due_without_a_commit_is_found(engine, worker, monkeypatch):
    assert worker.rests()
    monkeypatch.setattr(commits, "AT_LEAST", 0.0)
    before = worker.looked
    worker.step()
    assert worker.looked == before + 1


def test_what_it_said_is_said_again(patient, engine):
    step = when_committed(engine, lambda: None, has_job)
    assert [step() for _ in range(3)] == [None] * 3
