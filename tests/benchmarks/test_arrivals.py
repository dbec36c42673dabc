"""The open loop of the benchmarks: events come by payment; waiting counts from the plan."""

from __future__ import annotations

import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.arrivals import EVENTS_OF_A_PAYMENT, as_of_payments, evenly, open_loop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@given(st.integers(1, 500), st.integers(0, 1000))
def test_events_of_a_payment_come_at_once(count: int, seed: int) -> None:
    instants = as_of_payments(count, 1000, seed)
    assert len(instants) == count
    assert instants == sorted(instants) == as_of_payments(count, 1000, seed)
    together = list(Counter(instants).values())
    assert set(together[:-1]) <= {EVENTS_OF_A_PAYMENT}
    assert together[-1] == (count - 1) % EVENTS_OF_A_PAYMENT + 1


def test_the_rate_is_the_one_asked_for() -> None:
    assert 27 < as_of_payments(30_000, 1000, seed=1)[-1] < 33
    assert {round(later - earlier, 9) for earlier, later in pairwise(evenly(50, 200))} == {0.005}


@contextmanager
def _answering_at_the_last(count: int) -> Iterator[int]:
    """The port of a server that answers nobody before it has heard `count` requests."""
    all_heard = threading.Barrier(count, timeout=10)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(100):
                all_heard.wait()
                self.request.sendall(_ANSWER)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_late_answer_counts_from_the_planned_instant() -> None:
    with _answering_at_the_last(3) as port:
        outcome = open_loop(port, [b"GET / HTTP/1.1\r\n\r\n"] * 3, [0.0, 0.1, 0.2])
    assert outcome.statuses == [200, 200, 200]
    first, second, third = sorted(outcome.latencies, reverse=True)
    assert first >= 0.2
    assert second >= 0.1
    assert third < first
