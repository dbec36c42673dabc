"""The database goes away, refuses or hangs: each process says so in a sentence and ends in time."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import func, make_url, select

from core.db.engine import open_engine, reading
from core.db.tables import streams
from tests.support import forked_programs
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.receivers import environment, free_port, wait_until

PROCESSES = ["receiver", "worker", "ui"]
#: As long as it takes to try a server that hangs twice, and to start on a busy machine.
START_SECONDS = 60
#: `up` kills what has not ended after eight seconds.
END_SECONDS = 8


@contextmanager
def started(command, folder, url):
    """The process, its address and its log; killed at the end if it is there still."""
    port = free_port()
    log = folder / "log"
    given = {
        "UI_PORT": str(port),
        "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
        "STRIPE_API_BASE": "http://127.0.0.1:1",
    }
    process = forked_programs.start(
        ["dashboard", command], environment(folder, url, port) | given, log
    )
    try:
        yield process, f"http://127.0.0.1:{port}", log
    finally:
        process.kill()
        process.wait()


def says_so(log):
    """The log ends with a sentence, without a trace of the program's own."""
    said = log.read_text()
    assert "Traceback" not in said, said
    return said


@pytest.mark.parametrize("command", PROCESSES)
def test_a_start_without_a_database_is_a_sentence(command, tmp_path):
    url = f"mysql+pymysql://root@127.0.0.1:{free_port()}/tillwatch"
    with started(command, tmp_path, url) as (process, _base, log):
        assert process.wait(START_SECONDS) == 1
        assert says_so(log) == "Error: the database of DATABASE_URL does not answer (2003)\n"


@pytest.mark.torture
@pytest.mark.parametrize("command", PROCESSES)
def test_a_start_at_a_database_that_hangs_is_a_sentence(command, line, tmp_path):
    line.set(Fault.HANGING)
    with started(command, tmp_path, line.url) as (process, _base, log):
        assert process.wait(START_SECONDS) == 1
        assert says_so(log) == "Error: the database of DATABASE_URL does not answer (2013)\n"


@pytest.fixture
def line(mariadb_server, mariadb):
    """A line to the server; the URL of a database behind it, and one beside the line."""
    near = make_url(mariadb())
    with FaultyLine(mariadb_server).running() as running:
        running.url = f"mysql+pymysql://root@127.0.0.1:{running.port}/{near.database}"
        running.near = near
        yield running


def is_up(process, base, log):
    """Whether it answers requests."""
    assert process.poll() is None, log.read_text()
    try:
        return httpx.get(f"{base}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def has_stepped(url):
    """Whether a worker has written how its streams stand."""
    engine = open_engine(url)
    with reading(engine) as connection:
        found = connection.scalar(select(func.count()).select_from(streams))
    engine.dispose()
    return found > 0


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("command", "fault"),
    [
        pytest.param(
            command,
            fault,
            marks=[] if (command, fault) == ("worker", Fault.HANGING) else pytest.mark.torture,
        )
        for command in PROCESSES
        for fault in (Fault.REFUSED, Fault.HANGING)
    ],
)
def test_a_stop_while_the_database_is_away_takes_seconds(command, fault, line, tmp_path):
    with started(command, tmp_path, line.url) as (process, base, log):
        if command == "worker":
            wait_until(lambda: process.poll() is not None or has_stepped(line.near))
        else:
            wait_until(lambda: is_up(process, base, log))
        assert process.poll() is None, log.read_text()
        line.set(fault)
        before = line.asked
        if command == "worker":
            # So that a step is under way when it is told to end: one that asks now, or one whose
            # answer was on its way when the line fell silent.
            until = time.monotonic() + 2
            wait_until(lambda: line.asked > before or time.monotonic() > until)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
        assert time.monotonic() - begun < END_SECONDS
        says_so(log)
