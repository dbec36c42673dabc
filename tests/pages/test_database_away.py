"""A database that goes away under an open screen: a sentence, and no trace of the program's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from core import clock
from core.clock import NEVER
from core.db.engine import open_engine, writing
from core.db.tables import stale_objects
from core.mirror import refresh_queue
from core.stripe_calls.request_log import RequestLog
from dashboard.ui import live, viewer
from tests.support.fixtures_access import person

AWAY = "The database does not answer."


@pytest.fixture
def screen(console, shop, screen_as):
    """An admin's screen, drawn while the database is there."""

    def run(page):
        test = screen_as(person(console, "admin"), page)
        assert not test.exception
        assert told(test) == []
        return test

    return run


def told(test):
    return [one.value for one in test.error if AWAY in one.value]


def take_away(engine):
    """A folder stands where the file was, and no connection is open any more."""
    engine.dispose()
    path = Path(str(engine.url.database))
    for rest in path.parent.glob(f"{path.name}*"):
        rest.rename(rest.with_name(f"away-{rest.name}"))
    path.mkdir()


def test_an_open_screen_says_so_and_goes_on_once_it_answers(console, screen):
    test = screen("payments")
    take_away(console.engine)
    test.run()
    assert not test.exception
    assert told(test) == [f"{AWAY} Nothing was changed. Reload to try again."]
    path = Path(str(console.engine.url.database))
    path.rmdir()
    for rest in path.parent.glob("away-*"):
        rest.rename(rest.with_name(rest.name.removeprefix("away-")))
    test.run()
    assert not test.exception
    assert told(test) == []


def test_a_screen_whose_version_cannot_be_read_says_so(screen, monkeypatch):
    def gone(*_args, **_named):
        raise OperationalError("SELECT", {}, Exception(2013, "gone"))

    test = screen("payments")
    monkeypatch.setattr(live.reads, "version", gone)
    monkeypatch.setattr(live, "_shared", live.Shared(live._read))
    test.run()
    assert not test.exception
    assert told(test)


@pytest.fixture
def parked(console):
    """An object that was set aside: there is a button to try it again."""
    now = clock.now()
    wanted = refresh_queue.RefreshRequest("refund", "re_1", False, now, None)
    with writing(console.engine) as connection:
        refresh_queue.enqueue(connection, [wanted], at=now)
        connection.execute(update(stale_objects).values(next_attempt_at=NEVER, last_error="x"))


@pytest.fixture
def away(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}")
    yield engine
    engine.dispose()


def test_a_click_whose_database_is_away_is_told_to_look_first(
    screen, parked, context, away, monkeypatch
):
    acting = replace(context, engine=away)
    monkeypatch.setattr(viewer, "_context", lambda _console: (acting, RequestLog(away)))
    test = screen("parked")
    test.button(key="parked_all").click().run()
    assert not test.exception
    assert told(test) == [f"{AWAY} Look whether it was done before you try again."]


def test_a_call_that_could_not_be_logged_undoes_no_action(
    screen, parked, context, away, monkeypatch
):
    log = RequestLog(away)
    monkeypatch.setattr(log, "flush", lambda: open_engine(str(away.url)).connect())
    monkeypatch.setattr(viewer, "_context", lambda _console: (context, log))
    test = screen("parked")
    test.button(key="parked_all").click().run()
    assert not test.exception
    assert told(test) == []
