"""A database for alerts, and a clock that tests set."""

import pytest

from core import clock
from tests.support.alerts import SetClock
from tests.support.factories import fresh_engine


@pytest.fixture
def engine(database_url):
    found = fresh_engine(database_url)
    yield found
    found.dispose()


@pytest.fixture
def time(monkeypatch):
    set_clock = SetClock()
    monkeypatch.setattr(clock, "now", set_clock.now)
    return set_clock
