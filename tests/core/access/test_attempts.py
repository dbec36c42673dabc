"""Guesses are counted in the database: 10 per account in 15 minutes, 100 per address an hour."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import clock
from core.access import attempts
from core.db.engine import open_engine, retrying, writing
from core.errors import TooManyAttempts

NOW = clock.from_unix(1_795_000_000)


@pytest.fixture
def engine(access_url):
    made = open_engine(access_url, pool_size=16)
    yield made
    made.dispose()


def guess(engine, email="a@shop.example", ip="192.0.2.1", at=NOW, right=False):
    def work():
        with writing(engine) as connection:
            seq = attempts.begin(connection, email, ip, at)
            if right:
                attempts.succeed(connection, seq)
            return seq

    return retrying(work)


def test_the_eleventh_guess_is_refused_after_a_restart_too(engine, access_url):
    for _ in range(10):
        guess(engine)
    with pytest.raises(TooManyAttempts):
        guess(engine)
    engine.dispose()
    again = open_engine(access_url)
    for spelling in ("a@shop.example", "A@Shop.Example", " a@shop.example "):
        with pytest.raises(TooManyAttempts):
            guess(again, spelling, ip="192.0.2.77")
    guess(again, "b@shop.example")
    again.dispose()


def test_the_window_slides_and_refusals_do_not_lengthen_it(engine):
    for minute in range(10):
        guess(engine, at=NOW + timedelta(minutes=minute))
    for second in range(20):
        with pytest.raises(TooManyAttempts):
            guess(engine, at=NOW + timedelta(minutes=10, seconds=second))
    guess(engine, at=NOW + timedelta(minutes=15))
    with pytest.raises(TooManyAttempts):
        guess(engine, at=NOW + timedelta(minutes=15, seconds=30))


def test_right_passwords_are_no_guesses(engine):
    for _ in range(30):
        guess(engine, right=True)
    guess(engine)


def test_an_address_has_a_hundred_guesses_an_hour_over_all_accounts(engine):
    for number in range(100):
        guess(engine, f"{number}@shop.example")
    with pytest.raises(TooManyAttempts):
        guess(engine, "fresh@shop.example", at=NOW + timedelta(minutes=59))
    guess(engine, "fresh@shop.example", ip="192.0.2.2")
    guess(engine, "fresh@shop.example", at=NOW + timedelta(hours=1))


def test_guesses_at_the_same_time_do_not_slip_past_the_limit(engine):
    def one(number):
        try:
            return bool(guess(engine, ip=f"192.0.2.{number}"))
        except TooManyAttempts:
            return False

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(one, range(36))) == 10


def test_old_attempts_are_forgotten(engine):
    for _ in range(10):
        guess(engine)
    with writing(engine) as connection:
        attempts.forget(connection, NOW + timedelta(minutes=10))
    with pytest.raises(TooManyAttempts):
        guess(engine)
    with writing(engine) as connection:
        attempts.forget(connection, NOW + timedelta(hours=3))
    guess(engine)
