"""What the client scripts share: a temp folder, an emulator, tools that may be missing, a table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.emulator.server import RunningEmulator, start_emulator

KEY = "sk_test_emulatorClient00000000001"
#: What runs inside a client's own language.
SESSIONS = Path(__file__).parent / "sessions"
#: The exit code of a script whose tool is not on this machine.
SKIPPED = 77


class Skipped(Exception):
    """A tool is missing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a script's table; `why` says what went wrong, "" where nothing did."""

    name: str
    why: str = ""


def need(*tools: str) -> None:
    """Raise `Skipped` where one of these programs is not installed."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise Skipped(f"{tool} is not installed")


@contextmanager
def folder() -> Iterator[Path]:
    """A temp folder that is also HOME of what runs in it."""
    with tempfile.TemporaryDirectory(prefix="tillwatch-client-") as name:
        yield Path(name)


@contextmanager
def emulator(version: str | None = None) -> Iterator[RunningEmulator]:
    """A throw-away emulator whose account has this default version."""
    with start_emulator() as running:
        if version:
            running.control("POST", "settings", {"api_version": version})
        yield running


def run(
    words: list[str], home: Path, seconds: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A program's whole output; its failure is the caller's to judge."""
    return subprocess.run(
        words,
        cwd=home,
        env={**os.environ, "HOME": str(home), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )


def pip_install(home: Path, *packages: str) -> dict[str, str]:
    """Install pinned packages of PyPI into the folder; the environment that finds them first."""
    target = str(home / "packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = run([*pip, "--target", target, *packages], home, seconds=600)
    if done.returncode:
        raise RuntimeError(f"pip install {' '.join(packages)}:\n{done.stdout[-2000:]}")
    return {"PYTHONPATH": os.pathsep.join([target, str(home)])}


def npm_install(home: Path, *packages: str) -> None:
    """Install pinned packages of npm into the folder."""
    need("node", "npm")
    done = run(["npm", "install", "--no-audit", "--no-fund", *packages], home, seconds=600)
    if done.returncode:
        raise RuntimeError(f"npm install {' '.join(packages)}:\n{done.stdout[-2000:]}")


def report(title: str, rows: list[Row], least: int | None = None) -> int:
    """Print the table; the exit code: 0 where at least `least` (or all) passed."""
    passed = sum(not row.why for row in rows)
    width = max((len(row.name) for row in rows), default=0)
    print(f"== {title}: {passed} of {len(rows)} pass")
    for row in rows:
        print(f"{row.name:<{width}}  {'fails: ' + row.why if row.why else 'passes'}")
    return 0 if passed >= (len(rows) if least is None else least) else 1
