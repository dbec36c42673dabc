"""A database whose line goes silent without a word: senders are told in time, and none is lost."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import make_url

from core.db import engine as engines
from core.inbox import group_commit
from dashboard.receiver import app
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.receivers import (
    event_body,
    post,
    serving,
    settings_for,
    stored_ids,
    wait_until,
)

pytestmark = pytest.mark.mariadb
#: The limits below, doubled for what is done between them, and room for a busy machine.
AT_MOST = 10


@pytest.fixture
def line(mariadb_server, mariadb, monkeypatch):
    """A line to the server; limits are a tenth of the real ones."""
    monkeypatch.setattr(engines, "_CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(app, "DATABASE_SECONDS", 1)
    monkeypatch.setattr(group_commit, "_LONGEST", 0.5)
    near = make_url(mariadb())
    with FaultyLine(mariadb_server).running() as running:
        running.url = f"mysql+pymysql://root@127.0.0.1:{running.port}/{near.database}"
        running.near = near
        yield running


def test_a_silent_line_is_a_503_in_time_and_what_was_answered_is_there(line, tmp_path):
    kept = []

    def sent(client, number):
        begun = time.monotonic()
        answer = post(client, event_body(number))
        assert time.monotonic() - begun < AT_MOST
        if answer.status_code == 200:
            kept.append(f"evt_{number}")
        return answer.status_code

    with serving(settings_for(tmp_path, line.url)) as client:
        assert sent(client, 1) == 200
        # What stands goes silent, a new one is well: told once, and well at the next try.
        line.set(Fault.HALF_OPEN)
        assert sent(client, 2) == 503
        assert sent(client, 2) == 200
        # Nothing is answered any more, on no line.
        line.set(Fault.HANGING)
        assert [sent(client, number) for number in (3, 4)] == [503, 503]
        line.set(Fault.NONE)
        for number in (3, 4, 5):
            wait_until(lambda number=number: sent(client, number) == 200)
    assert sorted(stored_ids(line.near)) == kept == [f"evt_{n}" for n in range(1, 6)]
