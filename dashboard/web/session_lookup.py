"""Resolves cookies to sessions, and tells which open sockets have to close."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import cookie_parser
from starlette.types import ASGIApp

from core import clock
from core.access import sessions
from core.access.sessions import Session
from core.bootstrap import Console, CurrentConsole
from core.errors import DatabaseDown
from dashboard.web.allowed_hosts import Addresses, Headers

#: How long an ended session can keep a socket that sends nothing.
WATCH_EVERY = 2.0
_LONGEST_TOKEN = 128
_log = logging.getLogger(__name__)


T = TypeVar("T")


class SessionResolver:
    """Shared by the auth middleware and the sign-in page of one process."""

    def __init__(
        self, console: Console, addresses: Addresses, *, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._current = CurrentConsole(console)
        self.addresses = addresses
        self.secure = addresses.scheme == "https"
        self.now = now
        #: What the auth middleware stands before; the start-up self-test has another entry point.
        self.guarded: ASGIApp | None = None
        # Of their own, so that file serving and sign-ins cannot starve the look-up of sessions.
        self._threads = CapacityLimiter(8)
        self._sockets: dict[str, set[asyncio.Event]] = {}

    @property
    def console(self) -> Console:
        """With the settings that the last look-up of a session found."""
        return self._current.latest

    @property
    def cookie(self) -> str:
        """The session cookie's name; `__Host-` needs https, which loopback does not have."""
        return "__Host-tillwatch" if self.secure else "tillwatch"

    async def visitor(self, headers: Headers, *, activity: bool) -> Session | None:
        """The session whose cookie came with a request, if it is in force."""
        token = read_cookie(headers, self.cookie)
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        return await self.session(token, activity=activity)

    async def session(self, token: str, *, activity: bool) -> Session | None:
        """The session behind a token, if it is in force."""
        now = self.now()

        def ask() -> Session | None:
            # Settings that were changed meanwhile are read here, in a thread.
            console = self._current.get()
            return sessions.enter(
                console.engine,
                token,
                now=now,
                production=console.production,
                activity=activity,
                factor_roles=console.settings.factor_roles,
            )

        return await self.in_thread(ask)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run database work beside the event loop."""
        return await to_thread.run_sync(work, limiter=self._threads)

    @contextmanager
    def watched(self, session: Session) -> Iterator[asyncio.Event]:
        """While a socket is open: an event that is set once its session has ended."""
        ended = asyncio.Event()
        mine = self._sockets.setdefault(session.key, set())
        mine.add(ended)
        try:
            yield ended
        finally:
            mine.discard(ended)
            if not mine and self._sockets.get(session.key) is mine:
                del self._sockets[session.key]

    async def watch(self) -> None:
        """Close the sockets of ended sessions, for as long as the process serves."""
        while True:
            await asyncio.sleep(WATCH_EVERY)
            try:
                await self.look_round()
            except DatabaseDown:
                # Nothing can be read meanwhile either: every read asks the same database.
                _log.warning("the database does not answer; open sockets stay open")

    async def look_round(self) -> None:
        """One round over the open sockets."""
        keys = tuple(self._sockets)
        if not keys:
            return
        ask = partial(
            sessions.still_open,
            self.console.engine,
            keys,
            now=self.now(),
            production=self.console.production,
        )
        in_force = await self.in_thread(ask)
        for key in keys:
            if key not in in_force:
                for ended in self._sockets.get(key, ()):
                    ended.set()


def read_cookie(headers: Headers, name: str) -> str | None:
    """A cookie's value from ASGI headers."""
    for key, value in headers:
        if key.lower() == b"cookie":
            found = cookie_parser(value.decode("latin-1")).get(name)
            if found:
                return found
    return None
