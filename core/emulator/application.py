"""The whole site: `/v1` for Stripe's API, `/_control` for tests, `/_hosted` for customers."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from core.emulator.hosted import challenge, downloads, pages
from core.emulator.hosted.checkout import Checkout
from core.emulator.http import cli_socket
from core.emulator.http.api import Api
from core.emulator.http.control import Control
from core.emulator.http.hosts import Hosts
from core.emulator.runtime.engine import Engine
from core.emulator.state.versions import API_VERSION


def application(engine: Engine, control: Control, names: frozenset[str] = frozenset()) -> ASGIApp:
    """The ASGI application; `names` by which it may be asked for, beside those of this machine."""

    async def about(request: Request) -> Response:
        return JSONResponse(
            {
                "name": "Tillwatch Stripe emulator",
                "api_version": API_VERSION,
                "account": engine.account,
                "livemode": engine.switches.livemode,
            }
        )

    hosted = [
        *pages.files(),
        *challenge.routes(engine),
        *Checkout(engine).routes(),
        *downloads.link_routes(engine),
    ]
    site = Starlette(
        routes=[
            Route("/", about),
            Mount("/_hosted", routes=hosted),
            Mount("/_control", routes=control.routes()),
            *downloads.api_routes(engine),
            cli_socket.route(engine.cli),
            Mount("/", Api(engine)),
        ]
    )
    return Hosts(site, names)
