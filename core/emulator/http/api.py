"""Stripe's HTTP: keys, form bodies, idempotency, ordered faults, answers with their headers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from contextlib import suppress
from email.utils import formatdate
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.emulator.http import connected, params, routes
from core.emulator.http.forms import nested
from core.emulator.http.given import refuse_unread
from core.emulator.http.routes import Route
from core.emulator.resources import expand, not_emulated
from core.emulator.runtime.cli_sessions import LOGS
from core.emulator.runtime.engine import Engine
from core.emulator.state import permissions, uploads
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.faults import Fault, injected_error, refusal_of
from core.emulator.state.idempotency import Saved
from core.emulator.state.store import Obj, wire
from core.emulator.state.unit_of_work import Context
from core.emulator.versions import table

_MAX_BODY = 1_048_576
_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header,"
    " using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See"
    " https://stripe.com/docs/api#authentication for details, or we can help at"
    " https://support.stripe.com/."
)


#: Where the noun of a path is not the kind of object it answers with.
_KINDS = {
    "balance_settings": "balance_settings",
    "billing_portal": "billing_portal.configuration",
    "checkout": "checkout.session",
    "identity": "identity.verification_session",
    "payment_pages": "checkout.session",
    "radar": "radar.early_fraud_warning",
    "reporting": "reporting.report_run",
    "test_clocks": "test_helpers.test_clock",
}
#: Below a customer, a charge or a transfer.
_KINDS_BELOW = {
    "balance_transactions": "customer_balance_transaction",
    "cash_balance": "cash_balance",
    "cash_balance_transactions": "customer_cash_balance_transaction",
    "cards": "card",
    "discount": "discount",
    "dispute": "dispute",
    "fund_cash_balance": "customer_cash_balance_transaction",
    "payment_methods": "payment_method",
    "refunds": "refund",
    "reversals": "transfer_reversal",
    "sources": "card",
    "tax_ids": "tax_id",
}


class Api:
    """The ASGI application under `/v1`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = self.engine.request_id()
        hits = self.engine.faults.take(request.method, scope["path"])
        kinds = {hit.kind for hit in hits}
        if "reset" in kinds:
            await _abort(receive)
            return
        response = await self._respond(request, request_id, hits)
        self._log(request, request_id, response)
        if "lost_reply" in kinds:
            await _abort(receive)
            return
        await response(scope, receive, send)

    def _log(self, request: Request, request_id: str, response: Response) -> None:
        """Tell `stripe logs tail`, where it listens."""
        if self.engine.cli.nobody or not self.engine.cli.wanting(LOGS):
            return
        failed = response.status_code >= 400
        self.engine.cli.request(
            {
                "created_at": self.engine.clock.now_ms() // 1000,
                "livemode": self.engine.switches.livemode,
                "method": request.method,
                "request_id": request_id,
                "status": response.status_code,
                "url": request.scope["path"],
            },
            json.loads(bytes(response.body))["error"] if failed else None,
        )

    async def _respond(self, request: Request, request_id: str, hits: list[Fault]) -> Response:
        try:
            authorized(request, livemode=self.engine.switches.livemode)
            request.state.connected = _connected(self.engine, request)
            header = request.headers.get("stripe-version")
            request.state.version = table.asked(header, self.engine.switches.api_version)
            for hit in hits:
                if (ordered := refusal_of(hit)) is not None:
                    raise ordered
            encoded = await _encoded(request)
            return await self._keyed(request, request_id, encoded, hits)
        except ApiError as refusal:
            body = error_body(self.engine, refusal, request_id, request.scope["path"])
            return self._answer(refusal.status, body, request, request_id, refusal.headers)

    async def _keyed(
        self, request: Request, request_id: str, encoded: str, hits: list[Fault]
    ) -> Response:
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        path, keys = request.scope["path"], self.engine.keys
        if not key:
            await _delay(hits)
            answer = self._run(request, request_id, encoded, None, hits)
            return self._answer(answer.status, answer.body, request, request_id)
        saved = keys.begin(key, path, encoded, self.engine.clock.now_ms() // 1000)
        if saved is not None:
            replayed = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
            return self._answer(saved.status, saved.body, request, request_id, replayed)
        try:
            await _delay(hits)
            answer = self._run(request, request_id, encoded, key, hits)
        finally:
            keys.end(key)
        return self._answer(answer.status, answer.body, request, request_id)

    def _run(
        self, request: Request, request_id: str, encoded: str, key: str | None, hits: list[Fault]
    ) -> Saved:
        method, path = request.method, request.scope["path"]
        kept: list[Saved] = []

        def keep(result: Obj | ApiError) -> None:
            answer = self._saved(result, request_id, path, hits)
            kept.append(answer)
            if key and not (isinstance(result, ApiError) and not result.executed):
                now = self.engine.clock.now_ms() // 1000
                self.engine.keys.save(key, path, encoded, answer, now)

        def do(ctx: Context) -> Obj:
            ctx.upload = getattr(request.state, "upload", None)
            if account := request.state.connected:
                return connected.answer(ctx, account, method, path)
            return call(ctx, method, path, encoded)

        with suppress(ApiError):  # its answer is kept by then
            self.engine.work(
                do,
                request_id=request_id,
                key=key,
                version=request.state.version,
                finally_=keep,
            )
        if method != "GET" and path.startswith("/v1/webhook_endpoints"):
            self.engine.reload_endpoints()
        return kept[0]

    def _saved(
        self, result: Obj | ApiError, request_id: str, path: str, hits: list[Fault]
    ) -> Saved:
        if any(hit.kind == "saved_500" for hit in hits):
            body = error_body(self.engine, injected_error(500), request_id, path)
            return Saved(500, body, request_id)
        if isinstance(result, ApiError):
            body = error_body(self.engine, result, request_id, path)
            return Saved(result.status, body, request_id)
        answer = self.engine.damage.applied(result) if self.engine.damage else result
        return Saved(200, self.engine.on_the_wire(answer), request_id)

    def _answer(
        self,
        status: int,
        body: bytes,
        request: Request,
        request_id: str,
        extra: dict[str, str] | None = None,
    ) -> Response:
        account = self.engine.switches
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": request.headers.get("stripe-version", account.api_version),
            "Date": formatdate(self.engine.clock.now_ms() // 1000, usegmt=True),
            "Cache-Control": "no-cache, no-store",
            **(extra or {}),
        }
        if key := request.headers.get("idempotency-key"):
            headers["Idempotency-Key"] = key[:255]
        if status == 429:
            headers["Stripe-Should-Retry"] = "true"
        return Response(body, status, headers, media_type="application/json")


def call(ctx: Context, method: str, path: str, encoded: str) -> Obj:
    """Run one API call; its object is ready for the wire."""
    found = routes.match(method, path)
    if found is None:
        if (empty := not_emulated.answer(ctx, method, path)) is not None:
            return empty
        raise ApiError(
            f"Unrecognized request URL ({method}: {path[:200]}). Please see"
            " https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
            executed=False,
        )
    route, ids = found
    given = _given(ctx, route, nested(encoded))
    tree = _expansion(route, given)
    given.get("expand")
    if ctx.denied:
        permissions.check(ctx, route, expand.tree_of(given.get("expand") or []), _kind_of(route))
    try:
        result = route.handler(ctx, *ids, given)
        refuse_unread(given, result, ctx.tx.known())
    except ApiError as refusal:
        table.refusal(ctx, ctx.version, refusal)
        raise
    if route.lists or "id" not in result:
        return table.answer_at(ctx, ctx.version, result)
    [shown] = expand.expanded(ctx, [result], tree)
    return table.answer_at(ctx, ctx.version, shown)


def _given(ctx: Context, route: Route, raw: dict[str, Any]) -> dict[str, Any]:
    """The parameters in today's words, of whatever version the request is."""
    if route.params is None:
        return params.read(None, raw)
    table.refuse_removed(ctx.version, route.params, raw)
    given = params.read(route.params, raw, table.parameters(ctx.version, route.params))
    table.read(ctx.version, route.params, given)
    return given


def _expansion(route: Route, given: dict[str, Any]) -> dict[str, Any]:
    paths = given.get("expand") or []
    if route.lists or not paths:
        return {}
    return expand.check(_kind_of(route), paths)


def _kind_of(route: Route) -> str:
    parts = route.path.removeprefix("/v1/").removeprefix("test_helpers/").split("/")
    if len(parts) > 2 and parts[2] in _KINDS_BELOW:
        return _KINDS_BELOW[parts[2]]
    return _KINDS.get(parts[0], parts[0].removesuffix("s"))


def error_body(engine: Engine, refusal: ApiError, request_id: str, path: str) -> bytes:
    """`{"error": …}` with the link to the request's log; in API v2 a code and a message."""
    if path.startswith("/v2/"):
        return wire({"error": _of_v2(refusal)})
    log = f"https://dashboard.stripe.com/{engine.account}/test/workbench/logs?object={request_id}"
    return wire({"error": {**refusal.error, "request_log_url": log}})


def _of_v2(refusal: ApiError) -> dict[str, Any]:
    """What API v2 says of an error, in so far as the official SDKs tell them apart."""
    kind = refusal.error["type"]
    code = refusal.error.get("code") or kind
    if refusal.status == 404:
        code = "not_found"
    elif refusal.status == 400 and refusal.error.get("param"):
        code = "invalid_fields"
    told = {"code": code, "message": str(refusal)}
    if kind == "idempotency_error":
        told["type"] = kind
    elif refusal.status == 429:
        told["type"] = "rate_limit"
    return told


def authorized(request: Request, *, livemode: bool = False) -> None:
    """Refuse a request without a key of the mode that the account is in."""
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    key = rest.strip()
    if kind.lower() == "basic":
        try:
            key = base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    elif kind.lower() != "bearer":
        key = ""
    if not key:
        raise ApiError(_NO_KEY, status=401, executed=False)
    mode = "live" if livemode else "test"
    if not key.startswith((f"sk_{mode}_", f"rk_{mode}_")):
        masked = f"{key[:8]}{'*' * max(0, min(len(key), 40) - 12)}{key[-4:]}"
        raise ApiError(f"Invalid API Key provided: {masked}", status=401, executed=False)


def _connected(engine: Engine, request: Request) -> str | None:
    """The connected account that a request is on behalf of; refused where there is none such."""
    named = request.headers.get("stripe-account")
    if not named or named == engine.account:
        return None
    with engine.store.lock:
        known = engine.store.db.execute(
            "SELECT 1 FROM objects WHERE id = ? AND object = 'account'", (named,)
        ).fetchone()
    if known:
        return named
    raise ApiError(
        f"The provided key does not have access to account '{named[:100]}' (or that account does"
        " not exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
        executed=False,
    )


async def _encoded(request: Request) -> str:
    """The form or query string; bodies are UTF-8 and at most 1 MiB."""
    if request.method in ("GET", "DELETE"):
        return str(request.scope["query_string"].decode("latin-1"))
    if request.scope["path"].startswith("/v2/"):
        return ""  # JSON, and no write of API v2 is emulated
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == uploads.KIND:
        form, request.state.upload = await uploads.read(request)
        return form
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MAX_BODY:
            raise ApiError("Request body is too large.", status=413, executed=False)
        chunks.append(chunk)
    if kind not in ("application/x-www-form-urlencoded", "") and size:
        raise refused(
            f"Invalid request (check that your POST content type is"
            f" application/x-www-form-urlencoded). Got {kind[:80]}."
        )
    try:
        return b"".join(chunks).decode()
    except UnicodeDecodeError as reason:
        raise refused("Invalid request: the body is not UTF-8.") from reason


async def _delay(hits: list[Fault]) -> None:
    for hit in hits:
        if hit.kind == "delay":
            await asyncio.sleep(hit.seconds)


async def _abort(receive: Receive) -> None:
    """Cut the connection without an answer."""
    cycle: Any = getattr(receive, "__self__", None)
    cycle.transport.abort()
    await asyncio.sleep(0)
