"""A database that has no room left: nothing acknowledged is lost, and all goes on by itself.

SQLite is told the most pages that its file may have, which it then says as it says a full disk.
On a real one, with the worker and on MariaDB: `tests/dashboard/process/test_worker_disk_full.py`.
"""

from __future__ import annotations

import logging
import threading

import pytest
from sqlalchemy import Engine, event

from core.clock import now
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.domain.stream_limits import DISK_FULL, INBOX, PASSING
from core.events.store import parse_envelope, store
from core.inbox import group_commit
from core.inbox.event_processor import apply_inbox
from core.ledger.booking import Scope
from core.loop import run
from core.mirror.apply import BookingContext
from core.mirror.streams import Recorder
from core.reads.overview.attention import needs_you
from tests.support.factories import UTC_ZONE
from tests.support.receivers import event_body, post, serving, settings_for, stored_ids, wait_until

WIDE = 10**6
#: Bytes of an event that fills the file within a few.
LARGE = 200_000


class Room:
    """How many pages a database may have, for every connection from its next transaction on."""

    def __init__(self):
        self.pages = WIDE

    def limit(self, connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count={self.pages}")

    def end(self, url):
        """No page more than it has now."""
        engine = open_engine(url)
        with reading(engine) as connection:
            self.pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        engine.dispose()


@pytest.fixture
def room():
    made = Room()
    event.listen(Engine, "begin", made.limit)
    yield made
    event.remove(Engine, "begin", made.limit)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'tillwatch.db'}"


def large(name):
    return event_body(name, data={"object": {"id": f"pi_{name}", "note": "x" * LARGE}})


def test_nothing_acknowledged_is_lost_and_the_receiver_goes_on(room, url, tmp_path, monkeypatch):
    monkeypatch.setattr(group_commit, "FULL_SECONDS", 0.5)
    with serving(settings_for(tmp_path, url)) as client:
        kept = []

        def send(name):
            status = post(client, large(name)).status_code
            if status == 200:
                kept.append(f"evt_{name}")
            return status

        assert send("before") == 200
        room.end(url)
        names = (f"full{number}" for number in range(100))
        assert wait_until(lambda: send(next(names)) == 503)
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reason"] == "the disk is full: no event can be kept"
        assert client.get("/healthz").status_code == 200

        room.pages = WIDE
        # Also when nobody sends anything, as who was told that it is not ready does not.
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert send("after") == 200
    assert sorted(stored_ids(url)) == sorted(kept)


def test_a_worker_lives_on_and_says_so(room, url, caplog):
    engine = open_engine(url)
    upgrade(engine)
    recorder, books = Recorder(engine), BookingContext(Scope(UTC_ZONE))

    def keep_and_apply():
        with writing(engine) as connection:
            store(connection, [parse_envelope(large("work"))], source="poll", received_at=now())
        return apply_inbox(engine, books).any

    step = recorder.watched(INBOX, [False], keep_and_apply, every=1)
    stop = threading.Event()
    worker = threading.Thread(target=run, args=("apply", step, stop), kwargs={"idle": 0.01})
    room.end(url)
    caplog.set_level(logging.WARNING)
    worker.start()
    try:
        wait_until(lambda: "apply: the database is full" in caplog.messages)
        assert worker.is_alive()
        # It says so in one row, which fits into a page that is there.
        wait_until(lambda: [need.stream.error for need in _wrong(engine)] == [DISK_FULL])
        room.pages = WIDE
        wait_until(lambda: stored_ids(url) == ["evt_work"] and not _wrong(engine))
    finally:
        stop.set()
        worker.join()
        engine.dispose()


def _wrong(engine):
    """What waits for a person once the fault has lasted longer than one that passes."""
    with reading(engine) as connection:
        found = needs_you(connection, livemode=False, now=now() + PASSING)
    return [need for need in found if need.kind == "stream_wrong" and need.stream.name == INBOX]
