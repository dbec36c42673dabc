"""What the box that goes to anything is told: what a text finds, for who asks, as JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core import clock
from core.access.principals import Principal
from core.errors import InvalidInput, TillwatchError
from core.reads import lookup
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import found_items, viewer, widgets
from dashboard.ui.kit import palette

#: What a person may ask in a minute: six times a second is more than anybody types.
MOST_A_MINUTE = 360
_MINUTE = 60
_LONGEST, _LONGEST_BODY = 200, 4096


async def _found(request: Request) -> Response:
    """By POST, so that no log of addresses keeps what was typed: it may be somebody's e-mail.

    The type of the body keeps forms of other sites out.
    """
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return PlainTextResponse("JSON only", 415)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_BODY:
            return PlainTextResponse("too long", 413)
    asked = _asked(body)
    if asked is None:
        return PlainTextResponse("text, mode and language", 400)
    return await run_in_threadpool(_answer, request.state.principal, **asked)


def _asked(body: bytes) -> dict[str, str] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    names = ("text", "mode", "language")
    if not isinstance(found, dict) or not all(isinstance(found.get(n), str) for n in names):
        return None
    return {name: found[name] for name in names} if len(found["text"]) <= _LONGEST else None


def _answer(person: Principal, text: str, mode: str, language: str) -> Response:
    console = viewer.current_console()
    minute = clock.to_unix(clock.now()) // _MINUTE
    asked = viewer.action_context().cache.count(f"find:{person.user_id}:{minute}", _MINUTE)
    with i18n.speaking(language):
        if asked > MOST_A_MINUTE:
            return _json([], _("Too many searches in this minute. Wait a moment."), 429)
        try:
            found = console.read(
                person.user_id,
                lookup.by_text,
                text=text,
                livemode=mode == "live",
                zone=viewer.zone(),
            )
        except InvalidInput as error:
            return _json([], widgets.rule(error))
        except TillwatchError as error:
            return PlainTextResponse(error.message, error.status)
        return _json(found_items.items(found, text.strip(), person))


def _json(items: list[dict[str, Any]], said: str = "", status: int = 200) -> Response:
    return JSONResponse(
        {"items": items, "said": said}, status, headers={"Cache-Control": "no-store"}
    )


routes = [Route(palette.ADDRESS, _found, methods=["POST"])]
