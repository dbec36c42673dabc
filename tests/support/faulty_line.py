"""A proxy in front of a TCP server whose line can be made slow, deaf, cut or half open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from tests.support.receivers import free_port


class Fault(StrEnum):
    """What is wrong with the line from now on."""

    NONE = "none"
    SLOW = "slow"  # each piece of an answer comes late
    TRICKLING = "trickling"  # an answer comes byte by byte
    HANGING = "hanging"  # connections are taken, and nothing is ever answered
    CUT = "cut"  # connections end as soon as something is asked
    HALF_OPEN = "half open"  # old connections hang, new ones are well
    REFUSED = "refused"  # nobody listens any more


class FaultyLine:
    """Forwards connections to a port of this machine, or a socket; `port` is where to connect.

    `pause`: seconds before each piece of a slow line; a fifth of that before each byte of a
    trickling one.
    """

    def __init__(self, target: int | Path) -> None:
        self.port, self.pause = free_port(), 0.7
        self.asked = 0
        self._target, self._fault, self._deaf = target, Fault.NONE, asyncio.Event()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def set(self, fault: Fault) -> None:
        """Change the fault; what hung before goes on hanging."""
        asyncio.run_coroutine_threadsafe(self._set(fault), self._loop).result(10)

    async def _set(self, fault: Fault) -> None:
        if fault is Fault.HALF_OPEN:
            self._deaf.set()
            self._deaf = asyncio.Event()
        self._fault = fault
        if fault is Fault.REFUSED and self._server is not None:
            self._server.close()
            self._server = None
        elif fault is not Fault.REFUSED and self._server is None:
            self._server = await asyncio.start_server(self._taken, "127.0.0.1", self.port)
        if fault in (Fault.CUT, Fault.REFUSED):
            for line in self._lines:
                line.cancel()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            await self._forward(reader, writer)
        finally:
            self._lines.discard(line)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self._target, Path):
            there, away = await asyncio.open_unix_connection(self._target)
        else:
            there, away = await asyncio.open_connection("127.0.0.1", self._target)
        deaf = self._deaf
        ways = [
            asyncio.ensure_future(self._asks(reader, away, deaf)),
            asyncio.ensure_future(self._answers(there, writer, deaf)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # That is how a line is cut.
            pass
        finally:
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            for end in (writer, away):
                end.transport.abort()

    async def _asks(
        self, reader: asyncio.StreamReader, away: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        while piece := await reader.read(65536):
            self.asked += 1
            if self._fault is Fault.CUT:
                return
            if self._fault is not Fault.HANGING and not deaf.is_set():
                away.write(piece)

    async def _answers(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        while piece := await there.read(65536):
            if self._fault is Fault.SLOW:
                await asyncio.sleep(self.pause)
            if self._fault is Fault.TRICKLING:
                for byte in piece:
                    await asyncio.sleep(self.pause / 5)
                    writer.write(bytes([byte]))
            elif self._fault is not Fault.HANGING and not deaf.is_set():
                writer.write(piece)

    async def _end(self) -> None:
        await self._set(Fault.REFUSED)
        if self._lines:
            await asyncio.wait(self._lines)

    @contextmanager
    def running(self) -> Iterator[FaultyLine]:
        """Forward until the block ends."""
        self._thread.start()
        self.set(Fault.NONE)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()
