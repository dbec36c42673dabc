"""The receiver: the webhook, the REST API, health, readiness and metrics. No Streamlit here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import FastAPI, Response
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.bootstrap import REREAD_SECONDS, CurrentConsole, with_kept
from core.db.backup import last_backup
from core.db.engine import open_engine
from core.inbox.group_commit import GroupWriter
from core.inbox.health import DatabaseState, Disks, Readiness, backlog_or_none, streams_or_none
from core.inbox.monitoring_counts import counts_or_none
from core.settings import Settings
from dashboard.asgi.client_address import ClientAddress
from dashboard.asgi.host_check import HostCheck
from dashboard.asgi.request_body import LimitedBodies
from dashboard.asgi.request_ids import RequestIds
from dashboard.receiver.business_metrics import Backups, BusinessCounts
from dashboard.receiver.metrics import Metrics
from dashboard.receiver.webhook import OPERATION, PATH, Answer, Webhook, settle_in
from dashboard.rest import docs as rest_docs
from dashboard.rest import errors as rest_errors
from dashboard.rest import payments as rest_payments
from dashboard.rest import refunds as rest_refunds
from dashboard.rest.endpoint import PREFIX
from dashboard.rest.executor import BlockingExecutor
from dashboard.rest.openapi import SECURITY_SCHEMES

#: The receiver reads little; SQLite's page cache would only grow with what it writes.
_CACHE_MIB = 4
#: A database that says nothing for so long is not there: Stripe is told to come again.
DATABASE_SECONDS = 10


class Receiver(Starlette):
    """The REST side, and before it the webhook: past every layer that it has no use for.

    Routers and middleware cost a webhook as much as its commit does.
    """

    webhook: ASGIApp
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif scope["path"] == PATH and scope["method"] == "POST":
            await self.webhook(scope, receive, send)
        else:
            await self.rest(scope, receive, send)


def create_app(settings: Settings) -> Receiver:
    """The receiver as an ASGI application; it starts and stops the inbox's writer.

    The FastAPI application is at `app.state.api`.
    """
    engine = open_engine(settings.database, cache_mib=_CACHE_MIB, answer_seconds=DATABASE_SECONDS)
    # Of its own: a connection that is kept open would not see that a file of SQLite is gone.
    beside = open_engine(
        settings.database, pool_size=1, cache_mib=1, answer_seconds=DATABASE_SECONDS
    )
    current = CurrentConsole(with_kept(settings, beside))
    settings = current.get().settings
    answers: list[asyncio.AbstractEventLoop] = []
    writer: GroupWriter[Answer] = GroupWriter(
        engine,
        lambda tickets, error: settle_in(answers[-1], tickets, error),
        measure=lambda rows, seconds: metrics.commit(rows, seconds),
    )
    # A mode whose key was taken away has nobody who keeps its streams up.
    metrics = Metrics(
        writer.waiting,
        partial(backlog_or_none, engine),
        lambda: streams_or_none(engine, current.get().settings.secret_keys),
    )
    metrics.registry.register(BusinessCounts(partial(counts_or_none, engine)))
    noted = settings.var_dir / last_backup.FOLDER
    metrics.registry.register(Backups(partial(last_backup.last, noted)))
    webhook = Webhook(settings.webhook_secrets, writer, metrics)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        answers.append(asyncio.get_running_loop())
        writer.start()
        following = asyncio.create_task(
            _follow(current, webhook, executor, checked), name="settings"
        )
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await asyncio.to_thread(writer.stop)
        await asyncio.to_thread(executor.stop)
        engine.dispose()
        beside.dispose()

    executor = BlockingExecutor(settings)
    ready = Ready(Readiness(engine), Disks(engine, settings.var_dir), writer)
    api = _rest(ready, metrics)
    api.state.executor = executor
    limited = Origins(LimitedBodies(api, rest_errors.refuse), settings.origins)
    app = Receiver(lifespan=lifespan)
    app.webhook = webhook
    headed = SecurityHeaders(limited, https=settings.force_https)
    # The webhook stands before all of this: a signature is proof enough.
    checked = HostCheck(ClientAddress(headed, settings.proxies), settings.host_names)
    app.rest = RequestIds(checked)
    app.state.api = api
    return app


async def _follow(
    current: CurrentConsole, webhook: Webhook, executor: BlockingExecutor, hosts: HostCheck
) -> None:
    """Have a setting that was changed in force within seconds, without a request being lost."""
    known = current.get()
    while True:
        await asyncio.sleep(REREAD_SECONDS / 2)
        found = await asyncio.to_thread(current.get)
        if found is not known:
            known = found
            webhook.use(found.settings.webhook_secrets)
            hosts.use(found.settings.host_names)
            await asyncio.to_thread(executor.use, found.settings)


class Ready:
    """Whether this process can do its work, and if not, why not."""

    def __init__(self, readiness: Readiness, disks: Disks, writer: GroupWriter[Answer]) -> None:
        self._readiness, self._disks, self._writer = readiness, disks, writer

    def __call__(self) -> tuple[DatabaseState, str | None]:
        """The database's state, and the reason against; None for ready."""
        database = self._readiness.check()
        if self._writer.was_full() or self._disks.is_full():
            return database, "the disk is full: no event can be kept"
        if database != "current":
            return database, _AGAINST[database]
        return database, None if self._writer.is_alive() else "the inbox's writer has ended"


_AGAINST = {
    "unreachable": "the database does not answer",
    "behind": "the database's tables are older than this program",
    "ahead": "the database's tables are newer than this program",
}


def _rest(ready: Ready, metrics: Metrics) -> FastAPI:
    api = FastAPI(
        title="Tillwatch",
        version="1",
        description="Payments through Stripe, with their rules. Amounts are decimal strings.",
        docs_url=None,
        redoc_url=None,
        openapi_url=rest_docs.OPENAPI,
        redirect_slashes=False,
    )
    rest_errors.install(api)
    # Its POST never comes here; what other methods are told does.
    api.router.routes.append(Route(PATH, Response, methods=["POST"]))
    api.include_router(rest_payments.router)
    api.include_router(rest_refunds.router)
    rest_docs.install(api)

    @api.get("/healthz", tags=["operation"])
    async def healthz() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "ok"}

    @api.get("/readyz", tags=["operation"], responses={503: {"description": "Not ready"}})
    def readyz(response: Response) -> dict[str, str]:
        """Whether the database answers, stands at the newest migration, and events are kept.

        `reason` says why not.
        """
        database, against = ready()
        if against is None:
            return {"status": "ready", "database": database}
        response.status_code = 503
        return {"status": "not ready", "database": database, "reason": against}

    @api.get("/metrics", tags=["operation"], response_class=Response)
    def prometheus() -> Response:
        """Figures in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    generate = api.openapi

    def documented() -> dict[str, Any]:
        schema = generate()
        schema["paths"].setdefault(PATH, {"post": OPERATION})
        schema.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
        return schema

    api.openapi = documented  # type: ignore[method-assign]
    return api


class Origins:
    """ASGI middleware: lets scripts of the listed sites call the REST API; none by default.

    Health, metrics and documentation are not for other sites' scripts.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Accept-Language"],
            expose_headers=["Retry-After", "WWW-Authenticate", "Content-Language"],
        )
        self._any = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = self._any and scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/")
        await (self._shared if shared else self._app)(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware: what every answer of the REST side tells a browser to refrain from."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", b"frame-ancestors 'none'"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]
        if https:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                added = [pair for pair in self._headers if pair[0] not in given]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, with_headers)
