"""The UI process: Streamlit behind the auth middleware, and our own routes beside it."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

import core.reads
from core.access import group_roles
from core.access.sessions import Session
from core.bootstrap import Console
from core.domain.roles import ROLES
from core.errors import InvalidInput, Misconfigured
from core.settings import Settings
from dashboard.asgi.client_address import ClientAddress
from dashboard.ui import live
from dashboard.ui.kit import component as kit
from dashboard.web import (
    account_page,
    code_page,
    confirm_page,
    file_exports,
    find,
    login,
    oidc_page,
    page_shell,
    password_page,
    reset_page,
    selftest,
    streamlit_settings,
)
from dashboard.web.allowed_hosts import Headers, addresses
from dashboard.web.auth_middleware import AuthMiddleware
from dashboard.web.session_lookup import SessionResolver

ENTRYPOINT = Path(__file__).parent.parent / "streamlit_app.py"
_log = logging.getLogger(__name__)


def create_app(console: Console, port: int) -> st.App:
    """The whole ASGI application; `Misconfigured` unless Streamlit runs with our settings.

    Its start fails, and with it the process, unless the self-test of identity passes.
    """
    streamlit_settings.check()
    _check_groups(console.settings)
    _check_factor(console.settings)
    _check_groups(console.settings)
    ours = addresses(console.settings, port)
    streamlit_settings.allow(ours)
    resolver = SessionResolver(console, ours)
    return st.App(
        ENTRYPOINT,
        routes=[
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/ui/session", _session, methods=["GET"]),
            Route("/home", _home, methods=["GET"]),
            *login.routes(resolver),
            *code_page.routes(resolver),
            *password_page.routes(resolver),
            *account_page.routes(resolver),
            *confirm_page.routes(resolver),
            *oidc_page.routes(resolver),
            *reset_page.routes(resolver),
            *live.routes,
            *kit.routes,
            *find.routes,
            *file_exports.routes(),
            *page_shell.routes(),
        ],
        middleware=[
            Middleware(ClientAddress, proxies=console.settings.proxies),
            Middleware(AuthMiddleware, resolver=resolver),
        ],
        lifespan=lambda _app: _lifespan(resolver),
    )


def freeze() -> None:
    """Load what screens will import, then take it all out of the collector's sight.

    A full collection walks every loaded module otherwise: 86 ms with the lock held, after each run.
    """
    load()
    gc.collect()
    gc.freeze()


def load() -> None:
    """The reads of all screens and their charts. Frames are for notebooks: what makes them, pandas,
    takes 50 MB that no screen needs."""
    for module in pkgutil.walk_packages(core.reads.__path__, "core.reads."):
        if not module.name.startswith("core.reads.frames"):
            importlib.import_module(module.name)
    importlib.import_module("dashboard.ui.charts")


def _check_factor(settings: Settings) -> None:
    """`Misconfigured` where roles ask for what nobody can set up and would all be shut out, or
    where one that is asked for does not exist: nobody would be asked."""
    unknown = settings.factor_roles.difference(ROLES)
    if unknown:
        raise Misconfigured(
            f"SECOND_FACTOR_ROLES names {min(unknown)}, which is not one of {', '.join(ROLES)}"
        )
    if settings.factor_roles and not settings.encryption_key.get_secret_value():
        raise Misconfigured(
            "SECOND_FACTOR_ROLES asks for second factors, which are kept encrypted: "
            "set ENCRYPTION_KEY, or empty SECOND_FACTOR_ROLES"
        )


def _check_groups(settings: Settings) -> None:
    """`Misconfigured` where the environment's table of groups is none: people would be refused."""
    try:
        group_roles.parse(settings.oidc_group_roles)
    except InvalidInput as error:
        raise Misconfigured(f"OIDC_GROUP_ROLES: {error.field} {error.rule}") from None


@asynccontextmanager
async def _lifespan(resolver: SessionResolver) -> AsyncIterator[dict[str, Any] | None]:
    if resolver.guarded is None:
        raise Misconfigured("the auth middleware does not stand before Streamlit")
    ours = resolver.addresses
    await selftest.prove(
        resolver.guarded,
        lambda app, *known: AuthMiddleware(app, _KnowsOne(resolver, *known)),
        f"{ours.scheme}://{min(ours.hosts)}",
    )
    freeze()
    _log.info("identity self-test passed")
    watching = asyncio.create_task(resolver.watch(), name="watch-sessions")
    try:
        yield None
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


class _KnowsOne(SessionResolver):
    """The self-test's resolver: one visitor, who has no cookie and is in no database."""

    def __init__(self, other: SessionResolver, user_id: str, key: str) -> None:
        super().__init__(other.console, other.addresses)
        self._session = Session(key, user_id, other.now())

    async def visitor(self, headers: Headers, *, activity: bool) -> Session | None:
        """Always the same."""
        return self._session


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _home(_request: Request) -> Response:
    """Home is the first page, and Streamlit serves that at the root alone."""
    return RedirectResponse("/", status_code=303)


async def _session(_request: Request) -> Response:
    """Whether the session is still in force: the auth middleware has answered 401 if not."""
    return Response(status_code=204)
