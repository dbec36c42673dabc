"""The engine: what is tried again, and a first start that was cut short."""

import socket
import subprocess
import sys
import threading
import time

import pymysql
import pytest
from sqlalchemy import event, make_url, select, text
from sqlalchemy.exc import InterfaceError, OperationalError

from core import clock
from core.db import engine as engines
from core.db import migrate
from core.db.engine import (
    is_passing,
    is_transient,
    long_statements,
    open_engine,
    reading,
    retrying,
    undone,
    writing,
)
from core.db.tables import settings_table
from core.errors import InsertRace
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.fixtures_access import ROOT
from tests.support.newest_schema import laid

#: What a process that is no test's asks.
ASKED = """
import sys
from core.db.engine import open_engine, reading
with reading(open_engine(sys.argv[1])) as connection:
    print(connection.exec_driver_sql("PRAGMA synchronous").scalar())
"""


def test_a_first_migration_that_was_cut_short_is_begun_anew(empty_mariadb):
    engine = open_engine(empty_mariadb())
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE amount_hist (a INT)"))
    migrate.upgrade(engine)
    with reading(engine) as connection:
        assert migrate.is_current(connection)


def test_a_database_that_is_busy_or_gone_is_tried_again():
    full = pymysql.err.OperationalError(1040, "Too many connections")
    assert is_transient(OperationalError("s", None, full))
    assert is_transient(InterfaceError("s", None, pymysql.err.InterfaceError(0, "")))
    wrong = pymysql.err.OperationalError(1054, "Unknown column")
    assert not is_transient(OperationalError("s", None, wrong))


def error(number):
    return OperationalError("s", None, pymysql.err.OperationalError(number, "said"))


def failing(number, times):
    """Work that fails so often with MySQL's number, and counts how often it was done."""
    done = []

    def work():
        done.append(number)
        if len(done) <= times:
            raise error(number)
        return len(done)

    return work


@pytest.mark.parametrize("number", [1205, 1213, 1305])
def test_a_conflict_is_tried_again_by_the_clock_and_not_by_a_number_of_tries(number):
    assert retrying(failing(number, 4), tries=2) == 5


def test_a_conflict_without_an_end_is_told_in_the_end(monkeypatch):
    monkeypatch.setattr(engines, "CONFLICT_SECONDS", 0.05)
    with pytest.raises(OperationalError):
        retrying(failing(1213, 10**6), tries=2)
    with pytest.raises(InsertRace):
        retrying(_raced, tries=2)
    monkeypatch.undo()
    with pytest.raises(OperationalError):
        retrying(failing(1213, 10**6), tries=2, longest=0.05)


def _raced():
    raise InsertRace


def test_a_node_without_a_majority_is_waited_for_up_to_a_limit(monkeypatch):
    assert retrying(failing(1047, 4), tries=2) == 5
    monkeypatch.setattr(engines, "QUORUM_SECONDS", 0.05)
    with pytest.raises(OperationalError):
        retrying(failing(1047, 10**6), tries=2)


def test_a_server_that_is_gone_is_asked_so_many_times():
    assert retrying(failing(2006, 2), tries=3) == 3
    with pytest.raises(OperationalError):
        retrying(failing(2006, 3), tries=3)


def test_a_commit_that_may_have_been_done_is_repeated_only_where_that_changes_nothing():
    with pytest.raises(OperationalError):
        retrying(failing(1180, 1))
    assert retrying(failing(1180, 1), repeatable=True) == 2
    assert is_passing(error(1180))


def test_what_is_tried_in_a_savepoint_is_undone_and_the_rest_stays(tmp_path):
    engine = open_engine(laid(f"sqlite:///{tmp_path / 'tillwatch.db'}"))
    row = {"value": "1", "updated_at": clock.now(), "updated_by": "test"}
    with writing(engine) as connection:
        connection.execute(settings_table.insert().values(name="kept", **row))
        with undone(connection):
            connection.execute(settings_table.insert().values(name="tried", **row))
    with reading(engine) as connection:
        assert connection.scalars(select(settings_table.c.name)).all() == ["kept"]
    engine.dispose()


def test_what_is_committed_on_sqlite_has_reached_the_disk(tmp_path):
    """Asked in a process of its own: the engines of tests wait for no disk (quick_engines.py)."""
    url, full = f"sqlite:///{tmp_path / 'tillwatch.db'}", "2"
    said = subprocess.check_output([sys.executable, "-c", ASKED, url], text=True, cwd=ROOT)
    assert said.strip() == full


