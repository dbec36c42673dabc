"""Files that people take away: by a route of our own, signed in, checked, recorded, not cached.

Streamlit's own downloads lie at an address that anyone may fetch, and its table export writes live
formulas. A list that may be long is written by the worker (`dashboard.web.export_page`).
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from core.access import audit_notes
from core.access.principals import Caller, Principal
from core.actions.exports import csv_writer, requests
from core.errors import TillwatchError
from core.reads.exports.columns import FileRows, Reader
from dashboard.ui import viewer
from dashboard.web import export_page

#: What a Parquet file may take in memory before it goes to the disk: it is sent once it is whole.
_IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 64 * 1024
#: What nginx notes for a client that has left; nobody reads the answer.
_GONE = 499


class ReaderGone(Exception):
    """Who asked for a file has left before it was made."""


def reader(person: Principal, gone: threading.Event) -> Reader:
    """Reads under the person's rights, each time anew; `ReaderGone` once they have left."""
    ask = viewer.current_console().read

    def read(what: Callable[..., Any], /, **named: Any) -> Any:
        if gone.is_set():
            raise ReaderGone
        return ask(person.user_id, what, **named)

    return read


async def _export_response(request: Request) -> Response:
    # Every list's read and columns: loaded with the first file.
    from core.reads.exports.lists import LISTS

    name, format_ = request.path_params["name"], request.path_params["format"]
    if format_ not in export_page.MEDIA_TYPES or name not in {*LISTS, "revenue"}:
        return PlainTextResponse("no such export", 404)
    try:
        return await _while_wanted(request, partial(_export, name, format_, request))
    except TillwatchError as error:
        return PlainTextResponse(error.message, error.status)
    except ReaderGone:
        return Response(status_code=_GONE)


async def _while_wanted(request: Request, make: Callable[[threading.Event], Response]) -> Response:
    """What `make` answers; the event that it is given is set once the client has left.

    While an answer is sent, Starlette itself looks whether it is still wanted.
    """
    gone = threading.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    watching = asyncio.create_task(watch())
    try:
        return await run_in_threadpool(make, gone)
    finally:
        watching.cancel()


def _export(name: str, format_: str, request: Request, gone: threading.Event) -> Response:
    from core.reads.exports.lists import LISTS
    from core.reads.exports.revenue import open_revenue

    person, asked = request.state.principal, request.query_params
    listed, zone = LISTS.get(name), viewer.zone()
    read = reader(person, gone)
    if listed is not None and listed.is_longer(read, asked, zone, requests.LARGE):
        export_id = requests.ask(
            viewer.action_context(),
            Caller(person.user_id),
            kind=name,
            format=format_,
            query=request.url.query,
        )
        return RedirectResponse(export_page.address(export_id), 303)
    found = (
        listed.open(read, asked, zone) if listed is not None else open_revenue(read, asked, zone)
    )
    export_id = secrets.token_hex(8)
    # Some of it now: who may not read, or asks for nonsense, is told so before anything is sent.
    pieces = _parquet(found) if format_ == "parquet" else _begun(csv_writer.lines(found))
    audit_notes.note_export(
        viewer.current_console().engine,
        actor=person.user_id,
        name=f"{name}.{format_}",
        export_id=export_id,
        asked=request.url.query,
    )
    return StreamingResponse(
        pieces,
        media_type=export_page.MEDIA_TYPES[format_],
        headers=export_page.headers(name, format_, export_id),
    )


def _begun(pieces: Iterator[str]) -> Iterator[str]:
    return itertools.chain([next(pieces)], pieces)


def _parquet(found: FileRows) -> Iterator[bytes]:
    """The whole file is made first: its end says where everything stands."""
    # Arrow is loaded with the first such file.
    from core.actions.exports import parquet_writer

    # Closed with the answer, by whoever has taken its last piece.
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        parquet_writer.write(cast(BinaryIO, file), found, lambda _done: None)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return _pieces(file)


def _pieces(file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece


def routes() -> list[Route]:
    """The files, and the pages of those that the worker writes."""
    return [
        Route("/ui/export/{name}.{format}", _export_response, methods=["GET"]),
        *export_page.routes,
    ]
