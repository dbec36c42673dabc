"""One lease for whatever a worker takes: what is due, who holds it, and clocks that disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, select

from core.db.engine import open_engine, reading, writing
from core.db.leases import SLACK, Lease
from core.db.types import Utc
from core.errors import LeaseLost

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LASTS, WAIT = timedelta(seconds=15), timedelta(minutes=5)
JOBS = Table(
    "jobs",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("until", Utc(), nullable=False),
    Column("fence", String(32)),
)
LEASE = Lease(
    JOBS,
    until=JOBS.c.until,
    open=JOBS.c.state == "open",
    lasts=LASTS,
    longest_wait=WAIT,
    untried=JOBS.c.attempts == 0,
)


@pytest.fixture
def engine(empty_url):
    found = open_engine(empty_url)
    JOBS.create(found)
    yield found
    found.dispose()


def put(engine, *, state="open", attempts=1, until=NOW, fence=None, key=1):
    with writing(engine) as connection:
        connection.execute(
            JOBS.insert().values(id=key, state=state, attempts=attempts, until=until, fence=fence)
        )


def due(engine, at=NOW):
    with reading(engine) as connection:
        return list(connection.scalars(select(JOBS.c.id).where(LEASE.due(at))))


def take(engine, at=NOW, **values):
    with writing(engine) as connection:
        fence = LEASE.take(connection, JOBS.c.id == 1, at, **values)
        return fence, list(connection.scalars(select(JOBS.c.id).where(LEASE.held(fence))))


def test_what_is_taken_is_held_until_its_lease_ends(engine):
    put(engine)
    first, got = take(engine)
    assert got == [1]
    assert take(engine, NOW + LASTS - timedelta(seconds=1))[1] == []
    second, got = take(engine, NOW + LASTS)
    assert got == [1]
    assert second != first


def test_who_lost_a_lease_writes_nothing_more(engine):
    put(engine)
    first, _ = take(engine)
    second, _ = take(engine, NOW + LASTS)
    ways = (
        lambda c: LEASE.check(c, JOBS.c.id == 1, first, 1),
        lambda c: LEASE.extend(c, JOBS.c.id == 1, first, NOW, attempts=9),
        lambda c: LEASE.end(c, JOBS.c.id == 1, first, 1, attempts=9),
    )
    for way in ways:
        with pytest.raises(LeaseLost), writing(engine) as connection:
            way(connection)
    with writing(engine) as connection:
        assert LEASE.give_back(connection, JOBS.c.id == 1, first, attempts=9) == 0
        LEASE.check(connection, JOBS.c.id == 1, second, 1)
        assert connection.scalar(select(JOBS.c.attempts)) == 1


def test_what_is_given_back_is_nobodys_and_due_when_it_says(engine):
    put(engine)
    fence, _ = take(engine)
    with writing(engine) as connection:
        LEASE.end(connection, JOBS.c.id == 1, fence, 1, until=NOW + WAIT, attempts=2)
    assert due(engine, NOW + WAIT - timedelta(seconds=1)) == []
    assert due(engine, NOW + WAIT) == [1]


def test_a_lease_that_is_extended_begins_anew(engine):
    put(engine)
    fence, _ = take(engine)
    later = NOW + LASTS / 2
    with writing(engine) as connection:
        LEASE.extend(connection, JOBS.c.id == 1, fence, later)
    assert due(engine, NOW + LASTS) == []
    assert due(engine, later + LASTS) == [1]


def test_closed_work_is_neither_due_nor_held(engine):
    put(engine, state="done", until=NOW - WAIT, fence="x")
    assert due(engine) == []
    assert take(engine)[1] == []
    with pytest.raises(LeaseLost), writing(engine) as connection:
        LEASE.check(connection, JOBS.c.id == 1, "x", 1)


def test_what_was_never_tried_waits_for_no_clock(engine):
    put(engine, attempts=0, until=NOW + timedelta(seconds=1))
    assert due(engine) == [1]


def test_of_two_that_take_at_once_one_has_it(engine):
    put(engine)
    with engine.connect() as connection:
        seen = connection.scalars(select(JOBS.c.id).where(LEASE.due(NOW))).all()
    assert seen == [1]
    assert take(engine)[1] == [1]
    assert take(engine)[1] == []


def test_who_looked_at_the_clock_before_does_not_take_it_again(engine):
    put(engine, until=NOW - WAIT)
    impatient = Lease(JOBS, until=JOBS.c.until, open=JOBS.c.state == "open", lasts=LASTS)
    with writing(engine) as connection:
        first = impatient.take(connection, JOBS.c.id == 1, NOW)
        impatient.take(connection, JOBS.c.id == 1, NOW - timedelta(seconds=2))
        impatient.check(connection, JOBS.c.id == 1, first, 1)


SECONDS = st.integers(-10 * 86_400, 10 * 86_400).map(lambda some: timedelta(seconds=some))


@settings(max_examples=200, deadline=None)
@given(ahead=SECONDS, held=st.booleans())
def test_whatever_clock_wrote_it_nothing_waits_longer_than_it_may(tmp_path_factory, ahead, held):
    """A row of a clock that is off by days is taken in the end within one lease and one wait."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('db') / 'jobs.db'}")
    JOBS.create(engine)
    put(engine, until=NOW + ahead + LASTS, fence="gone" if held else None)
    step = timedelta(seconds=5)
    waited = timedelta()
    while not due(engine, NOW + waited):
        waited += step
        assert waited <= LASTS + WAIT + SLACK + step
    engine.dispose()


class WithoutAGuard(Lease):
    """The planted bug: a time is believed, whatever clock wrote it."""

    def due(self, at):
        return (self.until <= at) & self.open


def test_a_lease_that_believes_every_clock_would_be_seen(engine, monkeypatch):
    monkeypatch.setattr(Lease, "due", WithoutAGuard.due)
    put(engine, until=NOW + timedelta(days=1))
    assert due(engine, NOW + LASTS + WAIT) == []