@pytest.mark.parametrize(
    ("url", "without_tls"),
    [
        ("mysql+pymysql://someone@localhost/tillwatch?unix_socket=/run/db", True),
        (
            "mysql+pymysql://someone@localhost/tillwatch?unix_socket=/run/db&ssl_ca=/c",
            None,
        ),
        ("mysql+pymysql://someone@db.example/tillwatch", None),
    ],
)
def test_a_socket_of_this_machine_goes_without_tls_unless_it_is_asked_for(url, without_tls):
    engine, seen = open_engine(url), []

    @event.listens_for(engine, "do_connect")
    def _note(_dialect, _record, _given, named):
        seen.append(named.get("ssl_disabled"))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        engine.connect()
    assert seen == [without_tls]


def test_a_server_that_takes_connections_and_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(engines, "_CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = open_engine(f"mysql+pymysql://root@127.0.0.1:{silent.getsockname()[1]}/x")
        begun = time.monotonic()
        with pytest.raises(OperationalError) as error:
            engine.connect()
        assert time.monotonic() - begun < 2
    assert is_transient(error.value)


@pytest.mark.mariadb
def test_a_statement_may_take_its_time_as_long_as_the_server_is_there(
    mariadb_server, mariadb, monkeypatch
):
    monkeypatch.setattr(engines, "_CONNECT_SECONDS", 0.5)
    with FaultyLine(mariadb_server).running() as line:
        name = make_url(mariadb()).database
        engine = open_engine(f"mysql+pymysql://root@127.0.0.1:{line.port}/{name}")
        with engine.connect() as connection:
            connection.execute(text("SELECT SLEEP(0.8)"))
            connection.execute(text("SELECT SLEEP(0.8)"))
            opened = connection.connection.dbapi_connection
            if sys.platform == "linux":
                sent = opened._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                heard = opened._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
                assert (sent, heard) == (30_000, 15)
        engine.dispose()


@pytest.fixture
def silent_line(mariadb_server, mariadb, monkeypatch):
    """A line to the server that may go silent; the URL of a database behind it."""
    monkeypatch.setattr(engines, "_CONNECT_SECONDS", 0.5)
    name = make_url(mariadb()).database
    with FaultyLine(mariadb_server).running() as line:
        line.url = f"mysql+pymysql://root@127.0.0.1:{line.port}/{name}"
        yield line


def asked(engine, statement="SELECT 1"):
    """The answer to a statement, and how many seconds it took."""
    begun = time.monotonic()
    with reading(engine) as connection:
        found = connection.scalar(text(statement))
    return found, time.monotonic() - begun


@pytest.mark.mariadb
def test_a_server_that_goes_silent_is_given_up_and_what_takes_its_time_is_not(silent_line):
    engine = open_engine(silent_line.url, answer_seconds=0.6)
    with pytest.raises(OperationalError) as cut:
        asked(engine, "SELECT SLEEP(30)")
    assert is_transient(cut.value)
    with long_statements():
        assert asked(engine, "SELECT SLEEP(1.2)")[0] == 0
    # The same connection, and the limit of before.
    with pytest.raises(OperationalError):
        asked(engine, "SELECT SLEEP(1.2)")
    engine.dispose()


@pytest.mark.mariadb
def test_lines_of_the_pool_that_went_silent_are_replaced_at_the_next_use(silent_line):
    engine = open_engine(silent_line.url)
    with engine.connect(), engine.connect():
        pass
    silent_line.set(Fault.HALF_OPEN)
    for _ in range(3):
        assert asked(engine)[1] < 10
    silent_line.set(Fault.HANGING)
    with pytest.raises(OperationalError):
        asked(engine)
    silent_line.set(Fault.NONE)
    assert asked(engine)[0] == 1
    engine.dispose()


@pytest.mark.mariadb
def test_a_wait_for_a_lock_ends_before_the_line_counts_as_cut(mariadb):
    engine = open_engine(mariadb())
    waits, _ = asked(engine, "SELECT @@innodb_lock_wait_timeout")
    assert 0 < waits < engines.ANSWER_SECONDS
    engine.dispose()


@pytest.mark.mariadb
def test_migrations_may_take_their_time(empty_mariadb):
    engine, seen, mine = open_engine(empty_mariadb()), [], threading.get_ident()

    def note(line, _record, _proxy):
        # Whoever keeps the lease meanwhile does it on a thread of its own, by short statements.
        if threading.get_ident() == mine:
            seen.append(line._read_timeout)

    event.listen(engine, "checkout", note)
    migrate.upgrade(engine)
    assert set(seen) == {engines.LONG_SECONDS}
    asked(engine)
    assert seen[-1] == engines.ANSWER_SECONDS
    engine.dispose()


def test_no_further_try_is_made_after_the_longest_wait():
    calls = []

    def work():
        calls.append(1)
        time.sleep(0.06)
        raise error(2013)

    with pytest.raises(OperationalError):
        retrying(work, longest=0.05)
    assert len(calls) == 1
