"""The HTTP client under the SDK: it keeps an account of every call, without bodies or keys."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import stripe

from core import clock

#: Which try of the same call this is; the client sets it.
attempt: ContextVar[int] = ContextVar("attempt", default=1)

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to Stripe. `status` is None when no answer came."""

    livemode: bool
    method: str
    path: str
    status: int | None
    error: str | None
    duration_us: int
    attempt: int
    request_id: str | None
    idempotency_key: str | None
    started_at: datetime


CallLog = Callable[[Call], None]

#: What the SDK is handed in place of an answer's body.
_EMPTY = b"{}"


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    status: int
    headers: Mapping[str, str]


#: The answer to the call that a thread is at.
_answer: ContextVar[_Answer | None] = ContextVar("answer", default=None)


def taken() -> Any:
    """The JSON of the answer that this thread was given last, once; `stripe.APIError` where it is
    none.

    The SDK would make an ordered dictionary of each object: a fifth of what reading a list costs.
    """
    answer = _answer.get()
    _answer.set(None)
    if answer is None:
        raise RuntimeError("the SDK gave an answer that did not come by this transport")
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        pass
    try:
        # It takes what the strict one does not, such as half of a surrogate pair in a name.
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        said = f"the answer's body is not JSON (HTTP {answer.status})"
        # The SDK looks its own names up in them, whatever their letters' case.
        headers: Any = answer.headers
        raise stripe.APIError(said, None, answer.status, None, headers) from None


def set_aside(body: bytes, status: int, headers: Mapping[str, str]) -> bytes:
    """Keep a good answer for `taken`; what the SDK is handed as its body."""
    if not 200 <= status < 300:
        return body
    _answer.set(_Answer(body, status, headers))
    return _EMPTY


class LoggingTransport(stripe.RequestsClient):
    """The SDK's requests client, with each request reported to a log."""

    def __init__(self, livemode: bool, log: CallLog, read_seconds: float = READ_SECONDS) -> None:
        super().__init__(timeout=(CONNECT_SECONDS, read_seconds))
        self._livemode = livemode
        self._log = log
        #: The Date of the last answer, as it was sent.
        self.date: str | None = None

    def request(  # type: ignore[override]  # the SDK's own subclass differs from its base
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        started_at, start = clock.now(), time.perf_counter()
        status: int | None = None
        error: str | None = None
        answer: Mapping[str, str] = {}
        try:
            body, status, answer = super().request(method, url, headers, post_data)
            self.date = answer.get("Date")
        except stripe.APIConnectionError as failure:
            error = type(failure.__cause__ or failure).__name__
            raise
        else:
            return set_aside(body, status, answer), status, answer
        finally:
            self._log(
                Call(
                    livemode=self._livemode,
                    method=method.upper(),
                    path=urlsplit(url).path[:255],
                    status=status,
                    error=error,
                    duration_us=int((time.perf_counter() - start) * 1_000_000),
                    attempt=attempt.get(),
                    request_id=answer.get("Request-Id"),
                    idempotency_key=(headers or {}).get("Idempotency-Key"),
                    started_at=started_at,
                )
            )
