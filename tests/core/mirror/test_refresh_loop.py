"""Through a time in which Stripe does not answer: told until it is over, then all is read soon."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import payments, stale_objects
from core.domain.stream_limits import REFRESH
from core.errors import StripeBusy, StripeKeyRefused, StripeUnreachable
from core.mirror import refresh_queue
from core.mirror.refresh_loop import RefreshLoop
from core.mirror.streams import Recorder
from tests.core.inbox.test_event_processor import intent
from tests.core.mirror.test_streams import later, state

__all__ = ["later"]

SILENCE = {
    "401": StripeKeyRefused(http_status=401),
    "429": StripeBusy(http_status=429),
    "500": StripeUnreachable(http_status=500),
}


class Stripe:
    """Answers with payments, unless it fails for all or for one of them."""

    livemode = False

    def __init__(self):
        self.error = None
        self.fails_over = None
        self.asked = []

    def get(self, path, **_params):
        name = path.rpartition("/")[2]
        self.asked.append(name)
        if self.error is not None and self.fails_over in (None, name):
            raise self.error
        return intent(name.removeprefix("pi_"))


@pytest.fixture
def stripe():
    return Stripe()


@pytest.fixture
def step(engine, books, stripe):
    """One step as the worker takes it, and its recorder."""
    recorder = Recorder(engine)
    noted = recorder.watched(REFRESH, [False], RefreshLoop(engine, stripe, books).step, every=1)

    def step():
        try:
            found = noted()
        except tuple({type(one) for one in SILENCE.values()}):
            found = False
        recorder.flush()
        return found

    return step


def mark(engine, *numbers):
    with writing(engine) as connection:
        marks = [
            refresh_queue.RefreshRequest("payment_intent", f"pi_{n}", False, clock.now(), None)
            for n in numbers
        ]
        refresh_queue.enqueue(connection, marks, at=clock.now())


def waiting(engine):
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(stale_objects))


def mirrored(engine):
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(payments))


@pytest.mark.parametrize("fault", SILENCE)
def test_silence_is_told_as_long_as_it_lasts_and_heals_within_a_minute(
    engine, stripe, step, later, fault
):
    step()
    mark(engine, *range(1, 6))
    stripe.error = SILENCE[fault]
    for _ in range(120):
        step()
        later(seconds=30)
    found = state(engine, REFRESH)
    assert (found.state, found.error) == ("stopped", SILENCE[fault].code)
    assert waiting(engine) == 5
    stripe.error = None
    for _ in range(12):
        step()
        later(seconds=5)
    assert state(engine, REFRESH).state == "fresh"
    assert (waiting(engine), mirrored(engine)) == (0, 5)


def test_one_object_that_stripe_fails_over_stops_no_other(engine, stripe, step, later):
    stripe.error, stripe.fails_over = SILENCE["500"], "pi_1"
    mark(engine, 1)
    for number in range(2, 122):
        mark(engine, number)
        for _ in range(2):
            step()
            later(milliseconds=500)
    assert mirrored(engine) == 120
    assert state(engine, REFRESH).state == "fresh"
    assert stripe.asked.count("pi_1") < 12


def test_what_was_put_off_for_another_reason_is_left_alone(engine, stripe, step, later):
    mark(engine, 1)
    stripe.error = SILENCE["429"]
    step()
    stripe.error = None
    with writing(engine) as connection:
        far = clock.now() + timedelta(minutes=10)
        given = {"next_attempt_at": far, "last_error": "No such payment", "attempts": 1}
        connection.execute(stale_objects.update().values(**given))
    later(seconds=40)
    assert step() is False
    assert stripe.asked == ["pi_1"]
