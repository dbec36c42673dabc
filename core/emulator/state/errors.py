"""Errors as Stripe words them on the wire: `{"error": {type, code, message, param, …}}`."""

from __future__ import annotations

from typing import Any

from core.errors import TillwatchError

DOCS = "https://docs.stripe.com/error-codes/"


class ApiError(TillwatchError):
    """An answer other than 200. `keep`: what was done before it stands (a declined charge)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 (Stripe's name on the wire)
        code: str | None = None,
        param: str | None = None,
        keep: bool = False,
        executed: bool = True,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keep = keep
        #: False: refused before the endpoint ran, so an idempotency key keeps no answer.
        self.executed = executed
        self.headers = headers or {}
        self.error: dict[str, Any] = {}
        if code:
            self.error |= {"code": code, "doc_url": DOCS + code.replace("_", "-")}
        self.error |= {key: value for key, value in extra.items() if value is not None}
        self.error["message"] = message
        if param:
            self.error["param"] = param
        self.error["type"] = type


def refused(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A parameter that fails validation: nothing ran."""
    return ApiError(message, param=param, code=code, executed=False)


def missing(noun: str, value: str, param: str, *, in_path: bool = False) -> ApiError:
    """No such object; 404 when the path named it, 400 when a parameter did."""
    return ApiError(
        f"No such {noun}: '{value}'",
        status=404 if in_path else 400,
        code="resource_missing",
        param=param,
    )
