"""uvicorn, asleep while nobody asks for anything: its own loop wakes up ten times a second."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

#: The time that answers are dated with is taken so often.
DATED_EVERY = 1.0


class Server(uvicorn.Server):
    """A server that is woken by the signal that ends it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    async def main_loop(self) -> None:
        """uvicorn's: tick until it is to end."""
        self._loop = asyncio.get_running_loop()
        # Zero is the tick that dates answers.
        while not await self.on_tick(0):
            try:
                async with asyncio.timeout(DATED_EVERY):
                    await self._ending.wait()
            except TimeoutError:
                continue

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn's: a signal came."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)


def serve(app: Any, **options: Any) -> None:
    """Serve until a signal comes, as `uvicorn.run` does; an exit code where it cannot start."""
    server = Server(uvicorn.Config(app, **options))
    # Ctrl-C is raised once more when all has ended; it is how one asks for that.
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(3)
