"""How each request that asks for something goes: who, whether they may, what, and it is done."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request, Response

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.operations import id_for
from core.errors import InvalidAmount, OutcomeUnknown
from dashboard import i18n
from dashboard.asgi.request_body import BodyReader
from dashboard.rest import json_body
from dashboard.rest.errors import language_of, rendered
from dashboard.rest.executor import BlockingExecutor
from dashboard.rest.schemas import AMOUNT, Body

PREFIX = "/api/v1/payments"

Json = dict[str, Any]
#: Does one thing for a caller: the fields of the body, the operation's id → status and answer.
Act = Callable[[ActionContext, Caller, Mapping[str, Any], str], tuple[int, Json]]

#: One for all routes: long bodies take turns.
_BODIES = BodyReader()
_AMOUNT = re.compile(AMOUNT)


async def handle_post(
    request: Request, shape: type[Body], kind: str, may: tuple[str, ...], work: Act
) -> Response:
    """Answer a POST. Nothing is said about a body before its sender is known to have the right."""
    executor = executor_of(request)
    caller = await executor.run(executor.let_in, *signature(request), may, kind)
    raw = await _BODIES.read(request.scope, request.receive)

    def answer() -> Response:
        body = json_body.read(raw, request.headers.get("content-type"), shape)
        operation_id = id_for(caller, kind, request.headers.get("idempotency-key"))
        request.state.operation_id = operation_id
        with i18n.speaking(language_of(request)):
            return rendered(*work(executor.context, caller, body, operation_id))

    try:
        return await executor.run(answer)
    except asyncio.CancelledError:
        # The process ends before Stripe has answered: what was begun is for the worker to find.
        raise OutcomeUnknown from None


def executor_of(request: Request) -> BlockingExecutor:
    """Where this application does its blocking work."""
    executor: BlockingExecutor = request.app.state.executor
    return executor


def signature(request: Request) -> tuple[str | None, str]:
    """What a request says of its sender: its token, and its address."""
    address = request.client.host if request.client else ""
    return request.headers.get("authorization"), address


def plain_amount(value: Any) -> Any:
    """Programs write a number one way: people's groups and signs would hide their mistakes.

    What is no text, or negative, is left to the rules of amounts.
    """
    if isinstance(value, str) and not _AMOUNT.fullmatch(value.removeprefix("-")):
        raise InvalidAmount("amount", "must be a number such as 12.34")
    return value
