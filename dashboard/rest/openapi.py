"""What the OpenAPI document says of each route beside its answer: bodies, headers, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.rest.schemas import Body, ErrorAnswer

Json = dict[str, Any]

BEARER = "token"
SECURITY_SCHEMES: Json = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `python -m dashboard token create`.",
    }
}
_ERRORS = {
    400: "The body cannot be read, or Stripe refused the request",
    401: "No token, or none that is in force",
    402: "The card was declined; or `risk_refused`: the payment was, before anything was sent",
    403: "The token's roles do not allow this; nothing was sent",
    404: "Stripe has no such object",
    408: "The body took too long",
    409: "The key came with another request, the same request is under way, or it came to nothing",
    413: "The body is larger than 1 MiB",
    415: "The body is not application/json",
    422: "A value breaks a rule: `field` and `rule` say which. Nothing was written or sent",
    429: "Too many requests in this minute",
    502: "Stripe refused the key",
    503: "The database or Stripe does not answer. `outcome_unknown`: it is being resolved, and the "
    "same Idempotency-Key will answer what came of it",
}
_OF_READING = (400, 401, 403, 404, 422, 429, 502, 503)
_LANGUAGE: Json = {
    "name": "Accept-Language",
    "in": "header",
    "description": "`zh-CN` for Chinese messages.",
    "schema": {"type": "string"},
    "example": "zh-CN",
}
_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key, token and body act once, and are answered the same again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "order-42",
}


def asks(shape: type[Body], more: Mapping[int, str] | None = None) -> Json:
    """What a POST's decorator is given: its body, its headers, its answers."""
    body = {
        "required": True,
        "content": {"application/json": {"schema": shape.model_json_schema()}},
    }
    answers = {status: {"description": text} for status, text in (more or {}).items()}
    return {
        "openapi_extra": _extra([_KEY, _LANGUAGE]) | {"requestBody": body},
        "responses": answers | _errors(_ERRORS),
    }


def reads() -> Json:
    """What a GET's decorator is given."""
    return {"openapi_extra": _extra([_LANGUAGE]), "responses": _errors(_OF_READING)}


def _extra(parameters: list[Json]) -> Json:
    return {"security": [{BEARER: []}], "parameters": parameters}


def _errors(statuses: Any) -> dict[int | str, Json]:
    return {status: {"model": ErrorAnswer, "description": _ERRORS[status]} for status in statuses}
