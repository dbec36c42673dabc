"""A full disk: the worker and the receiver live on, say so, and go on once there is room."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core import clock
from core.db import migrate
from core.db.engine import open_engine, reading
from core.db.tables import events
from core.emulator.server import start_emulator
from core.reads.overview import streams as reads
from dashboard.receiver.webhook import PATH
from tests.support import forked_programs
from tests.support.fixtures_mariadb import new_database, server_in
from tests.support.receivers import SECRET, event_body, free_port, kill, sign, wait_until

pytestmark = pytest.mark.long

#: Seconds in which a stream must say that it does not go on.
MINUTE = 60


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A disk of its own, of so many MiB; skipped where this process may not mount one."""
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes what is left of the disk."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return filler


@contextmanager
def process(command: str, environment: dict[str, str], log: Path) -> Iterator[Any]:
    started = forked_programs.start(["dashboard", command], os.environ | environment, log)
    try:
        yield started
    finally:
        kill(started, signal.SIGTERM)


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def disk(request, tmp_path):
    """A small disk, and the URL of a database on it."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            place = stack.enter_context(small_disk(tmp_path, 48))
            url = f"sqlite:///{place / 'tillwatch.db'}"
        else:
            place = stack.enter_context(small_disk(tmp_path, 256))
            url = new_database(stack.enter_context(server_in(place)), "tillwatch")
        engine = open_engine(url)
        migrate.upgrade(engine)
        stack.callback(engine.dispose)
        yield place, url, engine


def standing(engine):
    with reading(engine) as connection:
        found = reads.stream_states(connection, livemode=False, now=clock.now())
    return {one.name: one for one in found}


def all_fresh(engine):
    found = standing(engine)
    return len(found) >= 5 and not any(one.is_wrong for one in found.values())


def test_a_full_disk_is_told_and_outlived(disk, tmp_path):
    place, url, engine = disk
    port = free_port()
    with ExitStack() as stack:
        emulator = stack.enter_context(start_emulator(state_path=":memory:", seed=5))
        given = {
            "DATABASE_URL": url,
            "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
            "STRIPE_TEST_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": emulator.base_url,
            "VAR_DIR": str(place / "var"),
            "RECEIVER_PORT": str(port),
        }
        log = tmp_path / "log"
        worker = stack.enter_context(process("worker", given, log))
        receiver = stack.enter_context(process("receiver", given, log))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90))

        acknowledged = set()

        def is_ready():
            try:
                return client.get("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        def send(number):
            padding = {"id": f"pi_{number}", "object": "payment_intent", "note": "x" * 500_000}
            body = event_body(number, data={"object": padding})
            status = client.post(PATH, content=body, headers=sign(body)).status_code
            if status == 200:
                acknowledged.add(f"evt_{number}")
            return status

        wait_until(is_ready)
        wait_until(lambda: all_fresh(engine))
        assert send("before") == 200

        filler = fill(place)
        # A server has some room of its own left at first.
        numbers = count()
        wait_until(lambda: send(f"full{next(numbers)}") == 503, seconds=MINUTE)
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "disk is full" in answer.json()["reason"]
        wait_until(lambda: any(one.is_wrong for one in standing(engine).values()), seconds=MINUTE)
        told = client.get("/metrics").text
        assert 'tillwatch_stream_failed{mode="test",stream="inbox"} 1.0' in told
        assert worker.poll() is None
        assert receiver.poll() is None

        filler.unlink()
        wait_until(is_ready, seconds=MINUTE)
        wait_until(lambda: send("after") == 200, seconds=MINUTE)
        wait_until(lambda: all_fresh(engine), seconds=MINUTE)
        assert worker.poll() is None, log.read_text()[-3000:]
        assert receiver.poll() is None
        with reading(engine) as connection:
            kept = set(connection.scalars(select(events.c.stripe_id)))
        assert {"evt_before", "evt_after"} <= acknowledged <= kept
