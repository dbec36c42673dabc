"""A browser at the sign-in page, in the test's own process: guard and forms, without Streamlit."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import clock
from core.bootstrap import Console
from dashboard.asgi.client_address import ClientAddress
from dashboard.web import (
    account_page,
    code_page,
    confirm_page,
    login,
    oidc_page,
    password_page,
    reset_page,
)
from dashboard.web.allowed_hosts import addresses
from dashboard.web.auth_middleware import AuthMiddleware
from dashboard.web.session_lookup import SessionResolver
from tests.support.fixtures_access import PASSWORD

EMAIL = "fay@shop.example"


async def inside(request: Request) -> JSONResponse:
    """What stands behind the auth middleware sees this."""
    ours = {k: v for k, v in request.headers.items() if "console" in k.lower()}
    session = ours.pop("x-console-session", None)
    assert session == (request.state.session.key if request.state.session else None)
    return JSONResponse(ours)


class Browser:
    """Keeps cookies and forms as a browser does; `at` is the time it lives in."""

    def __init__(self, console: Console, port: int = 8501, **headers: str) -> None:
        self.at = clock.now()
        self.resolver = SessionResolver(
            console, addresses(console.settings, port), now=lambda: self.at
        )
        app = Starlette(
            routes=[
                *login.routes(self.resolver),
                *code_page.routes(self.resolver),
                *password_page.routes(self.resolver),
                *account_page.routes(self.resolver),
                *confirm_page.routes(self.resolver),
                *oidc_page.routes(self.resolver),
                *reset_page.routes(self.resolver),
                Route("/{path:path}", inside),
            ],
            middleware=[
                Middleware(ClientAddress, proxies=console.settings.proxies),
                Middleware(AuthMiddleware, resolver=self.resolver),
            ],
        )
        ours = self.resolver.addresses
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=("192.0.2.1", 1)),
            base_url=f"{ours.scheme}://{min(ours.hosts, key=lambda h: 'localhost' not in h)}",
            headers=headers,
        )

    async def form(self, path: str = "/login") -> tuple[dict[str, str], httpx.Response]:
        """The hidden fields of the sign-in form, and the page."""
        page = await self.http.get(path)
        found = re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split("</form>")[0])
        return {name: unescape(value) for name, value in found}, page

    async def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, path: str = "/login", **headers: Any
    ) -> httpx.Response:
        """Open the form, fill it and send it."""
        fields, _ = await self.form(path)
        data = {**fields, "email": email, "password": password}
        return await self.http.post("/login", data=data, headers=headers)
