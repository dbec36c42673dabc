"""Live and test data beside each other: people choose, and always see which they look at."""

from __future__ import annotations

import pytest

from core import clock
from core.db.engine import writing
from dashboard.ui import viewer as page_console
from tests.support import factories
from tests.support.fixtures_access import make_console, person
from tests.support.kit_parts import tables

KEYS = {"stripe_secret_key": "sk_live_dummy", "stripe_test_secret_key": "sk_test_dummy"}


def marks(test) -> str:
    return " ".join(one.value for one in test.markdown)


@pytest.fixture
def both(tmp_path, monkeypatch, nothing_cached):
    """A console with a key for each mode, and one payment in each."""
    made = make_console(f"sqlite:///{tmp_path / 'both.db'}", **KEYS)
    monkeypatch.setattr(page_console, "current_console", lambda: made)
    with writing(made.engine) as conn:
        for livemode, amount in ((True, 777700), (False, 111100)):
            factories.paid(conn, livemode=livemode, amount_minor=amount, created_at=clock.now())
    yield made
    made.engine.dispose()


def test_with_two_keys_people_choose_and_the_choice_holds(both, console, screen_as, monkeypatch):
    test = screen_as(person(both, "viewer"), "payments")
    monkeypatch.setattr(page_console, "current_console", lambda: both)
    test.run()
    assert not test.exception
    assert "LIVE" in marks(test)
    assert list(tables(test)[0].value["amount"]) == ["$7,777.00"]
    test.toggle(key="test_data").set_value(True).run()
    assert "TEST MODE" in marks(test)
    assert list(tables(test)[0].value["amount"]) == ["$1,111.00"]


def test_with_one_key_there_is_nothing_to_choose(console, screen_as):
    test = screen_as(person(console, "viewer"), "payments")
    assert "test_data" not in [toggle.key for toggle in test.toggle]
    assert "TEST MODE" in marks(test)
