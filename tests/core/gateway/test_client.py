"""Calls to Stripe: three tries at most, one idempotency key, a budget, and errors of our own."""

import logging
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tenacity import wait_none

from core import clock
from core.emulator.server import start_emulator
from core.errors import (
    CardDeclined,
    IdempotencyConflict,
    OutcomeUnknown,
    StripeBusy,
    StripeKeyRefused,
    StripeNotFound,
    StripeRefused,
    StripeUnreachable,
)
from core.gateway.budget import BURST, Budget, endpoint
from core.gateway.client import API_VERSION, KEY_LASTS, TRIES, Gateway

INTENT = {"amount": 1200, "currency": "usd"}
CARD_ONLY = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=3) as running:
        yield running


@pytest.fixture
def calls():
    return []


@pytest.fixture
def gateway(emulator, calls):
    return Gateway(
        "sk_test_dummy",
        livemode=False,
        api_base=emulator.base_url,
        log=calls.append,
        wait=wait_none(),
        read_seconds=1.0,
    )


def test_a_right_that_the_key_lacks_is_named_and_the_key_is_not(emulator, gateway):
    lacking = "rak_balance_transaction_source_read"
    emulator.fault(kind="error", status=403, permission=lacking)
    with pytest.raises(StripeKeyRefused) as refused:
        gateway.get("/v1/balance_transactions")
    assert refused.value.permissions == (lacking,)
    assert refused.value.message == f"The API key lacks the right {lacking}."
    emulator.fault(kind="error", status=403)
    with pytest.raises(StripeKeyRefused) as refused:
        gateway.get("/v1/balance_transactions")
    assert refused.value.permissions == ()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "rate_limit"}, StripeBusy),
        ({"kind": "reset"}, OutcomeUnknown),
    ],
)
def test_what_may_pass_is_tried_three_times(emulator, gateway, calls, fault, error):
    emulator.fault(path="/v1/payment_intents", count=9, **fault)
    with pytest.raises(error):
        gateway.post("/v1/payment_intents", idempotency_key="one", **INTENT)
    assert [call.attempt for call in calls] == [1, 2, 3]
    assert {call.idempotency_key for call in calls} == {"one"}


def test_a_reading_that_takes_too_long_is_tried_three_times(emulator, gateway, calls):
    emulator.fault("delay", seconds=3, path="/v1/payment_intents", count=9)
    with pytest.raises(OutcomeUnknown):
        gateway.get("/v1/payment_intents")
    assert [call.attempt for call in calls] == [1, 2, 3]
    assert {call.status for call in calls} == {None}


def test_a_second_try_can_succeed_and_makes_one_object(emulator, gateway, calls):
    emulator.fault("lost_reply", path="/v1/payment_intents", count=1)
    made = gateway.post("/v1/payment_intents", idempotency_key="lost", **INTENT)
    assert len(calls) == 2
    listed = gateway.get("/v1/payment_intents")["data"]
    assert [intent["id"] for intent in listed] == [made["id"]]


def test_other_failures_are_not_tried_again(emulator, gateway, calls):
    emulator.fault("error", status=500, path="/v1/payment_intents", count=9)
    with pytest.raises(OutcomeUnknown):
        gateway.post("/v1/payment_intents", idempotency_key="once", **INTENT)
    assert len(calls) == 1


def test_each_refusal_has_its_error(emulator, gateway):
    with pytest.raises(StripeNotFound):
        gateway.get("/v1/payment_intents/pi_missing")
    with pytest.raises(StripeRefused) as refused:
        gateway.post("/v1/payment_intents", idempotency_key="a", **INTENT, nonsense=1)
    assert refused.value.request_id
    intent = gateway.post("/v1/payment_intents", idempotency_key="b", **INTENT, **CARD_ONLY)
    with pytest.raises(IdempotencyConflict):
        gateway.post("/v1/payment_intents", idempotency_key="b", amount=900, currency="eur")
    with pytest.raises(CardDeclined) as declined:
        gateway.post(
            f"/v1/payment_intents/{intent['id']}/confirm",
            idempotency_key="c",
            payment_method="pm_card_chargeDeclinedInsufficientFunds",
        )
    assert declined.value.decline_code == "insufficient_funds"
    stranger = Gateway("sk_live_dummy", livemode=True, api_base=emulator.base_url)
    with pytest.raises(StripeKeyRefused):
        stranger.get("/v1/balance")


def test_keys_and_bodies_stay_out_of_logs_and_errors(emulator, gateway, calls, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StripeRefused) as refused:
        gateway.post("/v1/payment_intents", idempotency_key="x", **INTENT, receipt_email=7, odd=1)
    seen = caplog.text + repr(calls) + str(refused.value) + repr(vars(refused.value))
    assert "sk_test_dummy" not in seen
    assert "client_secret" not in seen
    assert TRIES == 3
    assert API_VERSION


