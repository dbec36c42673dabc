"""What tests order at `/_control` is checked before it is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, raw


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("faults", {"kind": "fire"}, "kind"),
        ("faults", {"kind": "error", "colour": "red"}, "colour"),
        ("faults", {"kind": "error", "count": "x"}, "count"),
        ("faults", {"kind": "error", "count": 0}, "count"),
        ("faults", {"kind": "error", "status": 200}, "status"),
        ("faults", {"kind": "delay", "seconds": -1}, "seconds"),
        ("faults", {"kind": "error", "probability": 2}, "probability"),
        ("faults", {"kind": "error", "path": 5}, "path"),
        ("clock", {"now": 10**17}, "now"),
        ("clock", {"advance_seconds": "1"}, "advance_seconds"),
        ("clock", {"advance_seconds": 10**30}, "now"),
        ("webhooks", {"url": "http://127.0.0.1:9/x"}, "secret"),
        ("trickle", {"per_minute": -1}, "per_minute"),
        ("history", {"days": 0}, "days"),
        ("traffic", {}, "payments"),
        ("clock", {"advance_days": 401}, "advance_days"),
        ("clock", {"advance_days": -1}, "advance_days"),
        ("faults", {"kind": "rate_limit", "reason": "mood"}, "reason"),
        ("settings", {"refund_limit": "no"}, "refund_limit"),
        ("settings", {"colour": "red"}, "colour"),
        ("refunds/re_none", {"status": "lost"}, "status"),
        ("refunds/re_none", {"status": "failed", "failure_reason": "x"}, "failure_reason"),
        ("disputes", {}, "charge"),
        ("disputes", {"charge": "ch_none"}, "charge"),
        ("disputes", {"charge": "ch_none", "reason": "mood"}, "reason"),
        ("disputes/du_none", {}, "status"),
        ("reviews", {}, "charge"),
        ("payouts/po_none", {"status": "lost"}, "status"),
        ("payouts/po_none", {"status": "failed", "failure_code": "x"}, "failure_code"),
    ],
)
def test_bad_order_is_refused_by_name(
    emulator: RunningEmulator, path: str, body: dict[str, Any], named: str
) -> None:
    answer = raw(emulator, "POST", f"/_control/{path}", json.dumps(body).encode())
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["param"] == named
    assert raw(emulator, "GET", "/v1/balance").status == 200
    assert emulator.control("GET", "state")["faults"] == []


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 5000])
def test_order_that_is_no_json_object_is_refused(emulator: RunningEmulator, body: bytes) -> None:
    assert raw(emulator, "POST", "/_control/clock", body).status == 400


def test_fault_hits_the_calls_it_names_so_often_as_it_says() -> None:
    with start_emulator() as emulator:
        client = client_of(emulator)
        emulator.fault("error", status=503, method="GET", path="/v1/charges*", count=2)
        assert client.v1.customers.list().data == []
        for _ in range(2):
            with pytest.raises(stripe.APIError) as caught:
                client.v1.charges.list()
            assert caught.value.http_status == 503
        assert client.v1.charges.list().data == []


def test_rate_limit_says_so_until_it_is_cleared() -> None:
    with start_emulator() as emulator:
        client = client_of(emulator)
        emulator.fault("rate_limit", count=None)
        for _ in range(3):
            with pytest.raises(stripe.RateLimitError) as caught:
                client.v1.balance.retrieve()
            assert caught.value.headers["stripe-rate-limited-reason"] == "global-rate"
        emulator.control("DELETE", "faults")
        assert client.v1.balance.retrieve().object == "balance"


def test_clock_moves_both_ways_and_stands() -> None:
    with start_emulator() as emulator:
        first = emulator.control("POST", "clock", {"now": 1_900_000_000, "frozen": True})
        assert first == {"now": 1_900_000_000, "frozen": True}
        made = client_of(emulator).v1.customers.create({"name": "Ada"})
        assert made.created == 1_900_000_000
        emulator.advance(86_400)
        assert emulator.control("GET", "state")["now"] == 1_900_086_400
        emulator.control("POST", "clock", {"now": 1_800_000_000})
        assert client_of(emulator).v1.customers.create({"name": "B"}).created == 1_800_000_000
        going = emulator.control("POST", "clock", {"frozen": False})
        assert (going["frozen"], going["now"] - 1_800_000_000 < 5) == (False, True)
