"""What the program costs while nothing happens: imports, a first screen, memory, processor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine

from benchmarks.report import row
from benchmarks.scratch import empty_database
from core import bootstrap
from core.mirror.ledger_check import check_ledger
from core.settings import Settings
from dashboard.process import ports

SIZED = False
DAYS = 60
#: So long the processor time of a program at rest is taken, in seconds, once it came to rest.
LOOKED_AT, CALMS_DOWN = 60.0, 15.0
#: What is printed last at a first start.
_PAST = "figures are complete"
_SCREENS, _SERVES, _SPEAKS = "streamlit", "fastapi, sqlalchemy", "sqlalchemy, stripe, uvicorn"
_IMPORTS = {"receiver": _SERVES, "worker": _SERVES, "emulator": _SERVES, "ui": _SCREENS}
_TIMED = "import time; import {what}; print(time.process_time())"
_KEPT = "import {what}; input()"
_EMPTY = "import streamlit as st\nst.title('Empty')\n"


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Linux alone: `/proc` tells what a process has taken. The size does not matter."""
    del size
    with empty_database(engine, "resting") as made:
        return _imports() + _program(made)


def _imports() -> list[dict[str, Any]]:
    return [
        row(
            f"{name}, milliseconds of a processor to import (baseline: {beside})",
            _import_time(f"dashboard.commands.{name}") * 1000,
            _import_time(beside) * 1000,
            at_least=round(1 / 1.5, 2),
        )
        for name, beside in _IMPORTS.items()
    ]


def _import_time(what: str) -> float:
    """The least of four, the first of which may have had to compile."""
    command = [sys.executable, "-c", _TIMED.format(what=what)]
    return min(float(subprocess.check_output(command)) for _ in range(4))


def _program(made: Engine) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder, _up(made, Path(folder)) as up:
        rows = [row("first screen, seconds from a cold start", up.until_screen(), at_most=8)]
        up.until_past_is_read()
        up.hold_ledger_against_list()
        time.sleep(CALMS_DOWN)
        before = up.processor_seconds()
        time.sleep(LOOKED_AT)
        idle = (up.processor_seconds() - before) / LOOKED_AT * 100
        rows.append(row("at rest, percent of a core, all processes", idle, at_most=1))
        pids = up.pids()
        with _kept(_SPEAKS) as baseline:
            beside = _mib(baseline)
            for name in ("receiver", "worker"):
                title = f"{name} at rest, MiB (baseline: {_SPEAKS})"
                rows.append(row(title, _mib(pids[name]), beside, at_least=round(1 / 1.3, 2)))
        with _empty_screen(Path(folder)) as empty:
            title = "ui at rest, MiB (baseline: an empty Streamlit app)"
            rows.append(row(title, _mib(pids["ui"]), _mib(empty), at_least=round(1 / 1.6, 2)))
        return rows


class _Up:
    """`python -m dashboard up` with a past, and no traffic."""

    def __init__(self, made: Engine, folder: Path) -> None:
        wanted = ("UI_PORT", "RECEIVER_PORT", "EMULATOR_PORT")
        self._ports = dict(zip(wanted, _free_ports(len(wanted)), strict=True))
        self._log = folder / "up.log"
        self._mark = f"VAR_DIR={folder}"
        self._settings = Settings(
            _env_file=None,
            var_dir=folder,
            database_url=made.url.render_as_string(hide_password=False),
            emulator_port=self._ports["EMULATOR_PORT"],
        )
        given = {name: str(port) for name, port in self._ports.items()} | {
            "VAR_DIR": str(folder),
            "DATABASE_URL": self._settings.database,
        }
        command = [sys.executable, "-m", "dashboard", "--days", str(DAYS), "--no-trickle"]
        self._began = time.monotonic()
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, env=_without_keys() | given
            )

    def until_screen(self) -> float:
        """Seconds until the sign-in page is there."""
        address = f"http://127.0.0.1:{self._ports['UI_PORT']}/login"
        while not self._answers(address):
            self._check()
            time.sleep(0.02)
        return time.monotonic() - self._began

    def _answers(self, address: str) -> bool:
        try:
            return requests.get(address, timeout=5).ok
        except requests.RequestException:
            return False

    def until_past_is_read(self) -> None:
        """Wait for the seed and its sync."""
        while _PAST not in self._log.read_text(encoding="utf-8"):
            self._check()
            time.sleep(0.2)

    def _check(self) -> None:
        if self.process.poll() is not None:
            raise RuntimeError(self._log.read_text(encoding="utf-8")[-2000:])

    def hold_ledger_against_list(self) -> None:
        """What the worker does once a day, a day of the ledger at a time: it would take minutes."""
        console = bootstrap.build(self._settings)
        services = bootstrap.open_workshop(console)
        for gateway in services.gateways.values():
            while check_ledger(console.engine, gateway, services.books).day is not None:
                pass
        console.engine.dispose()

    def pids(self) -> dict[str, int]:
        """By command; the launcher is `up`."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                words = (place / "cmdline").read_text().split("\0")
                mine = self._mark in (place / "environ").read_text().split("\0")
            except OSError:
                continue
            if mine and "dashboard" in words:
                name = words[words.index("dashboard") + 1]
                found["up" if name.startswith("--") else name] = int(place.name)
        return found

    def processor_seconds(self) -> float:
        """Of all processes together, to the microsecond."""
        tasks = [
            task for pid in self.pids().values() for task in Path(f"/proc/{pid}/task").iterdir()
        ]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


@contextmanager
def _up(made: Engine, folder: Path) -> Iterator[_Up]:
    up = _Up(made, folder)
    try:
        yield up
    finally:
        up.process.send_signal(signal.SIGTERM)
        up.process.wait()


@contextmanager
def _kept(what: str) -> Iterator[int]:
    """A process that has imported this, and nothing else to do."""
    process = subprocess.Popen(
        [sys.executable, "-c", _KEPT.format(what=what)], stdin=subprocess.PIPE
    )
    try:
        while _is_busy(process.pid):
            time.sleep(0.2)
        yield process.pid
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _empty_screen(folder: Path) -> Iterator[int]:
    script, (port,) = folder / "empty.py", _free_ports(1)
    script.write_text(_EMPTY, encoding="utf-8")
    options = ["--server.headless", "true", "--server.port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        while not ports.answers(port) or _is_busy(process.pid):
            time.sleep(0.2)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _is_busy(pid: int) -> bool:
    """Whether it takes processor time just now."""
    stat = Path(f"/proc/{pid}/schedstat")
    before = int(stat.read_text().split()[0])
    time.sleep(0.5)
    return int(stat.read_text().split()[0]) - before > 50e6


def _mib(pid: int) -> float:
    """Its share of the memory: what several processes have in common counts in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _without_keys() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
