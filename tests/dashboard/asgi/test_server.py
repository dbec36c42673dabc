"""A server that nobody asks sleeps, dates its answers all the same, and ends when told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from dashboard.process.ports import answers
from tests.support.receivers import free_port

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from starlette.applications import Starlette
from dashboard.asgi import server

server.DATED_EVERY = float(sys.argv[3])
server.serve(Starlette(), port=int(sys.argv[1]), loop=sys.argv[2], log_level="critical")
"""


@contextmanager
def serving(*args):
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port), *args], cwd=ROOT)
    try:
        while not answers(port):
            assert process.poll() is None
            time.sleep(0.02)
        yield process, port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("loop", "sent", "code"),
    [
        ("asyncio", signal.SIGTERM, -signal.SIGTERM),
        ("uvloop", signal.SIGTERM, -signal.SIGTERM),
        ("asyncio", signal.SIGINT, 0),
    ],
)
def test_it_ends_at_a_signal_whatever_it_sleeps(loop, sent, code):
    with serving(loop, "3600") as (process, port):
        # An answer: it is past its start, and asleep.
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=20).status_code == 404
        process.send_signal(sent)
        assert process.wait(20) == code


def test_its_answers_are_dated_anew_and_a_taken_port_is_an_exit_code():
    with serving("asyncio", "0.1") as (_, port):
        dates = set()
        while len(dates) < 2:
            dates.add(requests.get(f"http://127.0.0.1:{port}/", timeout=20).headers["date"])
            time.sleep(0.05)
        args = [sys.executable, "-c", PROGRAM, str(port), "asyncio", "1"]
        assert subprocess.run(args, cwd=ROOT).returncode == 3
