"""The middleware before Streamlit: no entry without a session, no identity brought from outside."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any
from urllib.parse import quote

from google.protobuf.message import DecodeError
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from core.access import oidc, password_reset
from core.access.principals import Principal
from core.access.sessions import Session
from core.db.engine import answering
from core.errors import DatabaseDown, NotSignedIn
from core.settings import Settings
from dashboard.screens.checkout import payment_element
from dashboard.ui import step_up
from dashboard.web import account_page, confirm_page, login, login_page, password_page
from dashboard.web.allowed_hosts import Headers
from dashboard.web.session_lookup import SessionResolver

_log = logging.getLogger(__name__)
#: The header that `server.trustedUserHeaders` maps to `st.user`; only the middleware may set it.
IDENTITY = b"x-console-user"
#: And the session by its key, which opens nothing: it says when its holder proved who they are.
SESSION = b"x-console-session"
_OURS = b"x-console-"
_OPEN = login_page.PATHS | {
    *("/healthz", "/login", "/logout", password_reset.PATH),
    *(login.CODE_PATH, login.PASSKEY_PATH, login.OIDC_START, oidc.CALLBACK),
}
#: What those open who have to choose a password before anything else.
_CHOOSING = _OPEN | {password_page.PATH}
#: And those who have to set up a second factor.
_ENROLLING = _OPEN | account_page.PATHS | {step_up.PATH, confirm_page.PASSKEY_PATH}
_STREAM = "/_stcore/stream"
#: Asked for by scripts, not by people: no redirect to a form, and no sign of activity.
_MACHINES = ("/ui/", "/_stcore/", "/static/", "/media/", "/component/", "/_component", "/app/")
_AUTOMATIC = frozenset({"/ui/live", "/ui/session"})
#: The event by which a live element tells that there is something new.
LIVE_EVENT = '"event":"changed"'
_POLICY = {
    "default-src": ("'self'",),
    # Streamlit's page has an inline script; its components come as blobs.
    "script-src": ("'self'", "'unsafe-inline'", "'unsafe-eval'", "'wasm-unsafe-eval'", "blob:"),
    "style-src": ("'self'", "'unsafe-inline'"),
    "img-src": ("'self'", "data:", "blob:"),
    "font-src": ("'self'", "data:"),
    "connect-src": ("'self'", "data:", "blob:"),
    "worker-src": ("'self'", "blob:"),
    "frame-src": ("'self'",),
    "object-src": ("'none'",),
    "base-uri": ("'self'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
}


def policy(settings: Settings) -> str:
    """What our pages may load, and from where: Stripe's card form only where it can work."""
    also = payment_element.SOURCES if payment_element.key_of(settings) else {}
    return "; ".join(
        " ".join([name, *sources, *also.get(name, ())]) for name, sources in _POLICY.items()
    )


