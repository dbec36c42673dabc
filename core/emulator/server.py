"""Runs the emulator over HTTP: in a thread for tests, in the foreground for the command.

For tests: `with start_emulator(state_path=…, port=0, seed=1, webhook=None, webhook_secret=None)
as emulator:` gives a `RunningEmulator` with `.base_url`, `.account`, `.control(method, path, json)`
and shorthands: `advance`, `settle`, `add_webhook`, `fault`, `history`, `traffic`, `wait_delivered`.
As a pytest fixture: `emulator = pytest.fixture(emulator_server)` yields the same, with its state
under `tmp_path` and seed 1.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from core.emulator.application import application
from core.emulator.http.control import Control
from core.emulator.runtime.background import Background, wait_until
from core.emulator.runtime.engine import Engine
from core.emulator.simulation.traffic import Traffic
from core.errors import Misconfigured


@dataclass
class RunningEmulator:
    """A started emulator: its address, and shorthands for `/_control`."""

    base_url: str
    engine: Engine
    background: Background
    traffic_source: Traffic

    def stop_threads(self) -> None:
        """End what runs beside the server; the store keeps what was left to do."""
        self.traffic_source.stop()
        self.background.stop()

    @property
    def account(self) -> str:
        return self.engine.account

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call `/_control/<path>`; the JSON answer (ndjson as a list). Raises on an error."""
        import requests  # a served emulator asks nobody, and answers sooner without it

        with requests.Session() as session:
            session.trust_env = False  # never by a proxy: it is our own address
            answer = session.request(
                method,
                f"{self.base_url}/_control/{path.lstrip('/')}",
                data=json.dumps(body or {}) if method != "GET" else None,
                headers={"Content-Type": "application/json"},
                timeout=600,
                allow_redirects=False,
            )
        text = answer.content.decode()
        if not answer.ok:
            raise ValueError(text)
        if "ndjson" in answer.headers["Content-Type"]:
            return [json.loads(line) for line in text.splitlines()]
        return json.loads(text)

    def advance(self, seconds: int) -> None:
        """Move the clock on; what comes due is done before this returns."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def settle(self) -> None:
        """Do at once what is due within seconds (balance rows, test-card disputes)."""
        self.control("POST", "settle")

    def add_webhook(self, url: str, secret: str) -> None:
        """Send all events to a URL, signed with this secret; twice is once."""
        self.control("POST", "webhooks", {"url": url, "secret": secret})

    def fault(self, kind: str, **options: Any) -> None:
        """Order a fault: `fault("error", status=500, path="/v1/refunds", count=1)`."""
        self.control("POST", "faults", {"kind": kind, **options})

    def traffic(self, payments: int, seed: int = 1) -> None:
        """Make so many payments now, as customers would."""
        self.control("POST", "traffic", {"payments": payments, "seed": seed})

    def history(
        self,
        days: int = 60,
        per_day: int = 150,
        seed: int = 1,
        *,
        hard: bool | list[str] = False,
    ) -> None:
        """Write months of plausible business into the past, with every hard case if asked."""
        given = {"days": days, "per_day": per_day, "seed": seed, "hard": hard}
        self.control("POST", "history", given)

    def wait_delivered(self, seconds: float = 10) -> bool:
        """Wait until no delivery is due or under way; whether that came within the limit."""
        return wait_until(self.background.idle, seconds)


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as reason:
        listener.close()
        raise Misconfigured(f"The emulator cannot listen on {host}:{port}: {reason}.") from reason
    listener.listen(128)
    return listener


def _build(
    listener: socket.socket,
    host: str,
    state_path: str | Path,
    seed: int | None,
    webhook: str | None,
    webhook_secret: str | None,
    names: Iterable[str] = (),
) -> tuple[RunningEmulator, uvicorn.Server]:
    engine = Engine(str(state_path), seed)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (compared, not bound)
    engine.base_url = f"http://{shown}:{listener.getsockname()[1]}"
    background = Background(engine)
    control = Control(engine, background)
    if webhook and webhook_secret:
        control.add_webhook(webhook, webhook_secret)
    config = uvicorn.Config(
        application(engine, control, frozenset(name.lower() for name in names)),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    running = RunningEmulator(engine.base_url, engine, background, control.traffic)
    return running, uvicorn.Server(config)


@contextmanager
def start_emulator(
    *,
    state_path: str | Path = ":memory:",
    port: int = 0,
    host: str = "127.0.0.1",
    seed: int | None = 1,
    webhook: str | None = None,
    webhook_secret: str | None = None,
    names: Iterable[str] = (),
) -> Iterator[RunningEmulator]:
    """Run in a thread of this process; port 0 takes a free one."""
    listener = _listener(host, port)
    running, server = _build(listener, host, state_path, seed, webhook, webhook_secret, names)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    running.background.start()
    try:
        if not wait_until(lambda: server.started, 10):
            raise Misconfigured("The emulator did not start within 10 seconds.")
        yield running
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        running.stop_threads()
        listener.close()
        running.engine.close()


def emulator_server(tmp_path: Path) -> Iterator[RunningEmulator]:
    """Ready for `pytest.fixture`: a fresh emulator with seed 1 and its state under `tmp_path`."""
    with start_emulator(state_path=tmp_path / "emulator.db", seed=1) as running:
        yield running


def serve(
    *,
    state_path: str | Path,
    port: int,
    host: str = "127.0.0.1",
    seed: int | None = None,
    webhook: str | None = None,
    webhook_secret: str | None = None,
    names: Iterable[str] = (),
) -> None:
    """Run in the foreground until interrupted (Ctrl-C or SIGTERM).

    It may be asked for by `names`, and under addresses and names of this machine.
    """
    listener = _listener(host, port)
    running, server = _build(listener, host, state_path, seed, webhook, webhook_secret, names)
    running.background.start()
    try:
        server.run(sockets=[listener])
    finally:
        running.stop_threads()
        listener.close()
        running.engine.close()
