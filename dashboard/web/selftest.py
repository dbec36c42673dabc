"""Proves at start that identity reaches a script through the real stack, from middleware alone.

Person and session both: without the session no proof of theirs would ever be found.

The setting that carries it (`server.trustedUserHeaders`) is experimental and was seen to be ignored
without a word. So three visitors run the real entrypoint before anything is served.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st
from starlette.types import ASGIApp, Message
from streamlit.proto.BackMsg_pb2 import BackMsg

from core.errors import Misconfigured

Pairs = list[tuple[bytes, bytes]]
Guarded = Callable[[ASGIApp, str, str], ASGIApp]

PARAMETER = "selftest"
_LIMIT = 30.0
_NOBODY = "nobody"
#: What scripts reported, by the nonce of the visit. Only nonces of a running test are in it.
_open: dict[str, list[str]] = {}


def answer() -> None:
    """Called by the entrypoint: if this run belongs to the self-test, report and stop."""
    nonce = st.query_params.get(PARAMETER, "")
    if nonce in _open:
        said = (st.user.get("id"), st.user.get("session"))
        _open[nonce].append(" in ".join(str(one or _NOBODY) for one in said))
        st.stop()


async def prove(streamlit_app: ASGIApp, guarded: Guarded, origin: str) -> None:
    """`Misconfigured` unless exactly what the auth middleware says arrives as `st.user`.

    `streamlit_app` is what stands behind the middleware; `guarded(app, user_id, key)` puts one
    before it that knows one visitor and their session; `origin` is an address of ours.
    """
    user, key = (f"selftest-{secrets.token_hex(8)}" for _ in range(2))
    names = (b"x-console-user", b"X_Console_User", b"x-console-session", b"X_Console-SESSION")
    forged = [(name, b"forged") for name in names]
    known, both = guarded(streamlit_app, user, key), f"{user} in {key}"
    cases = [
        ("the identity that the auth middleware sets", known, [], both),
        ("an identity brought from outside", known, forged, both),
        ("a visit without identity", streamlit_app, [], f"{_NOBODY} in {_NOBODY}"),
    ]
    for what, app, headers, expected in cases:
        seen = await _visit(app, origin, headers)
        if seen != expected:
            raise Misconfigured(
                f"the start-up self-test of identity failed: with {what} a script sees "
                f"{seen or 'no answer'!r} instead of {expected!r}; nothing is served"
            )


async def _visit(app: ASGIApp, origin: str, headers: Pairs) -> str:
    """Open a socket as a browser does and run the entrypoint; what it saw as `st.user`."""
    nonce = secrets.token_urlsafe(16)
    _open[nonce] = []
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})
    frame = BackMsg()
    frame.rerun_script.query_string = f"{PARAMETER}={nonce}"
    inbox.put_nowait({"type": "websocket.receive", "bytes": frame.SerializeToString()})

    async def send(_message: Message) -> None:
        return

    call = asyncio.ensure_future(app(_scope(origin, headers), inbox.get, send))
    try:
        async with asyncio.timeout(_LIMIT):
            while not _open[nonce] and not call.done():
                await asyncio.sleep(0.02)
    except TimeoutError:
        return ""
    finally:
        seen = _open.pop(nonce)
        inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        with suppress(TimeoutError):
            await asyncio.wait_for(call, _LIMIT)
    return seen[0] if seen else ""


def _scope(origin: str, headers: Pairs) -> dict[str, Any]:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/_stcore/stream",
        "raw_path": b"/_stcore/stream",
        "root_path": "",
        "query_string": b"",
        "subprotocols": ["streamlit"],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
        "headers": [
            (b"host", origin.partition("://")[2].encode()),
            (b"origin", origin.encode()),
            (b"sec-websocket-protocol", b"streamlit"),
            *headers,
        ],
    }
