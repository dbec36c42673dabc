"""Open-loop load: requests that come when they come, whatever the answers do.

By way of `select`, whose limit of time is in microseconds: an event loop wakes by the millisecond,
which is as much as what is measured, and sends what came due in between all at once.
"""

from __future__ import annotations

import random
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

from benchmarks.load import Outcome, answered

#: A card payment's: payment_intent.created, charge.succeeded, payment_intent.succeeded.
EVENTS_OF_A_PAYMENT = 3
_CONNECTIONS = 64


def evenly(count: int, rate: float) -> list[float]:
    """The instants, in seconds from the start, of `count` requests that never meet."""
    return [number / rate for number in range(count)]


def as_of_payments(count: int, rate: float, seed: int) -> list[float]:
    """The instants of `count` events as Stripe sends them, `rate` a second in the mean.

    Payments know nothing of one another (Poisson), and all events of one are sent at once.
    """
    gaps = random.Random(seed)
    payments = -(-count // EVENTS_OF_A_PAYMENT)
    starts = accumulate(gaps.expovariate(rate / EVENTS_OF_A_PAYMENT) for _ in range(payments))
    return [start for start in starts for _ in range(EVENTS_OF_A_PAYMENT)][:count]


def open_loop(port: int, requests: Sequence[bytes], due: Sequence[float]) -> Outcome:
    """Send each request at its instant; latency counts from there.

    One that finds all 64 connections taken is sent when one of them is free.
    """
    sender = Sender(port)
    try:
        return sender.run(requests, due)
    finally:
        sender.close()


class Sender:
    """Keep-alive connections to a port of this machine, each with one request at a time."""

    def __init__(self, port: int) -> None:
        self._free = deque(_connect(port) for _ in range(_CONNECTIONS))
        self._busy: dict[socket.socket, tuple[float, bytes]] = {}
        self._outcome = Outcome()

    def run(self, requests: Sequence[bytes], due: Sequence[float]) -> Outcome:
        """All requests, to the last answer; `TimeoutError` if none comes for a minute."""
        start = time.perf_counter() + 0.05
        planned = zip(due, requests, strict=True)
        waiting = deque((start + instant, request) for instant, request in planned)
        while waiting or self._busy:
            while waiting and self._free and waiting[0][0] <= time.perf_counter():
                self._send(*waiting.popleft())
            early = 60.0
            if waiting and self._free:
                early = max(0.0, waiting[0][0] - time.perf_counter())
            ready, _, _ = select.select(list(self._busy), [], [], early)
            if not ready and early == 60.0:
                raise TimeoutError("no answer came")
            for connection in ready:
                self._receive(connection)
        self._outcome.seconds = time.perf_counter() - start
        return self._outcome

    def close(self) -> None:
        """End the connections."""
        for connection in (*self._free, *self._busy):
            connection.close()

    def _send(self, planned: float, request: bytes) -> None:
        connection = self._free.popleft()
        connection.sendall(request)
        self._busy[connection] = planned, b""

    def _receive(self, connection: socket.socket) -> None:
        planned, before = self._busy[connection]
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the connection was lost")
        found = answered(before + part)
        if found is None:
            self._busy[connection] = planned, before + part
            return
        self._outcome.latencies.append(time.perf_counter() - planned)
        self._outcome.statuses.append(found[0])
        del self._busy[connection]
        self._free.append(connection)


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
