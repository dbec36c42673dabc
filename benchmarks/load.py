"""A cheap HTTP client for load: raw sockets, one request at a time on each connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from stripe import WebhookSignature


@dataclass
class Outcome:
    """What the requests of a run came to; latencies in seconds."""

    seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests answered 200 in a second."""
        return sum(status == 200 for status in self.statuses) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that `share` of the requests stayed within, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def answered(buffer: bytes) -> tuple[int, bytes] | None:
    """The status of the answer that a buffer begins with, and what follows; None if cut short."""
    head, gap, body = buffer.partition(b"\r\n\r\n")
    if not gap:
        return None
    lower = head.lower()
    place = lower.find(b"content-length:")
    length = int(lower[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
    return (int(head[9:12]), body[length:]) if len(body) >= length else None


class Caller(asyncio.Protocol):
    """One keep-alive connection; `call` gives the status of the answer."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the connection stands."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """asyncio's: a part of the answer."""
        self._buffer += data
        found = answered(self._buffer)
        if found and self._answer is not None and not self._answer.done():
            status, self._buffer = found
            self._answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the other side has gone."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the connection was lost"))

    async def call(self, request: bytes) -> int:
        """Send a whole request; raises `ConnectionError` when the other side goes."""
        if self._transport.is_closing():
            raise ConnectionError("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        self._transport.close()


class Pump(Caller):
    """A connection that sends its next request from within the last one's answer: no task, no
    future, so that the client takes as little of the machine as it can."""

    def __init__(self, requests: Iterator[bytes], end: float, outcome: Outcome) -> None:
        super().__init__()
        self._requests = requests
        self._end = end
        self._outcome = outcome
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: send the first request."""
        super().connection_made(transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """asyncio's: count an answer, send the next request."""
        self._buffer += data
        if found := answered(self._buffer):
            status, self._buffer = found
            self._outcome.statuses.append(status)
            self._outcome.latencies.append(time.perf_counter() - self._sent)
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the end, ours or the other side's."""
        self.done.set_result(None)

    def _next(self) -> None:
        self._sent = time.perf_counter()
        request = next(self._requests, None) if self._sent < self._end else None
        if request is None:
            self.close()
        else:
            self._transport.write(request)


async def connect(port: int) -> Caller:
    """A connection to a port of this machine."""
    _, caller = await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", port)
    return caller


async def closed_loop(
    port: int, requests: Iterator[bytes], connections: int, seconds: float
) -> Outcome:
    """Each connection sends its next request as soon as the last one is answered."""
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    pumps = []
    for _ in range(connections):
        pump = Pump(requests, started + seconds, outcome)
        await loop.create_connection(lambda pump=pump: pump, "127.0.0.1", port)
        pumps.append(pump.done)
    async with asyncio.timeout(seconds + 60):
        await asyncio.gather(*pumps)
    outcome.seconds = time.perf_counter() - started
    return outcome


def webhook_request(body: bytes, secret: str, path: str, *, at: int | None = None) -> bytes:
    """A whole signed POST of an event, ready to be written to a socket."""
    header = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: {header}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
