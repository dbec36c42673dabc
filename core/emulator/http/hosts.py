"""Who may ask the emulator: under names of this machine, and its controls from no other site."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.known_hosts import is_known

_CONTROL = "/_control"
#: Sent by browsers with what a page asks for; `none` is an address that somebody typed.
_OWN_SITE = (b"same-origin", b"none")


class Hosts:
    """ASGI middleware: 421 under an unknown name, 403 for `/_control` from another origin's page.

    Programs send neither `Origin` nor `Sec-Fetch-Site`.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        if not is_known(headers, self._names):
            await PlainTextResponse("unknown host", 421)(scope, receive, send)
        elif scope["path"].startswith(_CONTROL) and _is_foreign(headers):
            await PlainTextResponse("not from another origin", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_foreign(headers: list[tuple[bytes, bytes]]) -> bool:
    found = {key.lower(): value.lower() for key, value in headers}
    own = b"://" + found[b"host"]
    origin, site = found.get(b"origin"), found.get(b"sec-fetch-site")
    other_origin = origin is not None and origin not in (b"http" + own, b"https" + own)
    return other_origin or (site is not None and site not in _OWN_SITE)
