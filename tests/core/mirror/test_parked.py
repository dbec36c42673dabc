"""Objects that Stripe refuses for good are parked in sight; a clock put back delays nothing."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import events, payments, stale_objects
from core.errors import (
    CardDeclined,
    OutcomeUnknown,
    StripeBusy,
    StripeError,
    StripeKeyRefused,
    StripeRefused,
)
from core.inbox import event_processor
from core.inbox.event_processor import apply_inbox
from core.inbox.overview import counts_by_state, refusals
from core.mirror import refresh_queue
from core.mirror.refresh import TRIES, refresh
from tests.core.inbox.test_event_processor import intent, put


class Door:
    """A gateway that answers every reading in the same way, and counts them."""

    livemode = False

    def __init__(self, answer):
        self.answer = answer
        self.asked = 0

    def get(self, _path, **_params):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer() if callable(self.answer) else self.answer


FINAL = {
    "400": StripeRefused(http_status=400),
    "402": CardDeclined(http_status=402),
    "403": StripeKeyRefused(http_status=403),
    "unreadable": {"id": "pi_1", "object": "payment_intent"},
}
PASSING = {
    "401": StripeKeyRefused(http_status=401),
    "429": StripeBusy(http_status=429),
    "timeout": OutcomeUnknown(),
}


def mark(engine):
    with writing(engine) as connection:
        one = refresh_queue.RefreshRequest("payment_intent", "pi_1", False, clock.now(), None)
        refresh_queue.enqueue(connection, [one], at=clock.now())


def try_until(engine, books, door, times):
    for _ in range(times):
        with writing(engine) as connection:
            late = stale_objects.c.next_attempt_at < clock.now() + timedelta(days=1)
            now = clock.now() - timedelta(seconds=1)
            connection.execute(update(stale_objects).where(late).values(next_attempt_at=now))
        with suppress(StripeError):
            refresh(engine, door, books)


def objects(engine):
    found = counts_by_state(engine)
    return found["stale"], found["parked"]


def is_mirrored(engine):
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(payments)) == 1


@pytest.mark.parametrize(
    ("fault", "tries"), [("400", TRIES), ("402", TRIES), ("403", TRIES), ("unreadable", 1)]
)
def test_an_object_that_is_refused_for_good_is_parked_until_new_word_of_it(
    engine, books, fault, tries
):
    door = Door(FINAL[fault])
    mark(engine)
    try_until(engine, books, door, tries - 1)
    assert objects(engine) == (1, 0)
    try_until(engine, books, door, 5)
    assert (door.asked, objects(engine)) == (tries, (0, 1))
    (refusal,) = refusals(engine)
    assert (refusal.kind, refusal.stripe_id) == ("payment_intent", "pi_1")
    assert refusal.last_error
    mark(engine)
    assert objects(engine) == (1, 0)
    refresh(engine, Door(intent(1)), books)
    assert objects(engine) == (0, 0)
    assert is_mirrored(engine)


@pytest.mark.parametrize("fault", PASSING)
def test_what_will_pass_is_tried_on(engine, books, fault):
    door = Door(PASSING[fault])
    mark(engine)
    try_until(engine, books, door, TRIES + 3)
    assert (door.asked, objects(engine)) == (TRIES + 3, (1, 0))


def test_replaying_its_event_reads_a_parked_object_again(engine, books):
    put(engine, 1, intent(1))
    apply_inbox(engine, books)
    try_until(engine, books, Door(FINAL["403"]), TRIES)
    assert objects(engine) == (0, 1)
    event_processor.replay(engine, ["evt_1"])
    apply_inbox(engine, books)
    assert objects(engine) == (1, 0)


def test_word_that_comes_during_the_last_try_is_not_parked(engine, books):
    def answer():
        mark(engine)
        raise StripeRefused(http_status=400)

    mark(engine)
    try_until(engine, books, Door(FINAL["400"]), TRIES - 1)
    try_until(engine, books, Door(answer), 1)
    assert objects(engine) == (1, 0)
    with reading(engine) as connection:
        row = connection.execute(select(stale_objects)).one()
    assert row.attempts == 0
    assert row.next_attempt_at < clock.now() + timedelta(seconds=10)


@pytest.fixture
def put_back(monkeypatch):
    """Puts the clock back by so much."""
    true = clock.now

    def put_back(by):
        monkeypatch.setattr(clock, "now", lambda: true() - by)

    return put_back


STEPS = [timedelta(seconds=40), timedelta(minutes=5), timedelta(hours=3), timedelta(days=400)]


@pytest.mark.parametrize("step", STEPS)
def test_events_stored_before_the_clock_was_put_back_are_applied_at_once(
    engine, books, put_back, step
):
    put(engine, 1, intent(1))
    put_back(step)
    assert apply_inbox(engine, books).applied == 1
    assert refresh(engine, Door(intent(1)), books) == 1
    assert objects(engine) == (0, 0)


@pytest.mark.parametrize("step", STEPS)
def test_objects_marked_before_the_clock_was_put_back_are_read_at_once(
    engine, books, put_back, step
):
    mark(engine)
    put_back(step)
    assert refresh(engine, Door(intent(1)), books) == 1


def test_leases_and_waits_of_a_clock_since_put_back_end(engine, books, put_back):
    put(engine, 1, intent(1))
    event_processor._claim(engine, 10)
    put(engine, 2, intent(2, livemode=True))
    assert apply_inbox(engine, books).failed == 1
    mark(engine)
    with writing(engine) as connection:
        refresh_queue.claim(connection, livemode=False, limit=10, at=clock.now())
    assert not apply_inbox(engine, books).any
    assert refresh(engine, Door(intent(1)), books) == 0
    put_back(timedelta(hours=1))
    done = apply_inbox(engine, books)
    assert (done.applied, done.failed) == (1, 1)
    assert refresh(engine, Door(intent(1)), books) == 1


def test_a_lease_that_stands_is_respected_by_the_same_clock(engine, books):
    put(engine, 1, intent(1))
    event_processor._claim(engine, 10)
    with reading(engine) as connection:
        assert connection.scalar(select(events.c.fence))
    assert not apply_inbox(engine, books).any
