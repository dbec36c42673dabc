"""The way to Stripe without a network: the emulator's HTTP application, in this thread."""

from __future__ import annotations

import random
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe
from tenacity import wait_none

from core.emulator.http.api import Api
from core.emulator.runtime.engine import Engine
from core.gateway import transport
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from tests.support.account_mirror import KEY
from tests.support.simulator.failpoints import Failpoints

ADDRESS = "http://stripe.test"
#: What may happen to a request, each as the emulator's faults name it.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "error", "status": 500},
    {"kind": "error", "status": 503},
    {"kind": "reset"},
    {"kind": "lost_reply"},
    {"kind": "rate_limit"},
    {"kind": "lock_timeout"},
    {"kind": "saved_500"},
)


class _Exchange:
    """One request as the emulator sees it, and what it answered."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.aborted = False
        self.status, self.headers, self.answer = 0, {}, b""
        #: The emulator cuts a connection by what its server calls the transport.
        self.transport = self

    def abort(self) -> None:
        self.aborted = True

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode().title(): v.decode() for k, v in message["headers"]}
        else:
            self.answer += message["body"]


class Wire(stripe.HTTPClient):
    """The SDK's HTTP client: each request is answered by the emulator, or something happens."""

    name = "simulator"

    def __init__(self, stripe_: Engine, points: Failpoints, dice: random.Random) -> None:
        super().__init__()
        self._stripe, self._points, self._dice = stripe_, points, dice
        self._api = Api(stripe_)
        #: How many of a hundred requests go wrong.
        self.trouble = 0
        #: Every POST that reached Stripe: its path, key and body.
        self.posted: list[tuple[str, str, str]] = []
        #: The last part of the path that was asked for last: an object's id, or a list's name.
        self.asked_for = ""

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_named: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        self._points.at("before request")
        if self._dice.randrange(100) < self.trouble:
            self._stripe.faults.order(dict(self._dice.choice(FAULTS)))
        exchange = self._exchanged(method, url, headers or {}, post_data)
        self._points.at("after request")
        if exchange.aborted:
            raise stripe.APIConnectionError("the connection was cut")
        body = transport.set_aside(exchange.answer, exchange.status, exchange.headers)
        return body.decode(), exchange.status, exchange.headers

    def _exchanged(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any
    ) -> _Exchange:
        parts = urlsplit(url)
        self.asked_for = parts.path.rpartition("/")[2]
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        scope = {
            "type": "http",
            "method": method.upper(),
            "path": parts.path,
            "query_string": parts.query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        }
        if method == "post":
            key = headers.get("Idempotency-Key", "")
            self.posted.append((parts.path, key, body.decode()))
        exchange = _Exchange(body)
        _finished(self._api(scope, exchange.receive, exchange.send))
        return exchange

    def close(self) -> None:
        """There is nothing to close."""


def _finished(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end what only ever waits for what is there."""
    try:
        while True:
            work.send(None)
    except StopIteration:
        return


class SimulatedGateway(Gateway):
    """The gateway itself, over the wire of a simulation; it waits for nothing."""

    def __init__(self, wire: Wire) -> None:
        budget = Budget(sleep=lambda _seconds: None)
        super().__init__(KEY, livemode=False, api_base=ADDRESS, budget=budget, wait=wait_none())
        self._client = stripe.StripeClient(
            KEY,
            base_addresses={"api": ADDRESS, "files": ADDRESS},
            max_network_retries=0,
            http_client=wire,
        )
