"""The receiver against the one of the tutorials: rate, latency, burst and memory."""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Engine, text

from benchmarks.arrivals import as_of_payments, evenly, open_loop
from benchmarks.load import Outcome, closed_loop, webhook_request
from benchmarks.report import row
from core.db.start import prepare
from dashboard.receiver.webhook import PATH

SECRET = "whsec_of_the_benchmark"  # noqa: S105 - signs made-up events
#: One run serves every size.
SIZED = False
OURS = ("dashboard", "receiver")
BASELINE = ("benchmarks.tutorial",)
#: Runs a module as requirements.txt has it: Stripe's SDK loads httpx where it finds it, which is
#: 5 MiB, and only tests bring it.
_AS_SHIPPED = """
import runpy, sys
sys.modules["httpx"] = None
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
_ROUNDS = 4
#: Requests a second of the open loop.
_RATE = 1000
_SECONDS = 2.0
#: More requests than a round can send.
_ENOUGH = 24_000
_numbers = itertools.count(1)
_run = secrets.token_hex(4)


@dataclass(frozen=True)
class Server:
    """A running receiver, ours or the baseline."""

    port: int
    pid: int

    def rss_mib(self) -> float:
        """Resident memory now; 0 where /proc is not."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return 0.0
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """All rows; `size` does not matter here."""
    del size
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
        urls = [_url(engine, Path(folder), side) for side in ("ours", "baseline")]
        with (
            _serving(OURS, urls[0], Path(folder)) as ours,
            _serving(BASELINE, urls[1], Path(folder)) as baseline,
        ):
            return _measure(engine.dialect.name, ours, baseline)


def _measure(database: str, ours: Server, baseline: Server) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for connections, target in ((32, 4.0), (1, 1.2)):
        rates: dict[Server, list[float]] = {ours: [], baseline: []}
        for _ in range(_ROUNDS):
            for server in (ours, baseline):
                rates[server].append(_closed(server, connections).rate)
        new, old = (statistics.median(rates[server]) for server in (ours, baseline))
        name = f"receiver req/s, {connections} connection{'s' if connections > 1 else ''}"
        rows.append(_more(f"{name} ({database})", new, old, target))
    paid = _late(ours, baseline, lambda n: as_of_payments(3 * _RATE, _RATE, seed=n))
    even = _late(ours, baseline, lambda _n: evenly(3 * _RATE, _RATE))
    burst = _open(ours, evenly(2000, 200)).percentile(0.99)
    return [
        *rows,
        row(f"receiver p99 ms, open loop 1,000/s ({database})", *paid, at_least=10),
        row(f"receiver p99 ms, 1,000/s evenly spaced ({database})", *even, at_most=50),
        row(f"receiver p99 ms, burst 200/s for 10 s ({database})", burst, at_most=50),
        row(f"receiver RSS MiB ({database})", ours.rss_mib(), baseline.rss_mib(), at_most=90),
    ]


def _late(ours: Server, baseline: Server, due: Callable[[int], list[float]]) -> tuple[float, float]:
    """The 99th percentile of each in ms: the median of rounds in turn, `due(n)` for both."""
    times: dict[Server, list[float]] = {ours: [], baseline: []}
    for number in range(_ROUNDS):
        for server, found in times.items():
            found.append(_open(server, due(number)).percentile(0.99))
    return statistics.median(times[ours]), statistics.median(times[baseline])


def _closed(server: Server, connections: int) -> Outcome:
    requests = list(_requests(_ENOUGH if connections > 1 else _ENOUGH // 4))
    return _checked(uvloop.run(closed_loop(server.port, iter(requests), connections, _SECONDS)))


def _open(server: Server, due: Sequence[float]) -> Outcome:
    return _checked(open_loop(server.port, list(_requests(len(due))), due))


def _checked(outcome: Outcome) -> Outcome:
    assert set(outcome.statuses) == {200}, set(outcome.statuses)
    return outcome


def _requests(count: int) -> Iterator[bytes]:
    """Signed posts of events of 3.5 KB, each with an id of its own."""
    now = int(time.time())
    filler = {f"field_{n}": "x" * random.Random(n).randrange(20, 60) for n in range(58)}
    for _ in range(count):
        number = f"{_run}{next(_numbers)}"
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "api_version": "2026-10-29.dahlia",
            "created": now,
            "data": {"object": {"id": f"pi_{number}", "object": "payment_intent", **filler}},
            "livemode": False,
            "type": "payment_intent.succeeded",
        }
        yield webhook_request(json.dumps(event).encode(), SECRET, PATH)


def _url(engine: Engine, folder: Path, side: str) -> str:
    """A database for one side: a file, or a database of its own on the server."""
    if engine.dialect.name == "sqlite":
        return f"sqlite:///{folder / side}.db"
    name = f"tillwatch_bench_{side}"
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    return engine.url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def _serving(module: tuple[str, ...], url: str, folder: Path) -> Iterator[Server]:
    prepare(url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {
        "DATABASE_URL": url,
        "RECEIVER_PORT": str(port),
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "VAR_DIR": str(folder),
    }
    args = [] if module == OURS else [str(port)]
    process = subprocess.Popen([sys.executable, "-c", _AS_SHIPPED, *module, *args], env=env)
    try:
        _wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the receiver ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the receiver did not start")


def _more(name: str, value: float, baseline: float, target: float) -> dict[str, Any]:
    """A row where more is better: at least `target` times the baseline."""
    ratio = value / baseline
    return {
        "name": name,
        "value": round(value),
        "baseline": round(baseline),
        "ratio": round(ratio, 2),
        "target": f">= {target:g}x",
        "met": ratio >= target,
    }
