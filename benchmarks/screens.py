"""Each page from the click in the sidebar to the end of its script, beside one of a sentence.

One process of Streamlit serves them all; the tab is a socket, so that no browser's time is in it.
The baseline stands behind the same guard, in the same frame: the page at an address that no screen
has.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import Engine, text
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.sync.client import ClientConnection, connect

from benchmarks.dataset import prepare
from benchmarks.report import row
from core import clock
from core.access import rights, sessions, users
from core.db import tables
from core.db.engine import writing
from core.db.migrate import head
from dashboard.ui import navigation

#: Times that each page is opened; the first of them is left out.
TIMES = 7
#: Pages that may take three times the plain one; the others two.
LARGE = {"overview", "revenue", "fraud"}
READY_SECONDS = 120
LIVE_KEY = "sk_live_benchmark"


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Milliseconds of every page of the sidebar, and of home."""
    filled = prepare(engine, size)
    _stamp(filled)
    names = [one.name for one in navigation.screens() if not one.hidden]
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
        url = filled.url.render_as_string(hide_password=False)
        with _served(url, folder) as port, _tab(port, _token(filled)) as line:
            taken = _in_turns(line, [navigation.UNKNOWN, *names])
    filled.dispose()
    plain = taken.pop(navigation.UNKNOWN)
    label = f"{size // 1000}k" if size < 1_000_000 else f"{size // 1_000_000}M"
    return [
        row(
            f"screen {name} at {label}, ms (baseline: a page of one sentence)",
            found,
            plain,
            at_least=1 / (3 if name in LARGE else 2),
        )
        for name, found in taken.items()
    ]


def _stamp(engine: Engine) -> None:
    """Say that the tables, which were made as they are declared, are those of the newest schema."""
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"
        )
        connection.exec_driver_sql("DELETE FROM alembic_version")
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head()})


def _in_turns(line: ClientConnection, names: list[str]) -> dict[str, float]:
    """The median of each: all are opened one after the other, several times."""
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(TIMES):
        for name in names:
            taken[name].append(_open(line, name))
    return {name: median(times[1:]) for name, times in taken.items()}


def _open(line: ClientConnection, name: str) -> float:
    """Milliseconds until the script of a page has ended."""
    message = BackMsg()
    message.rerun_script.page_name = name
    start = time.perf_counter()
    line.send(message.SerializeToString())
    while True:
        said = ForwardMsg.FromString(line.recv(timeout=120))  # type: ignore[arg-type]
        kind = said.WhichOneof("type")
        if kind == "navigation" and said.navigation.page_script_hash != calc_hash(name):
            raise ValueError(f"another page than {name} was drawn")
        # Another run may follow at once: the page is there once that has ended.
        if kind == "script_finished" and said.script_finished != (
            ForwardMsg.FINISHED_EARLY_FOR_RERUN
        ):
            return (time.perf_counter() - start) * 1000


def _token(engine: Engine) -> str:
    """The session of somebody who may open every page, and who alone is kept of earlier runs."""
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


@contextmanager
def _served(url: str, folder: str) -> Iterator[int]:
    """`python -m dashboard ui` on a free port."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
    given = {**os.environ, "VAR_DIR": folder, "DATABASE_URL": url, "UI_PORT": str(port)}
    # The rows are those of live mode; without its key screens would show the other, which is empty.
    given["STRIPE_SECRET_KEY"] = LIVE_KEY
    with Path(folder, "ui.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "ui"], env=given, stdout=log, stderr=log
        )
        try:
            _wait_for(process, port, Path(folder, "ui.log"))
            yield port
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    raise TimeoutError(f"the ui was not ready: {log.read_text()[-2000:]}")


@contextmanager
def _tab(port: int, token: str) -> Iterator[ClientConnection]:
    protocols: Any = ["streamlit"]
    with connect(
        f"ws://localhost:{port}/_stcore/stream",
        origin=f"http://localhost:{port}",  # type: ignore[arg-type]
        subprotocols=protocols,
        additional_headers=[("Cookie", f"tillwatch={token}")],
        max_size=None,
        open_timeout=60,
    ) as line:
        yield line
