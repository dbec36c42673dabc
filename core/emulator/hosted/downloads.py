"""The bytes of files: with a key under the API, without one behind a link."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.emulator.http.api import authorized, error_body
from core.emulator.resources import file_links, files
from core.emulator.runtime.engine import Engine
from core.emulator.state.errors import ApiError
from core.emulator.state.unit_of_work import Context

_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}


def api_routes(engine: Engine) -> list[Route]:
    """`/v1/files/{id}/contents`, for who has a key."""

    def contents(request: Request) -> Response:
        def which(ctx: Context) -> str:
            authorized(request, livemode=engine.switches.livemode)
            return str(request.path_params["id"])

        return _answer(engine, which)

    return [Route("/v1/files/{id}/contents", contents)]


def link_routes(engine: Engine) -> list[Route]:
    """`/links/{token}`, for who has the address."""

    def linked(request: Request) -> Response:
        token = request.path_params["token"]
        return _answer(engine, lambda ctx: file_links.file_of(ctx, token))

    return [Route("/links/{token}", linked)]


def _answer(engine: Engine, which: Callable[[Context], str]) -> Response:
    try:
        file, content = engine.work(lambda ctx: files.contents(ctx, which(ctx)))
    except ApiError as refusal:
        body = error_body(engine, refusal, engine.request_id(), "/v1/files")
        return Response(body, refusal.status, media_type="application/json")
    # A foreign file is saved, never shown in this origin.
    headers = {
        "Content-Disposition": f'attachment; filename="{file["id"]}.{file["type"]}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, 200, headers, media_type=_TYPES[file["type"]])