class AuthMiddleware:
    """ASGI middleware; pure, so that sockets and streams pass without buffering."""

    def __init__(self, app: ASGIApp, resolver: SessionResolver) -> None:
        self.app = app
        self.resolver = resolver
        self._policy = policy(resolver.console.settings)
        resolver.guarded = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, headers = scope["path"], scope["headers"]
        if path != "/healthz" and not self.resolver.addresses.has_our_host(headers):
            await PlainTextResponse("unknown host", 421)(scope, receive, send)
            return
        activity = not _is_automatic(path) and (
            path.startswith("/ui/") or not path.startswith(_MACHINES)
        )
        try:
            session, person = await self._who(path, headers, activity=activity)
        except DatabaseDown as error:
            await PlainTextResponse(error.message, error.status)(scope, receive, send)
            return
        if session is None and path not in _OPEN:
            await _turned_away(scope)(scope, receive, send)
            return
        if session is not None and session.must_choose and path not in _CHOOSING:
            await _turned_away(scope, password_page.PATH)(scope, receive, send)
            return
        if session is not None and session.must_enrol and path not in _ENROLLING | _CHOOSING:
            await _turned_away(scope, account_page.PATH)(scope, receive, send)
            return
        inside = _introduced(scope, session)
        inside["state"]["principal"] = person
        await self._inside(inside, receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a route answers, or a sentence where its database does not, or has other tables."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            with answering():
                await self.app(scope, receive, sending)
        except DatabaseDown as error:
            if begun:
                raise
            _log.error("%s: %s (%s)", scope["path"], error.message, type(error.__cause__).__name__)
            await PlainTextResponse(error.message, error.status)(scope, receive, send)

    async def _who(
        self, path: str, headers: Headers, *, activity: bool
    ) -> tuple[Session | None, Principal | None]:
        """The session, and for our own routes the person; a health check asks nobody."""
        if path == "/healthz":
            return None, None
        session = await self.resolver.visitor(headers, activity=activity)
        if session is None or not path.startswith("/ui/"):
            return session, None
        try:
            ask = partial(self.resolver.console.principal, session.user_id)
            return session, await self.resolver.in_thread(ask)
        except NotSignedIn:
            return None, None

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers.setdefault("Content-Security-Policy", self._policy)
                if self.resolver.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return sending

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = None
        # Before Streamlit sees it: its own check looks up its address with blocking calls.
        if scope["path"] == _STREAM and self.resolver.addresses.has_our_origin(scope["headers"]):
            try:
                session = await self.resolver.visitor(scope["headers"], activity=False)
            except DatabaseDown:
                session = None
        if session is None or session.opens_nothing:
            await send({"type": "websocket.close", "code": 1008})
            return
        with self.resolver.watched(session) as ended:
            line = _Line(self.resolver, scope["headers"], ended, receive, send)
            await self.app(_introduced(scope, session), line.receive, line.send)


class _Line:
    """One open socket: its session is asked for with each message; cut once that has ended."""

    def __init__(
        self,
        resolver: SessionResolver,
        headers: Any,
        ended: asyncio.Event,
        receive: Receive,
        send: Send,
    ) -> None:
        self._resolver, self._headers, self._ended = resolver, headers, ended
        self._receive, self._send = receive, send
        self._cut = False

    async def receive(self) -> Message:
        message = await self._next()
        if message is not None and message["type"] == "websocket.receive":
            activity = is_activity(message.get("bytes") or b"")
            try:
                session = await self._resolver.visitor(self._headers, activity=activity)
            except DatabaseDown:
                session = None
            if session is None or session.opens_nothing:
                message = None
        if message is not None:
            return message
        await self.send({"type": "websocket.close", "code": 1008})
        self._cut = True
        return {"type": "websocket.disconnect", "code": 1008}

    async def send(self, message: Message) -> None:
        if not self._cut:
            await self._send(message)

    async def _next(self) -> Message | None:
        """The browser's next message; None once the session has ended."""
        coming = asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            return None if self._ended.is_set() else coming.result()
        finally:
            for task in (coming, ending):
                if not task.done():
                    task.cancel()


def is_activity(frame: bytes) -> bool:
    """Whether a browser's message means that a person did something.

    Timers and live elements run parts of a page by themselves: those must not keep a session awake.
    """
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return False
    if message.WhichOneof("type") != "rerun_script" or message.rerun_script.is_auto_rerun:
        return False
    states = message.rerun_script.widget_states.widgets
    return not any(LIVE_EVENT in w.json_trigger_value.replace(" ", "") for w in states)


def _introduced(scope: Scope, session: Session | None) -> Scope:
    """The scope with our identity header instead of any that came from outside."""
    headers = [(k, v) for k, v in scope["headers"] if not _is_ours(k)]
    if session is not None:
        headers.append((IDENTITY, session.user_id.encode()))
        headers.append((SESSION, session.key.encode()))
    state = {**scope.get("state", {}), "session": session}
    return {**scope, "headers": headers, "state": state}


def _is_automatic(path: str) -> bool:
    """Whether a page asks for it by itself; that of a long file does so until it is written."""
    return path in _AUTOMATIC or (path.startswith("/ui/exports/") and path.count("/") == 3)


def _is_ours(name: bytes) -> bool:
    # Underscores too: some servers and frameworks read them as dashes.
    return name.lower().replace(b"_", b"-").startswith(_OURS)


def _turned_away(scope: Scope, to: str = "/login") -> Response:
    if scope["method"] not in ("GET", "HEAD") or scope["path"].startswith(_MACHINES):
        return PlainTextResponse("sign in first", 401)
    wanted = scope["path"]
    if scope["query_string"]:
        wanted += "?" + scope["query_string"].decode("latin-1")
    where = to if wanted == "/" else f"{to}?next={quote(wanted, safe='')}"
    return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})