@pytest.mark.parametrize("ahead", ["now", "machine_seconds"])
@pytest.mark.parametrize(("until", "slept"), [(None, KEY_LASTS), (timedelta(minutes=3),) * 2])
def test_no_try_is_made_past_its_time(emulator, gateway, calls, monkeypatch, ahead, until, slept):
    """By either clock, in the line before the first try and between two."""

    def sleep(attempt):
        told, by = getattr(clock, ahead), slept if ahead == "now" else slept.total_seconds()
        monkeypatch.setattr(clock, ahead, lambda: told() + by)
        return 0.0

    def post(key):
        given = {"until": clock.ends_in(until)} if until else {}
        with pytest.raises(OutcomeUnknown):
            gateway.post("/v1/customers", idempotency_key=key, name="Ada", **given)

    monkeypatch.setattr(gateway, "_wait", sleep)
    emulator.fault("lost_reply", path="/v1/customers", count=1)
    post("between two tries")
    assert len(calls) == 1
    monkeypatch.setattr(gateway, "_budget", Budget(rate=0.001, sleep=sleep))
    # One more than may go at once: whether that many fill it depends on the machine's uptime.
    for _ in range(BURST + 1):
        gateway._budget.spend("post", "/v1/customers")
    post("in line")
    assert len(calls) == 1
    gateway.get("/v1/customers")
    assert len(calls) == 2


def test_pages_bring_every_object_once(emulator, gateway):
    for number in range(5):
        gateway.post("/v1/customers", idempotency_key=f"k{number}", name=f"Customer {number}")
    listed = [row["id"] for page in gateway.pages("/v1/customers") for row in page]
    assert len(set(listed)) == 5


def test_the_budget_keeps_each_endpoint_under_stripes_limit():
    now, waits = [1000.0], []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    budget = Budget(tick=lambda: now[0], sleep=sleep)
    times = []
    for number in range(100):
        budget.spend("get", f"/v1/charges/ch_{number}")
        times.append(now[0])
    assert all(len([t for t in times if s <= t < s + 1]) <= 20 + BURST + 1 for s in times)
    assert sum(waits) == pytest.approx(100 / 20 - BURST / 20, abs=0.1)
    before = now[0]
    budget.spend("get", "/v1/refunds")
    assert now[0] == before


def test_an_endpoint_is_a_path_without_its_ids():
    assert endpoint("get", "/v1/charges/ch_1Abc") == "GET /v1/charges/:id"
    assert endpoint("get", "/v1/payment_intents") == "GET /v1/payment_intents"
    assert endpoint("get", "/v1/balance_transactions") == "GET /v1/balance_transactions"
    assert endpoint("get", "/v1/radar/early_fraud_warnings/issfr_1") == (
        "GET /v1/radar/early_fraud_warnings/:id"
    )
    assert endpoint("post", "/v1/payment_intents/pi_9/confirm") == (
        "POST /v1/payment_intents/:id/confirm"
    )


@pytest.mark.parametrize("fault", [{"kind": "rate_limit"}, {"kind": "error", "status": 401}])
def test_a_refusal_behind_a_try_without_answer_says_nothing_of_that_try(emulator, gateway, fault):
    card = {"payment_method": "pm_card_visa", "confirm": True} | CARD_ONLY
    emulator.fault("lost_reply", method="POST", path="/v1/payment_intents", count=1)
    emulator.fault(method="POST", path="/v1/payment_intents", count=2, **fault)
    with pytest.raises(OutcomeUnknown):
        gateway.post("/v1/payment_intents", idempotency_key="paid", **INTENT, **card)
    (made,) = gateway.get("/v1/payment_intents")["data"]
    assert made["status"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"name": "half a pair \\ud83d"}', {"name": "half a pair \ud83d"}),
        (b'{"net": 0.1, "data": []}', {"net": 0.1, "data": []}),
    ],
)
def test_an_answer_is_read_as_it_was_written(body, read):
    assert answering(body).get("/v1/balance") == read


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json_leaves_the_outcome_unknown(body):
    gateway = answering(body)
    with pytest.raises(StripeUnreachable) as read:
        gateway.get("/v1/balance")
    assert (read.value.http_status, read.value.request_id) == (200, "req_odd")
    with pytest.raises(OutcomeUnknown):
        gateway.post("/v1/refunds", idempotency_key="odd")


def answering(body):
    """A gateway to a server that answers all requests so."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Request-Id", "req_odd")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the server asks for

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return Gateway(
        "sk_test_dummy",
        livemode=False,
        api_base=f"http://127.0.0.1:{server.server_port}",
        wait=wait_none(),
    )
