"""Request bodies under a size limit while they stream in, and small JSON answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import BodyTooLarge, TillwatchError, TooSlow

MOST_BYTES = 1 << 20
#: Longer bodies take turns, so that a hundred of them at once hold a few MiB and not a hundred.
_LARGE_BYTES = 64 << 10
_LARGE_AT_ONCE = 8
_SECONDS = 15


class ClientGone(Exception):
    """The client went away before its body was complete."""


class BodyReader:
    """Reads whole bodies of at most `MOST_BYTES`."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The body; `BodyTooLarge` as soon as that is known, `TooSlow`, or `ClientGone`."""
        refuse_declared(scope)
        message = await receive()
        body = _part(message)
        if not message.get("more_body", False):
            return _within(body)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._rest(bytearray(body), receive)
        except TimeoutError:
            raise TooSlow from None

    async def _rest(self, body: bytearray, receive: Receive) -> bytes:
        more = True
        while more and len(body) <= _LARGE_BYTES:
            more = _append(body, await receive())
        if more:
            # While it waits for its turn nothing is taken from the socket, so the client waits too.
            async with self._turns:
                while more:
                    more = _append(body, await receive())
                    if len(body) > MOST_BYTES:
                        raise BodyTooLarge
        return _within(bytes(body))


def refuse_declared(scope: Scope) -> None:
    """`BodyTooLarge` at once if the request's own Content-Length is over the limit."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BYTES:
            raise BodyTooLarge


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGone
    part: bytes = message.get("body", b"")
    return part


def _append(body: bytearray, message: Message) -> bool:
    body += _part(message)
    return bool(message.get("more_body", False))


def _within(body: bytes) -> bytes:
    if len(body) > MOST_BYTES:
        raise BodyTooLarge
    return body


#: Answers with an error in place of the application.
Refuse = Callable[[TillwatchError, Scope, Receive, Send], Awaitable[None]]


class LimitedBodies:
    """ASGI middleware: an application behind it never sees more than `MOST_BYTES` of a body."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            refuse_declared(scope)
        except BodyTooLarge as error:
            await self._refuse(error, scope, receive, send)
            return
        await self._watched(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = 0
        refused = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return message if seen <= MOST_BYTES else {"type": "http.disconnect"}

        async def answered(message: Message) -> None:
            # What the application says of a body that it could not read is not the reason.
            nonlocal refused
            if seen <= MOST_BYTES:
                await send(message)
            elif not refused:
                refused = True
                await self._refuse(BodyTooLarge(), scope, receive, send)

        await self._app(scope, counted, answered)


async def send_error(send: Send, error: TillwatchError) -> None:
    """Answer with an error of ours as JSON."""
    await send_json(send, error.status, {"error": {"code": error.code, "message": error.message}})


async def send_json(send: Send, status: int, document: Mapping[str, Any]) -> None:
    """Answer with a small JSON document."""
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
