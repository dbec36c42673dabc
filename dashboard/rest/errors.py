"""Any error as the JSON that callers of the REST API get, in the language they ask for."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from core.errors import (
    CardDeclined,
    InvalidInput,
    MalformedObject,
    MalformedRequest,
    NotFound,
    NotPermitted,
    NotSignedIn,
    OutcomeUnknown,
    RateLimited,
    RequestRepeated,
    StripeError,
    StripeRefused,
    StripeUnreachable,
    TillwatchError,
    TokenMissing,
)
from core.gateway.catalogue import UserAction, explain
from dashboard import i18n
from dashboard.asgi.request_body import ClientGone
from dashboard.i18n import _

_log = logging.getLogger(__name__)

Json = dict[str, Any]

_TYPES = {
    401: "authentication_error",
    402: "card_error",
    403: "permission_error",
    429: "rate_limit_error",
}
#: What a caller can do about an error that is not of Stripe's catalogue, by its status.
_ACTIONS = dict.fromkeys((401, 402, 403), UserAction.CONTACT_SUPPORT)
_AGAIN = frozenset({408, 429, 502, 503})
_OF_DECLINES = frozenset({"decline_code", "request_id"})
#: Seconds after which it is worth to ask again: the worker looks for an outcome after three.
_RETRY_SECONDS = 5


def document(error: TillwatchError, language: str, operation_id: str | None = None) -> Json:
    """`{"error": {"type", "code", "message", "user_action", …}}`; only what is known is there."""
    with i18n.speaking(language):
        found = _common(error) | _particulars(error)
    if _is_open(error):
        found["operation_id"] = operation_id
    # Whoever handles declines finds both codes there, be they null.
    always = _OF_DECLINES if isinstance(error, CardDeclined) else frozenset()
    kept = {name: value for name, value in found.items() if value is not None or name in always}
    return {"error": kept}


def response(
    error: TillwatchError, language: str = "en", operation_id: str | None = None
) -> Response:
    """An error as an answer, with the headers that belong to its status."""
    return rendered(
        status_of(error), document(error, language, operation_id), _headers(error, language)
    )


def rendered(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """JSON in UTF-8."""
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, dict(headers or {}), media_type="application/json")


def status_of(error: TillwatchError) -> int:
    """An object of Stripe's that we cannot read is not the caller's mistake."""
    return HTTPStatus.BAD_GATEWAY if isinstance(error, MalformedObject) else error.status


def language_of(request: Request) -> str:
    """The language that a request asks for."""
    return i18n.match(request.headers.get("accept-language"))


def install(api: FastAPI) -> None:
    """Have every error that a route raises answered by this module."""
    api.add_exception_handler(TillwatchError, _ours)
    api.add_exception_handler(HTTPException, _of_the_framework)
    api.add_exception_handler(RequestValidationError, _unread)
    api.add_exception_handler(ClientGone, _gone)
    api.add_exception_handler(Exception, _unforeseen)


async def refuse(error: TillwatchError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error in place of an application (ASGI)."""
    await response(error, language_of(Request(scope)))(scope, receive, send)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, TillwatchError)
    if status_of(error) == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s: %s", request.method, request.url.path, error.message)
    operation_id = getattr(request.state, "operation_id", None)
    return response(error, language_of(request), operation_id)


async def _of_the_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    language = language_of(request)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return response(NotFound(), language)
    phrase = HTTPStatus(error.status_code)
    found = {
        "type": _type(error.status_code),
        "code": phrase.name.lower(),
        "message": phrase.phrase,
        "user_action": UserAction.CHECK_DETAILS,
    }
    return rendered(error.status_code, {"error": found}, error.headers)


async def _unread(request: Request, _error: Exception) -> Response:
    # What the framework says of a request quotes it, and what was sent may not even be JSON.
    return response(MalformedRequest(), language_of(request))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads this, unless the body was cut for its length, which is then said instead."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _unforeseen(request: Request, _error: Exception) -> Response:
    """The server logs it with its traceback; the caller learns nothing of our insides."""
    return response(TillwatchError(), language_of(request))


def _common(error: TillwatchError) -> Json:
    status = status_of(error)
    return {
        "type": _type(status),
        "code": error.code,
        "message": _message(error),
        "user_action": _action(error, status),
    }


def _message(error: TillwatchError) -> str:
    """The error's own words; where they have no translation, what its kind says."""
    said = _(error.message)
    if said == error.message and i18n.language() != i18n.match(None):
        return _(type(error).said())
    return said


def _particulars(error: TillwatchError) -> Json:
    if isinstance(error, InvalidInput):
        rule = _(error.template).format(**error.values) if error.values else _(error.rule)
        message = _("{field}: {rule}").format(field=error.field, rule=rule)
        return {"message": message, "field": error.field, "rule": rule}
    if isinstance(error, NotPermitted):
        return {"right": error.right}
    if isinstance(error, (CardDeclined, StripeRefused)):
        return _explained(error)
    if isinstance(error, StripeError):
        return {"request_id": error.request_id}
    return {}


def _explained(error: StripeError) -> Json:
    """A decline or a refusal: for the customer by our catalogue, for the program by the codes."""
    meaning = explain(error.stripe_code, error.decline_code, i18n.language())
    return {
        "code": error.stripe_code or error.code,
        "decline_code": error.decline_code,
        "message": meaning.message,
        "user_action": meaning.user_action,
        "request_id": error.request_id,
        # A mistake in the request is for whoever wrote it; a decline's reason is for nobody else.
        "stripe_message": error.message if isinstance(error, StripeRefused) else None,
    }


def _is_open(error: TillwatchError) -> bool:
    """Whether something was begun whose outcome is still to come."""
    unknown = isinstance(error, OutcomeUnknown) and not isinstance(error, StripeUnreachable)
    return unknown or isinstance(error, RequestRepeated)


def _type(status: int) -> str:
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def _action(error: TillwatchError, status: int) -> UserAction:
    if _is_open(error):
        return UserAction.CHECK_ORDER
    if status in _AGAIN:
        return UserAction.RETRY_LATER
    return _ACTIONS.get(
        status, UserAction.CONTACT_SUPPORT if status >= 500 else UserAction.CHECK_DETAILS
    )


def _headers(error: TillwatchError, language: str) -> dict[str, str]:
    found = {"content-language": language, "vary": "accept-language"}
    if isinstance(error, NotSignedIn):
        why = "" if isinstance(error, TokenMissing) else ', error="invalid_token"'
        found["www-authenticate"] = f'Bearer realm="tillwatch"{why}'
    if isinstance(error, RateLimited):
        found["retry-after"] = str(error.retry_after)
    elif error.status == HTTPStatus.SERVICE_UNAVAILABLE or isinstance(error, RequestRepeated):
        found["retry-after"] = str(_RETRY_SECONDS)
    return found
