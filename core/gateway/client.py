"""Calls to Stripe: one client per key, with a budget, at most three tries and our own errors."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import stripe
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_base, wait_random_exponential

from core import clock
from core.clock import Deadline
from core.errors import OutcomeUnknown, StripeBusy, StripeKeyRefused, StripeUnreachable
from core.gateway import transport
from core.gateway.budget import Budget
from core.gateway.failures import is_retried, translate

#: The API version that the SDK is pinned to; objects are asked for in this shape.
API_VERSION: str = stripe.api_version
TRIES = 3
#: Stripe forgets an idempotency key after 24 hours, and would act on it anew.
KEY_LASTS = timedelta(hours=23)
_TEST_KEYS = ("sk_test_", "rk_test_")
PAGE = 100
FILES = "/v1/files"

Json = dict[str, Any]


def _no_log(_call: transport.Call) -> None:
    """Keeps no account: for tools that have no database."""


@dataclass(frozen=True)
class Content:
    """A file on its way to Stripe."""

    name: str
    data: bytes = field(repr=False)

    def opened(self) -> io.BytesIO:
        """The file from its beginning: each try reads it to its end."""
        file = io.BytesIO(self.data)
        file.name = self.name
        return file


class Gateway:
    """Stripe for one account and mode; every method raises only errors of `core.errors`."""

    def __init__(
        self,
        key: str,
        *,
        livemode: bool,
        api_base: str | None = None,
        log: transport.CallLog = _no_log,
        budget: Budget | None = None,
        wait: wait_base | None = None,
        read_seconds: float = transport.READ_SECONDS,
    ) -> None:
        self.livemode = livemode
        #: Whether the key itself says that it is a test key.
        self.has_test_key = key.startswith(_TEST_KEYS)
        #: Tells one key from another, and nothing of it.
        self.key_digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        self._budget = budget or Budget()
        self._wait = wait or wait_random_exponential(multiplier=0.5, max=8)
        self._transport = transport.LoggingTransport(livemode, log, read_seconds)
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": api_base, "files": api_base} if api_base else None,
            # The SDK would retry answers that M17 does not; the tries are counted here instead.
            max_network_retries=0,
            http_client=self._transport,
        )

    def get(self, path: str, **params: Any) -> Json:
        """The JSON of a GET. `params` are Stripe's, such as `limit` and `expand`.

        A reading has no outcome: it is `StripeUnreachable` where a change would be unknown.
        """
        try:
            return self._tries("get", path, params)
        except OutcomeUnknown as error:
            raise StripeUnreachable(
                request_id=error.request_id, http_status=error.http_status
            ) from None

    def answered_at(self) -> datetime | None:
        """Stripe's time (UTC, whole seconds) when it answered last; None before, or untold."""
        try:
            return parsedate_to_datetime(self._transport.date or "").astimezone(UTC)
        except ValueError:
            return None

    def post(
        self, path: str, *, idempotency_key: str, until: Deadline | None = None, **params: Any
    ) -> Json:
        """The JSON of a POST; each try carries the same idempotency key.

        No try is made past `until`, which is when the key ends unless it is given: then it is
        `OutcomeUnknown`, for what was sent before under this key, by whomever, is to be looked for.
        """
        named = params | {"idempotency_key": idempotency_key}
        return self._tries("post", path, named, until or clock.ends_in(KEY_LASTS))

    def upload(
        self,
        *,
        purpose: str,
        name: str,
        content: bytes,
        idempotency_key: str,
        until: Deadline | None = None,
    ) -> Json:
        """The JSON of Stripe's file; each try sends it whole, as `post` does."""
        params = {
            "purpose": purpose,
            "file": Content(name, content),
            "base": "files",
            "content_type": "multipart/form-data",
            "idempotency_key": idempotency_key,
        }
        return self._tries("post", FILES, params, until or clock.ends_in(KEY_LASTS))

    def pages(self, path: str, **params: Any) -> Iterator[list[Json]]:
        """Every page of a list, newest first, as Stripe orders it."""
        while True:
            page = self.get(path, limit=PAGE, **params)
            if page["data"]:
                yield page["data"]
            if not page["has_more"]:
                return
            params["starting_after"] = page["data"][-1]["id"]

    def _tries(self, method: str, path: str, params: Json, until: Deadline | None = None) -> Json:
        attempts = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=self._wait,
            retry=retry_if_exception(
                lambda error: isinstance(error, stripe.StripeError) and is_retried(error)
            ),
            before=_count_attempt,
            reraise=True,
        )
        unanswered = False

        def call() -> Json:
            nonlocal unanswered
            self._budget.spend(method, path)
            # Whatever came before may have taken days: a process is stopped, a machine sleeps.
            if until is not None and until.passed():
                raise OutcomeUnknown
            try:
                return self._once(method, path, params)
            except stripe.APIConnectionError:
                unanswered = True
                raise

        try:
            return attempts(call)
        except stripe.StripeError as error:
            ours = translate(error)
            if unanswered and isinstance(ours, (StripeBusy, StripeKeyRefused)):
                # True of the last try alone: one before it may have acted.
                ours = OutcomeUnknown(request_id=ours.request_id, http_status=ours.http_status)
            raise ours from None

    def _once(self, method: str, path: str, params: Json) -> Json:
        opened = {
            name: value.opened() if isinstance(value, Content) else value
            for name, value in params.items()
        }
        self._client.raw_request(method, path, **opened)
        data: Json = transport.taken()
        return data


def _count_attempt(state: RetryCallState) -> None:
    transport.attempt.set(state.attempt_number)
