"""A ui process over a filled database with the session of somebody who may open every page; and an
empty Streamlit app to stand beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import Engine, text

from core import clock
from core.access import rights, sessions, users
from core.db import tables
from core.db.engine import writing
from core.db.migrate import head

READY_SECONDS = 120
#: The rows are those of live mode: without its key screens would show the other, which is empty.
LIVE_KEY = "sk_live_benchmark"
SENTENCE = "import streamlit as st\nst.write('One sentence.')\n"


@dataclass(frozen=True, slots=True)
class Served:
    """Where a process listens, its number, and the token of a session; '' where none is asked."""

    port: int
    pid: int
    token: str = ""

    @property
    def cookie(self) -> dict[str, str]:
        """The header that carries the session."""
        return {"Cookie": f"tillwatch={self.token}"}

    @property
    def resident_mib(self) -> float:
        """The memory that it holds now."""
        fields = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def processor_seconds(self) -> float:
        """What it took of a processor since its start, in all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        used = [int(one) for one in fields.split()[11:13]]
        return sum(used) / os.sysconf("SC_CLK_TCK")


@contextmanager
def screens_of(filled: Engine) -> Iterator[Served]:
    """`python -m dashboard ui` over a database, on a free port."""
    _stamp(filled)
    token, port = _token(filled), _free_port()
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
        url = filled.url.render_as_string(hide_password=False)
        given = {"VAR_DIR": folder, "DATABASE_URL": url, "UI_PORT": str(port)}
        given["STRIPE_SECRET_KEY"] = LIVE_KEY
        command = ["-m", "dashboard", "ui"]
        with _running(command, given, Path(folder), f"http://127.0.0.1:{port}/healthz") as pid:
            yield Served(port, pid, token)


@contextmanager
def empty_app() -> Iterator[Served]:
    """An app of Streamlit's that says one sentence, behind nothing."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
        script = Path(folder, "sentence.py")
        script.write_text(SENTENCE, encoding="utf-8")
        options = ["--server.headless=true", f"--server.port={port}"]
        command = ["-m", "streamlit", "run", str(script), *options]
        ready = f"http://127.0.0.1:{port}/_stcore/health"
        with _running(command, {}, Path(folder), ready) as pid:
            yield Served(port, pid)


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
    return port


@contextmanager
def _running(command: list[str], given: dict[str, str], folder: Path, ready: str) -> Iterator[int]:
    said = folder / "ui.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **given}, stdout=log, stderr=log
        )
        try:
            _wait_for(process, ready, said)
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(process: subprocess.Popen[bytes], ready: str, said: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(ready, timeout=5):  # noqa: S310 # an address of ours
                return
        except URLError:
            time.sleep(0.1)
    raise TimeoutError(f"the ui was not ready: {said.read_text()[-2000:]}")


def _stamp(engine: Engine) -> None:
    """Say that the tables, which were made as they are declared, are those of the newest schema."""
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"
        )
        connection.exec_driver_sql("DELETE FROM alembic_version")
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head()})


def _token(engine: Engine) -> str:
    """The session of somebody who may open every page. Those of earlier runs go: Home counts
    people."""
    now = clock.now()
    with writing(engine) as connection:
        for table in (tables.sessions, tables.user_roles, tables.users):
            connection.execute(table.delete())
        user_id = users.create(
            connection,
            email="bench@bench.example",
            roles=tuple(rights.ROLES),
            password_hash="none",  # noqa: S106 - nobody signs in by it
            actor="bench",
            production=False,
        )
        return sessions.start(connection, user_id, ip="127.0.0.1", user_agent="bench", now=now)
