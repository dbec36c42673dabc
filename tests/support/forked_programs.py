"""`python -m …` as a process of its own, forked off one that has imported the program already.

A process of ours imports for a second before it does anything, and tests start a hundred. Each is
like one that was started anew: its own environment, arguments, signals and exit code.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
#: What has imported all that these and the other commands import, and no thread runs yet.
_IMPORTED = [f"dashboard.commands.{name}" for name in ("worker", "receiver", "reconcile", "period")]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_IMPORTED)


class Program:
    """A process that runs, with what tests use of `subprocess.Popen`."""

    #: As of a `Popen` whose output goes into a file.
    stdout = stderr = None

    def __init__(self, args: Sequence[str], env: Mapping[str, str], out: Path, err: Path) -> None:
        self.args = args
        # Killed with the tests' own process at the latest, as nobody would wait for it then.
        self._process = _context.Process(
            target=_run, args=(list(args), dict(env), str(out), str(err)), daemon=True
        )
        with _without_main():
            self._process.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; `TimeoutExpired` when it does not."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def send_signal(self, how: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, how)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start(
    args: Sequence[str], env: Mapping[str, str], out: Path, err: Path | None = None
) -> Program:
    """Start `python -m ARGS` in the root with this environment alone; what it says is added to a
    file."""
    return Program(args, env, out, err or out)


def run(
    args: Sequence[str], env: Mapping[str, str], folder: Path, *, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `python -m ARGS` to its end; its files lie in a folder."""
    said, wrong = folder / "said", folder / "wrong"
    for file in (said, wrong):
        file.write_bytes(b"")
    program = Program(args, env, said, wrong)
    try:
        code = program.wait(seconds)
    finally:
        program.kill()
    return subprocess.CompletedProcess(args, code, said.read_text(), wrong.read_text())


@contextmanager
def _without_main() -> Iterator[None]:
    """What is started in this block does not run this process' main module first, which is the
    last screen's once one was run here."""
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = kept


def _run(args: list[str], env: dict[str, str], out: str, err: str) -> None:
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    # A worker that starts anew does so by these.
    sys.orig_argv = [sys.executable, "-m", *args]
    sys.argv = ["", *args[1:]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        runpy.run_module(args[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
