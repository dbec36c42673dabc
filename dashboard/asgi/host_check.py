"""Refuses requests under a name that is not ours."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.known_hosts import is_known

#: Says nothing but that it is there, and is asked for by whatever watches over processes.
_OPEN = frozenset({"/healthz"})


class HostCheck:
    """ASGI middleware: 421 unless Host is an IP address, localhost or one of `names`."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    def use(self, names: frozenset[str]) -> None:
        """Answer to these names from now on."""
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["path"] not in _OPEN
        if asked and not is_known(scope["headers"], self._names):
            await PlainTextResponse("unknown host", 421)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
