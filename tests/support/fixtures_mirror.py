"""A migrated database of either kind, the books that a worker keeps in it, and the day."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.db import migrate
from core.db.engine import open_engine
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from tests.support.receivers import wait_until


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    migrate.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def books():
    return BookingContext(Scope(ZoneInfo("UTC"), 0))


@pytest.fixture
def within_a_day():
    """For what counts by days of UTC: where midnight is near, it waits until it has passed."""

    def is_quiet():
        now = clock.now()
        return (now - timedelta(seconds=5)).date() == (now + timedelta(seconds=60)).date()

    wait_until(is_quiet, seconds=120)
