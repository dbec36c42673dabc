"""A file that the worker writes: a plain page with its progress, then the file, for who asked."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from core import clock
from core.access import audit_notes
from core.access.principals import Caller
from core.actions.exports import requests
from core.actions.exports.requests import Export
from core.errors import TillwatchError
from core.states import ExportState
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import viewer
from dashboard.web import login_page
from dashboard.web.login import POLICY

#: Of a file, by the end of its address.
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
#: The page of an open file asks again after so many seconds.
_AGAIN = 2
_TITLES = {
    ExportState.ASKED: N_("Your file is being written"),
    ExportState.RUNNING: N_("Your file is being written"),
    ExportState.DONE: N_("Your file is ready"),
    ExportState.FAILED: N_("Your file could not be written"),
    ExportState.CANCELED: N_("You canceled this file"),
    ExportState.REMOVED: N_("This file is no longer kept"),
}
#: What the worker says of a file that it could not write, for the catalogue.
WHYS = (
    N_("The worker stopped while writing it."),
    N_("The file could not be written."),
    N_("The list does not go on behind one of its pages: its file would never end."),
)


def address(export_id: str) -> str:
    """Where the page of a file is."""
    return f"/ui/exports/{export_id}"


def headers(name: str, format_: str, export_id: str) -> dict[str, str]:
    """For a file that is kept nowhere on its way, under a name of its own."""
    stamp = clock.now().astimezone(viewer.zone()).strftime("%Y%m%d-%H%M%S")
    return {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}-{stamp}-{export_id}.{format_}"',
    }


async def _page(request: Request) -> Response:
    return await _answered(_shown, request)


async def _file(request: Request) -> Response:
    return await _answered(_fetched, request)


async def _cancel(request: Request) -> Response:
    return await _answered(_canceled, request)


async def _answered(answer: Callable[[Request], Response], request: Request) -> Response:
    try:
        return await run_in_threadpool(answer, request)
    except TillwatchError as error:
        return PlainTextResponse(error.message, error.status)


def _caller(request: Request) -> Caller:
    return Caller(request.state.principal.user_id)


def _found(request: Request) -> Export:
    return requests.find(viewer.action_context(), _caller(request), request.path_params["id"])


def _shown(request: Request) -> Response:
    found = _found(request)
    wanted = request.state.principal.language or request.headers.get("accept-language", "")
    with i18n.speaking(wanted):
        html = login_page.template("export.html").substitute(
            lang=i18n.language(),
            again=f'<meta http-equiv="refresh" content="{_AGAIN}">' if found.is_open else "",
            title=escape(_(_TITLES[found.state])),
            intro=escape(f"{found.kind}.{found.format}"),
            said=_said(found),
            action=_action(found),
        )
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY} | _NOT_KEPT)


_NOT_KEPT = {"Cache-Control": "no-store"}


def _said(found: Export) -> str:
    if found.state is ExportState.FAILED:
        return login_page.notice_html("error", _(found.why) if found.why else "")
    if found.state is ExportState.DONE:
        said = ngettext(
            "It has {n} row, and is kept for a day.",
            "It has {n} rows, and is kept for a day.",
            found.rows_done,
        )
    elif found.is_open:
        said = ngettext(
            "{n} row so far. You may close this page and come back to it.",
            "{n} rows so far. You may close this page and come back to it.",
            found.rows_done,
        )
    else:
        return ""
    return login_page.notice_html("calm", said.format(n=i18n.number(found.rows_done)))


def _action(found: Export) -> str:
    where = address(found.id)
    if found.state is ExportState.DONE:
        label = escape(_("Download"))
        return f'<p class="file"><a href="{where}/file">{label}</a></p>'
    if not found.is_open:
        return ""
    label = escape(_("Cancel"))
    button = f'<button type="submit">{label}</button>'
    return f'<form method="post" action="{where}/cancel" class="leave">{button}</form>'


def _fetched(request: Request) -> Response:
    found = _found(request)
    console = viewer.current_console()
    path = Path(console.settings.var_dir) / requests.FOLDER / (found.file or "")
    if found.state is not ExportState.DONE or not path.is_file():
        return PlainTextResponse("this file is not here", 404)
    audit_notes.note_export(
        console.engine,
        actor=request.state.principal.user_id,
        name=f"{found.kind}.{found.format}",
        export_id=found.id,
        asked=found.query,
    )
    named = headers(found.kind, found.format, found.id[:8])
    return FileResponse(path, media_type=MEDIA_TYPES[found.format], headers=named)


def _canceled(request: Request) -> Response:
    export_id = request.path_params["id"]
    requests.cancel(viewer.action_context(), _caller(request), export_id)
    return RedirectResponse(address(export_id), 303)


routes = [
    Route("/ui/exports/{id}", _page, methods=["GET"]),
    Route("/ui/exports/{id}/file", _file, methods=["GET"]),
    Route("/ui/exports/{id}/cancel", _cancel, methods=["POST"]),
]
