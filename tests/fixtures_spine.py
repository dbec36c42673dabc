"""A migrated database of either kind, and the books that a worker keeps in it."""

from zoneinfo import ZoneInfo

import pytest

from core.db import migrate
from core.db.engine import open_engine
from core.inbox.apply import Books
from core.ledger.scope import Scope


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    migrate.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def books():
    return Books(Scope(ZoneInfo("UTC"), 0))
