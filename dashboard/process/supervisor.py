"""Keeps processes running: starts them, passes on what they say, restarts one that dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import Misconfigured, TillwatchError
from dashboard.process import parent_watch, ports

_READY_SECONDS = 60
_STOP_SECONDS = 8
#: A process that dies at once is started again later and later, up to this many seconds.
_LONGEST_PAUSE = 30.0
#: One that ran this long has earned a quick restart.
_STEADY_SECONDS = 60
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Service:
    """A process to keep running: `python -m dashboard NAME ARGS`, ready once `port` answers.

    `on_restart` is called after each start but the first, once the process is ready again.
    """

    name: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    module: str = "dashboard"
    on_restart: Callable[[], Awaitable[None]] | None = None

    def command(self) -> list[str]:
        """What is run."""
        own = [self.name] if self.module == "dashboard" else []
        return [sys.executable, "-m", self.module, *own, *self.args]


class Supervisor:
    """Starts services and keeps them; `stop` ends them all, the last one started first.

    Each process leads a group of its own, so that Ctrl-C reaches the launcher alone, and reads an
    input that ends with the launcher (see `parent_watch`): killed as it may be, no orphan is left.
    """

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self._say = say
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, service: Service) -> None:
        """Start a service and return once it is ready; `Misconfigured` if it dies before that."""
        process = await self._spawn(service)
        await self._until_ready(service, process)
        self._keepers.append(asyncio.create_task(self._restart_when_ended(service, process)))

    async def start_all(self, services: Iterable[Service]) -> None:
        """Start services beside each other; `Misconfigured` names each that cannot be started."""
        try:
            async with asyncio.TaskGroup() as group:
                for service in services:
                    group.create_task(self.start(service))
        except ExceptionGroup as failed:
            known, others = failed.split(Misconfigured)
            if known is None or others is not None:
                raise
            raise Misconfigured("; ".join(str(one) for one in known.exceptions)) from None

    async def run(self, service: Service) -> int:
        """Run a process to its end, on this terminal; its exit code."""
        process = await self._spawn(service, quiet=False)
        code = await process.wait()
        self._running.pop(service.name, None)
        return code

    def pid(self, name: str) -> int | None:
        """The process id of a running service."""
        process = self._running.get(name)
        return process.pid if process else None

    async def stop(self) -> None:
        """Ask every process to end, then end those that do not."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        processes = list(reversed(self._running.values()))
        for process in processes:
            _signal(process, signal.SIGTERM)
        if processes:
            waits = [asyncio.create_task(process.wait()) for process in processes]
            await asyncio.wait(waits, timeout=_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End what still runs, now."""
        for process in self._running.values():
            _signal(process, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)

    async def _spawn(self, service: Service, *, quiet: bool = True) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *service.command(),
            env={
                **os.environ,
                **service.env,
                parent_watch.VARIABLE: "1",
                "PYTHONUNBUFFERED": "1",
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if quiet else None,
            stderr=asyncio.subprocess.STDOUT if quiet else None,
            start_new_session=True,
            limit=_LONGEST_LINE,
        )
        self._running[service.name] = process
        if process.stdout is not None:
            self._keepers.append(asyncio.create_task(self._pass_on(service.name, process.stdout)))
        return process

    async def _until_ready(self, service: Service, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while service.port is not None and not ports.answers(service.port):
            if process.returncode is not None:
                raise Misconfigured(
                    f"{service.name} ended with exit code {process.returncode} before it was ready;"
                    " the lines above say why"
                )
            if time.monotonic() > deadline:
                raise Misconfigured(f"{service.name} was not ready within {_READY_SECONDS} s")
            await asyncio.sleep(0.05)

    async def _restart_when_ended(
        self, service: Service, process: asyncio.subprocess.Process
    ) -> None:
        pause = 0.5
        while True:
            started = time.monotonic()
            code = await process.wait()
            if self._stopping:
                return
            if time.monotonic() - started > _STEADY_SECONDS:
                pause = 0.5
            self._say(service.name, f"ended with exit code {code}; starts again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            process = await self._spawn(service)
            if service.on_restart is not None:
                try:
                    await self._until_ready(service, process)
                    await service.on_restart()
                except TillwatchError as error:
                    self._say(service.name, error.message)

    async def _pass_on(self, name: str, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                self._say(name, "(a line longer than 1 MiB was left out)")
                continue
            if not line:
                return
            self._say(name, line.decode("utf-8", "replace").rstrip())


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal to a process and to what it may have started."""
    if process.returncode is not None:
        return
    try:
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.terminate()
    except ProcessLookupError:
        return
