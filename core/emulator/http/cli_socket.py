"""The websocket of Stripe's CLI: what waits for its session goes out, its answers come in."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.emulator.runtime.cli_sessions import CliSessions, Session

_PROTOCOL = "stripecli-devproxy-v1"


def route(sessions: CliSessions) -> WebSocketRoute:
    """The route; the header `Websocket-Id` names the session and is its credential."""

    async def endpoint(socket: WebSocket) -> None:
        session = sessions.find(socket.headers.get("websocket-id", ""))
        if session is None:
            error = {"error": {"message": "Unknown WebSocket ID."}}
            await socket.send_denial_response(JSONResponse(error, 400))
            return
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(subprotocol=_PROTOCOL if _PROTOCOL in offered else None)
        sender = asyncio.create_task(_send(socket, session))
        try:
            while True:
                with suppress(json.JSONDecodeError):
                    sessions.heard(session, await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            session.wake = None
            sender.cancel()

    return WebSocketRoute("/_stripecli", endpoint)


async def _send(socket: WebSocket, session: Session) -> None:
    loop, more = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(more.set)

    session.wake = wake
    while True:
        while session.waiting:
            await socket.send_text(session.waiting.popleft())
        await more.wait()
        more.clear()
