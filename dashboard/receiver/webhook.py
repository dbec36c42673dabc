"""The webhook's route: size, signature, envelope, commit, 200; nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from starlette.types import Receive, Scope, Send

from core import clock
from core.errors import TillwatchError
from core.events.store import IncomingEvent, parse_envelope
from core.gateway import signature
from core.inbox.group_commit import GroupWriter
from core.settings import WEBHOOK_PATH
from dashboard.asgi.request_body import BodyReader, ClientGone, send_error, send_json
from dashboard.receiver.metrics import Metrics

PATH = WEBHOOK_PATH
#: Seconds between two lines in the log about the same kind of refused request.
_QUIET_SECONDS = 10

#: How the OpenAPI document describes the route, which FastAPI does not know.
OPERATION: dict[str, Any] = {
    "tags": ["webhooks"],
    "summary": "Keep an event that Stripe sends",
    "description": "Answered with 200 once the event is committed. Anything else: send it again.",
    "parameters": [
        {
            "name": "Stripe-Signature",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "title": "Event"}}},
    },
    "responses": {
        "200": {"description": "Kept, now or before"},
        "400": {"description": "Signature, time or envelope is not one of Stripe's"},
        "408": {"description": "The body took too long"},
        "413": {"description": "The body is larger than 1 MiB"},
        "503": {"description": "Not kept: the database does not answer, or too much waits"},
    },
}

_log = logging.getLogger(__name__)
Answer = asyncio.Future[TillwatchError | None]


class Webhook:
    """The endpoint as plain ASGI: a framework's request object would double its cost."""

    def __init__(
        self,
        secrets: Sequence[str],
        writer: GroupWriter[Answer],
        metrics: Metrics,
    ) -> None:
        self._secrets = tuple(secrets)
        self._writer = writer
        self._metrics = metrics
        self._bodies = BodyReader()
        self._noted: dict[str, float] = {}

    def use(self, secrets: Sequence[str]) -> None:
        """Verify with these secrets from the next request on."""
        self._secrets = tuple(secrets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200 once the event is committed; 400, 408, 413 or 503 with nothing kept."""
        started = time.perf_counter()
        try:
            event = await self._store_event(scope, receive)
            await send_json(send, 200, {"received": True})
        except ClientGone:
            self._metrics.refused("client_gone")
        except TillwatchError as error:
            self._metrics.refused(error.code)
            self._log_refusal(error)
            await send_error(send, error)
        else:
            self._metrics.kept(event.type, time.perf_counter() - started)

    async def _store_event(self, scope: Scope, receive: Receive) -> IncomingEvent:
        raw = await self._bodies.read(scope, receive)
        header = None
        for name, value in scope["headers"]:
            if name == b"stripe-signature":
                header = value.decode("latin-1")
        signature.verify(raw, header, self._secrets, now=clock.to_unix(clock.now()))
        event = parse_envelope(raw)
        settled: Answer = asyncio.get_running_loop().create_future()
        self._writer.submit(event, settled)
        if (error := await settled) is not None:
            raise error
        return event

    def _log_refusal(self, error: TillwatchError) -> None:
        """One line for a kind of refusal, then silence for a while: a flood fills no disk."""
        now = time.monotonic()
        if now - self._noted.get(error.code, -_QUIET_SECONDS) >= _QUIET_SECONDS:
            self._noted[error.code] = now
            _log.warning("a webhook was refused: %s", error.message)


def settle_in(
    loop: asyncio.AbstractEventLoop, answers: Sequence[Answer], error: TillwatchError | None
) -> None:
    """Give the writer's outcome to the requests that wait for it, from the writer's thread."""
    loop.call_soon_threadsafe(_resolve, answers, error)


def _resolve(answers: Sequence[Answer], error: TillwatchError | None) -> None:
    for answer in answers:
        # A request whose client has gone is cancelled; its event is kept all the same.
        if not answer.done():
            answer.set_result(error)
