"""A number for each request: its answer carries it, and every line that it logs."""

from __future__ import annotations

import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.log_fields import log_fields

_HEADER = b"x-request-id"


class RequestIds:
    """ASGI middleware. The number is ours, whatever a client claims: it stands in our logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = uuid.uuid4().hex

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], (_HEADER, number.encode())]
                message = {**message, "headers": headers}
            await send(message)

        with log_fields(request_id=number):
            await self._app(scope, receive, numbered)
