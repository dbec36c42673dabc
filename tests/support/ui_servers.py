"""The UI process for tests, and browsers that speak to it without a screen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from core.bootstrap import Console
from tests.support.fixtures_access import ROOT, make_console
from tests.support.receivers import free_port


@dataclass(frozen=True)
class Ui:
    """A running UI process and the console over its database."""

    port: int
    console: Console

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a UI process whose state is in a folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "VAR_DIR": str(folder), "PYTHONPATH": str(ROOT), **more}


@contextmanager
def running_ui(folder: Path, bug: str | None = None, **more: str) -> Iterator[Ui]:
    """`python -m dashboard ui` on a free port, until the block ends; one with a planted bug."""
    port = free_port()
    module = ["tests.support.planted_ui", bug] if bug else ["dashboard", "ui"]
    console = make_console(more.get("DATABASE_URL") or f"sqlite:///{folder / 'tillwatch.db'}")
    log = (folder / "ui.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", *module, "--port", str(port)],
        cwd=ROOT,
        env=environment(folder, **more),
        stdout=log,
        stderr=log,
    )
    try:
        _wait_for(process, port, folder / "ui.log")
        yield Ui(port, console)
    finally:
        process.terminate()
        process.wait(60)
        log.close()
        console.engine.dispose()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the UI did not start: {log.read_text()[-3000:]}")


def handshake(port: int, headers: list[tuple[str, str]], path: str = "/_stcore/stream") -> int:
    """Ask for a WebSocket with exactly these headers; the status of the answer."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: streamlit",
        *(f"{name}: {value}" for name, value in headers),
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = line.recv(64)
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/") else 0


@contextmanager
def tab(
    ui: Ui, token: str, *, resume: str = "", headers: list[tuple[str, str]] | None = None
) -> Iterator[ClientConnection]:
    """A browser tab's socket, with a session's cookie."""
    protocols: Any = ["streamlit", *(["none", resume] if resume else [])]
    with connect(
        f"ws://localhost:{ui.port}/_stcore/stream",
        origin=ui.base,  # type: ignore[arg-type]
        subprotocols=protocols,
        additional_headers=[("Cookie", f"tillwatch={token}"), *(headers or [])],
        max_size=None,
        open_timeout=60,
    ) as line:
        yield line


def rerun(**state: Any) -> bytes:
    """What a browser sends to have the script run."""
    message = BackMsg()
    message.rerun_script.query_string = state.get("query", "")
    message.rerun_script.is_auto_rerun = state.get("auto", False)
    return message.SerializeToString()


def run_once(line: ClientConnection) -> tuple[str, str]:
    """Have the script run to its end: the Streamlit session's id, and all that it sent as text."""
    line.send(rerun())
    session, said = "", []
    while True:
        message = ForwardMsg.FromString(line.recv(timeout=60))  # type: ignore[arg-type]
        said.append(str(message))
        if message.WhichOneof("type") == "new_session":
            session = message.new_session.initialize.session_id
        if message.WhichOneof("type") == "script_finished":
            return session, "\n".join(said)


def rest(line: ClientConnection) -> None:
    """Take what still comes after a run, until nothing comes for a moment."""
    while True:
        try:
            line.recv(timeout=0.3)
        except TimeoutError:
            return
