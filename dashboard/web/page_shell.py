"""Streamlit's page for each screen's address, which says where the server is.

Without that Streamlit's script asks below the page's own address first (`/close/_stcore/health`),
and each page that is opened by its address begins with two errors in the browser's console.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.errors import Misconfigured
from dashboard.ui import navigation

_INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
#: Before Streamlit's own scripts, which read it once.
_BASE = "<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin + '/'}</script>"
_HEAD = "<head>"


def routes() -> list[Route]:
    """One for each screen; the first one is at the root, which needs none."""
    _first, *others = navigation.screens()
    return [Route(f"/{screen.name}", _page, methods=["GET"]) for screen in others]


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
