"""Group commit: answered after the commit, in company, and never left waiting."""

import logging
import threading

import pytest
from sqlalchemy import text

from core.db.engine import open_engine, writing
from core.errors import DatabaseDown, InboxFull
from core.events.store import parse_envelope
from core.inbox import group_commit
from core.inbox.group_commit import GroupWriter
from tests.support.newest_schema import laid
from tests.support.receivers import event_body, stored_ids, wait_until


class Settled(dict):
    """What became of each ticket."""

    def __call__(self, tickets, error):
        self.update(dict.fromkeys(tickets, error))


@pytest.fixture
def url(tmp_path):
    return laid(f"sqlite:///{tmp_path / 'inbox.db'}")


@pytest.fixture
def engine(url):
    engine = open_engine(url)
    yield engine
    engine.dispose()


def incoming(number, **changes):
    return parse_envelope(event_body(number, **changes))


def test_event_is_in_the_database_before_its_ticket_is_settled(url, engine):
    seen = []
    writer = GroupWriter(engine, lambda tickets, _: seen.append((tickets[0], stored_ids(url))))
    writer.start()
    writer.submit(incoming(1), "one")
    wait_until(lambda: seen)
    writer.stop()
    assert seen == [("one", ["evt_1"])]


def test_what_piles_up_is_committed_together(engine):
    commits = []
    settled = Settled()
    writer = GroupWriter(engine, settled, measure=lambda rows, _: commits.append(rows))
    for number in range(300):
        writer.submit(incoming(number), number)
    writer.start()
    writer.stop()
    assert commits == [256, 44]
    assert set(settled.values()) == {None}


def test_stop_commits_what_waits_and_takes_no_more(url, engine):
    writer = GroupWriter(engine, Settled())
    writer.start()
    for number in range(50):
        writer.submit(incoming(number), number)
    writer.stop()
    assert len(stored_ids(url)) == 50
    assert not writer.is_alive()
    with pytest.raises(InboxFull):
        writer.submit(incoming(99), 99)


def test_full_queue_refuses(engine, monkeypatch):
    monkeypatch.setattr(group_commit, "MOST_WAITING", 3)
    writer = GroupWriter(engine, Settled())
    for number in range(3):
        writer.submit(incoming(number), number)
    with pytest.raises(InboxFull):
        writer.submit(incoming(4), 4)
    assert writer.waiting() == 3


def test_queue_is_bounded_in_bytes_too(engine, monkeypatch):
    monkeypatch.setattr(group_commit, "MOST_WAITING_BYTES", 10_000)
    writer = GroupWriter(engine, Settled())
    writer.submit(incoming(1, padding="x" * 9_000), 1)
    with pytest.raises(InboxFull):
        writer.submit(incoming(2, padding="x" * 9_000), 2)


def test_event_that_the_database_refuses_turns_only_itself_away(url, engine, caplog):
    with writing(engine) as connection:
        connection.execute(
            text(
                "CREATE TRIGGER no_three BEFORE INSERT ON events WHEN NEW.stripe_id = 'evt_3'"
                " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            )
        )
    settled = Settled()
    writer = GroupWriter(engine, settled)
    for number in range(6):
        writer.submit(incoming(number), number)
    with caplog.at_level(logging.ERROR):
        writer.start()
        writer.stop()
    assert [number for number, error in settled.items() if error] == [3]
    assert isinstance(settled[3], DatabaseDown)
    assert len(stored_ids(url)) == 5


def test_lost_database_refuses_the_whole_batch_and_comes_back(tmp_path, engine, url):
    settled = Settled()
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE events RENAME TO gone"))
    writer = GroupWriter(engine, settled)
    writer.start()
    writer.submit(incoming(1), "lost")
    assert isinstance(wait_until(lambda: settled.get("lost")), DatabaseDown)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO events"))
    writer.submit(incoming(1), "kept")
    wait_until(lambda: "kept" in settled)
    writer.stop()
    assert settled["kept"] is None
    assert stored_ids(url) == ["evt_1"]


def test_server_that_hung_up_meanwhile_costs_no_event(mariadb):
    url = mariadb()
    engine = open_engine(url)
    settled = Settled()
    writer = GroupWriter(engine, settled)
    writer.start()
    for number in range(3):
        writer.submit(incoming(number), number)
        assert wait_until(lambda number=number: number in settled)
        with engine.connect() as own:
            mine = own.scalar(text("SELECT CONNECTION_ID()"))
            others = "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
            for other in own.scalars(text(f"{others} AND id <> {mine}")).all():
                own.execute(text(f"KILL {other}"))
    writer.stop()
    engine.dispose()
    assert settled == {0: None, 1: None, 2: None}
    assert stored_ids(url) == ["evt_0", "evt_1", "evt_2"]


def test_nobody_waits_for_a_writer_that_died(engine, monkeypatch):
    settled = Settled()
    writer = GroupWriter(engine, settled)
    died = []
    monkeypatch.setattr(threading, "excepthook", lambda args: died.append(args.exc_type))
    monkeypatch.setattr(group_commit, "store", lambda *_, **__: {}["unforeseen"])
    writer.submit(incoming(1), 1)
    writer.start()
    assert isinstance(wait_until(lambda: settled.get(1)), DatabaseDown)
    wait_until(lambda: died == [KeyError])
    assert not writer.is_alive()
    with pytest.raises(InboxFull):
        writer.submit(incoming(2), 2)


def test_many_threads_may_submit(url, engine):
    settled = Settled()
    writer = GroupWriter(engine, settled)
    writer.start()

    def send(first):
        for number in range(first, first + 100):
            writer.submit(incoming(number % 150), number)

    threads = [threading.Thread(target=send, args=(n * 100,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(settled) == 400)
    writer.stop()
    assert sorted(stored_ids(url)) == sorted(f"evt_{n}" for n in range(150))
