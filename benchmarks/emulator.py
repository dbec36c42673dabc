"""The emulator beside localstripe and beside its own build from before API versions came."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine

from benchmarks.load import closed_loop
from benchmarks.report import row

SIZED = False
#: The last commit whose emulator spoke one version of the API only, whatever a request asked for.
EARLIER = "dc5e631a0b6a667454db87691d85c39730397e44"
LOCALSTRIPE = "localstripe==1.15.10"
_ROOT = Path(__file__).resolve().parents[1]
_CONNECTIONS, _SECONDS, _ROUNDS = 8, 2.0, 5
#: A year of a shop: 100,010 payments.
_DAYS, _PER_DAY = 365, 274
_KEY = "sk_test_bench"
_CUSTOMER = ("/v1/customers", "email=ada%40example.com&name=Ada")
_PAYMENT = (
    "/v1/payment_intents",
    "amount=1999&currency=usd&confirm=true&payment_method=pm_card_visa"
    "&automatic_payment_methods%5Benabled%5D=true"
    "&automatic_payment_methods%5Ballow_redirects%5D=never",
)


@dataclass
class _Server:
    """A program that answers on a port of this machine; its first answer took `seconds`."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float

    def rate(self, path: str, form: str) -> float:
        """Requests answered 200 in a second."""
        request = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {_KEY}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n{form}"
        ).encode()
        found = closed_loop(self.port, itertools.repeat(request), _CONNECTIONS, _SECONDS)
        return asyncio.run(found).rate

    def peak(self) -> float:
        """The most memory it had so far, in MB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        [line] = [one for one in lines if one.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Two minutes; the database and the size do not matter."""
    del engine, size
    with tempfile.TemporaryDirectory(prefix="tillwatch") as name:
        folder = Path(name)
        earlier = _earlier_build(folder / "earlier")
        return [
            *_starts(folder),
            *_requests(folder, earlier, _localstripe(folder)),
            *_history(folder, earlier),
        ]


def _starts(folder: Path) -> list[dict[str, Any]]:
    def started(*options: str) -> float:
        taken = []
        for _ in range(_ROUNDS + 1):
            with _emulator(_ROOT, folder, *options) as server:
                taken.append(server.seconds)
        return median(taken[1:])  # the first compiled what was not compiled yet

    on_disk = started("--state", str(folder / "start.db"))
    return [
        row("emulator, seconds from start to first answer", on_disk, at_most=1),
        row(
            "emulator --memory, seconds from start to first answer",
            started("--memory"),
            at_most=0.5,
        ),
    ]


def _requests(
    folder: Path, earlier: Path | None, localstripe: Sequence[str]
) -> list[dict[str, Any]]:
    with ExitStack() as running:
        ours = running.enter_context(_emulator(_ROOT, folder, "--state", str(folder / "ours.db")))
        before = other = None
        if earlier:
            state = ("--state", str(folder / "before.db"))
            before = running.enter_context(_emulator(earlier, folder, *state))
        if localstripe:
            other = running.enter_context(_started(localstripe, folder, "/v1/customers"))
        paid = _microseconds(_PAYMENT, ours, before)
        made = _microseconds(_CUSTOMER, ours, other)
    payment = f"emulator, microseconds a payment made and confirmed, {_CONNECTIONS} connections"
    customer = f"emulator, microseconds a customer made, {_CONNECTIONS} connections"
    return [
        row(f"{payment} ({_named(before)})", *paid, at_least=1 if before else None),
        row(
            f"{customer} ({LOCALSTRIPE if other else 'no baseline: localstripe is not to be had'})",
            *made,
            at_least=10 if other else None,
        ),
    ]


def _microseconds(
    request: tuple[str, str], ours: _Server, baseline: _Server | None
) -> tuple[float, float | None]:
    """Of each server: the median of rounds in turn; the first warms up."""
    servers = [ours, baseline] if baseline else [ours]
    rounds = [[server.rate(*request) for server in servers] for _ in range(_ROUNDS + 1)][1:]
    found = [1e6 / median(rates) for rates in zip(*rounds, strict=True)]
    return found[0], found[1] if baseline else None


def _history(folder: Path, earlier: Path | None) -> list[dict[str, Any]]:
    def written(root: Path, name: str) -> tuple[float, float]:
        """Seconds, and MB at the most."""
        with _emulator(root, folder, "--state", str(folder / name)) as server:
            order = json.dumps({"days": _DAYS, "per_day": _PER_DAY, "seed": 3})
            start = time.perf_counter()
            _ask(server.port, "POST", "/_control/history", order)
            return time.perf_counter() - start, server.peak()

    seconds, peak = written(_ROOT, "history.db")
    (folder / "history.db").unlink()
    before = written(earlier, "earlier.db")[0] if earlier else None
    words = "emulator, seconds for 100,000 payments of history"
    return [
        row(f"{words} ({_named(earlier)})", seconds, before, at_least=3 if earlier else None),
        row("emulator, MB at the most while it writes them", peak, at_most=150),
    ]


def _named(earlier: object) -> str:
    if earlier:
        return "baseline: build before API versions"
    return f"no baseline: this clone has no commit {EARLIER[:7]}"


def _earlier_build(folder: Path) -> Path | None:
    """The earlier commit's files; None where this is no clone, or one without its history."""
    folder.mkdir()
    archive = ["git", "-C", str(_ROOT), "archive", EARLIER, "core", "dashboard"]
    packed = subprocess.run(archive, capture_output=True, check=False)
    if packed.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def _localstripe(folder: Path) -> list[str]:
    """How to start it, from an environment of its own; nothing where it cannot be installed."""
    home = folder / "localstripe"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", LOCALSTRIPE]
    if subprocess.run(pip, capture_output=True, check=False).returncode:
        return []
    return [str(home / "bin" / "localstripe"), "--from-scratch"]


@contextmanager
def _emulator(root: Path, folder: Path, *options: str) -> Iterator[_Server]:
    command = [sys.executable, "-m", "dashboard", "emulator", *options]
    with _started(command, root, "/v1/balance", VAR_DIR=str(folder)) as server:
        yield server


@contextmanager
def _started(
    command: Sequence[str], folder: Path, path: str, **environment: str
) -> Iterator[_Server]:
    """Run a server on a free port until the block ends; it stands once it answers `path`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Compiled modules are kept, as they are where a user starts it.
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | environment
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=folder,
        env=own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port, path):
            if process.poll() is not None or time.perf_counter() > start + 60:
                raise RuntimeError(f"{command[0]} does not answer")
            time.sleep(0.002)
        yield _Server(process, port, time.perf_counter() - start)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int, path: str) -> bool:
    try:
        _ask(port, "GET", path)
    except OSError:
        return False
    return True


def _ask(port: int, method: str, path: str, body: str | None = None) -> None:
    """A request to a port of this machine, to the end of its answer; only 200 will do."""
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
