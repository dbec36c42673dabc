"""Streamlit's page for each screen's address, which says where the server is; no other address.

Without that Streamlit's script asks below the page's own address first (`/close/_stcore/health`),
and each page that is opened by its address begins with two errors in the browser's console.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import Misconfigured
from dashboard.ui import navigation

_INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
#: Before Streamlit's own scripts, which read it once.
_BASE = "<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin + '/'}</script>"
_HEAD = "<head>"


class _PageName(Convertor[str]):
    """What a screen could be called; Streamlit's own files have a point in their names."""

    regex = "[A-Za-z0-9-][A-Za-z0-9_-]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("page_name", _PageName())


def routes() -> list[Route]:
    """One for each screen; the first one is at the root, which needs none. The last one is for the
    names of no screen: there Streamlit would show home, under a sentence in English."""
    _first, *others = navigation.screens()
    names = [*(screen.name for screen in others), navigation.UNKNOWN]
    known = [Route(f"/{name}", _page, methods=["GET"]) for name in names]
    return [*known, Route("/{name:page_name}", _unknown, methods=["GET"])]


@cache
def _shell() -> str:
    found = _INDEX.read_text(encoding="utf-8")
    if found.count(_HEAD) != 1:
        raise Misconfigured(
            "Streamlit's page has another form: compare dashboard/web/page_shell.py"
        )
    return found.replace(_HEAD, f"{_HEAD}{_BASE}")


async def _page(_request: Request) -> Response:
    return HTMLResponse(_shell(), headers={"Cache-Control": "no-cache"})


async def _unknown(_request: Request) -> Response:
    return RedirectResponse(f"/{navigation.UNKNOWN}", 303, headers={"Cache-Control": "no-store"})
