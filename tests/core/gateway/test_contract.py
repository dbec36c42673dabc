"""Every request that the gateway sends is one that Stripe's own stripe-mock accepts, too."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from tenacity import wait_none

from core.access.principals import Caller
from core.actions.disputes import disputes
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.payments import checkout_sessions, payments
from core.actions.payments.checkout_order import AskedItem, AskedOrder, read
from core.actions.refunds import ask as refunds
from core.emulator.server import start_emulator
from core.errors import StripeError
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from dashboard.process import ports
from tests.support.account_mirror import KEY, connect, do_business
from tests.support.disputes import TEST, disputed, pdf
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import ASKED, make_context, pay, with_token
from tests.support.receivers import free_port, wait_until

#: Of a call's headers, those that say what it asks for.
SENT = ("authorization", "content-type", "stripe-version", "idempotency-key")


@dataclass(frozen=True)
class Recorded:
    """One request as it went over the wire."""

    method: str
    target: str
    body: bytes
    headers: dict[str, str]

    @property
    def shape(self) -> tuple[str, str, str]:
        """Requests of one shape differ in ids and amounts alone."""
        path, _, query = self.target.partition("?")
        parts = [
            "{id}"
            if "_" in part and part[-1:].isalnum() and any(c.isdigit() for c in part)
            else part
            for part in path.split("/")
        ]
        names = sorted(pair.partition("=")[0] for pair in f"{query}&{_text(self)}".split("&"))
        return self.method, "/".join(parts), " ".join(dict.fromkeys(names))


def _text(request: Recorded) -> str:
    form = "form-urlencoded" in request.headers.get("content-type", "")
    return request.body.decode() if form else ""


class Recorder(ThreadingHTTPServer):
    """A proxy before the emulator that keeps what passes."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.upstream = urlsplit(upstream).netloc
        self.kept: list[Recorded] = []


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Recorder

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k.lower(): v for k, v in self.headers.items() if k.lower() in SENT}
        self.server.kept.append(Recorded(self.command, self.path, body, headers))
        status, given, answer = call(self.server.upstream, self.server.kept[-1])
        self.send_response(status)
        for name, value in given:
            if name.lower() in ("request-id", "content-type", "idempotent-replayed"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = _pass  # noqa: N815 # http.server's names

    def log_message(self, *_args: object) -> None:
        """Nothing: a test is quiet."""


def call(netloc: str, request: Recorded) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = http.client.HTTPConnection(netloc, timeout=30)
    try:
        connection.request(request.method, request.target, request.body, request.headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def stripe_mock():
    """The address of a running stripe-mock; skipped where there is none."""
    binary = shutil.which("stripe-mock")
    if binary is None:
        if os.environ.get("CI") == "true" and os.environ.get("STRIPE_MOCK") != "none":
            pytest.fail("stripe-mock is not on the path")
        pytest.skip("stripe-mock is not on the path")
    port = free_port()
    started = subprocess.Popen(
        [binary, "-http-addr", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        assert started.poll() is None, "stripe-mock ended by itself"
        return ports.answers(port)

    try:
        wait_until(listens, seconds=120)
        yield f"127.0.0.1:{port}"
    finally:
        started.terminate()
        started.wait(30)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What the gateway sends in a day's work: each shape of request once."""
    folder = tmp_path_factory.mktemp("recorded")
    console = make_console(f"sqlite:///{folder / 'tillwatch.db'}")
    backend = with_token(console, person(console, "viewer"), "service")
    with start_emulator(state_path=folder / "emulator.db", seed=9) as emulator:
        recorder = Recorder(emulator.base_url)
        threading.Thread(target=recorder.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{recorder.server_address[1]}"
        _work(console, backend, emulator, address, folder)
        recorder.shutdown()
        recorder.server_close()
    console.engine.dispose()
    return list({request.shape: request for request in recorder.kept}.values())


def _work(console, backend, emulator, address, folder):
    gateway = Gateway(
        KEY, livemode=False, api_base=address, budget=Budget(rate=100_000), wait=wait_none()
    )
    spine = connect(emulator, f"sqlite:///{folder / 'spine.db'}")
    spine.gateway = gateway
    do_business(spine, seed=3, count=18)
    emulator.control("POST", "reviews", {"charge": _charge(gateway)})
    spine.sync()
    spine.deliver(spine.events())
    spine.drain()
    context = make_context(console, emulator)
    context.gateways[False] = gateway
    for token in ("pm_card_visa", "pm_card_threeDSecure2Required"):
        made = pay(context, backend, token)
        payments.retrieve(context, backend, made.payment_intent_id, livemode=False)
    held = payments.create(context, backend, ASKED, livemode=False)
    payments.cancel(context, backend, held.payment_intent_id, livemode=False)
    for verb in ("capture", "confirm"):
        try:
            getattr(payments, verb)(context, backend, held.payment_intent_id, livemode=False)
        except StripeError:
            continue
    _give_back_and_answer(console, context, backend, emulator)
    _lose_replies(context, backend, emulator)


def _give_back_and_answer(console, context, backend, emulator):
    """A refund, an answer to a dispute with a file, a hosted checkout."""
    support, risk, developer = (
        Caller(person(console, role)) for role in ("support", "risk", "developer")
    )
    paid = pay(context, backend, "pm_card_visa")
    emulator.settle()
    asked = refunds.NewRefund(paid.payment_intent_id, "1.00", "duplicate")
    refunds.ask(context, support, asked, livemode=False)
    dispute = disputed(context, emulator, backend)
    disputes.save_draft(context, risk, dispute, {"uncategorized_text": "sent"}, **TEST)
    kept = disputes.attach(context, risk, dispute, "receipt", pdf(1), **TEST)
    disputes.submit(context, risk, dispute, seen=kept.seen, **TEST)
    disputes.accept(context, risk, disputed(context, emulator, backend), **TEST)
    for path in ("refunds/re_1/cancel", "reviews/prv_1/approve"):
        with contextlib.suppress(StripeError):
            context.gateway(False).post(f"/v1/{path}", idempotency_key=path)
    order = read(AskedOrder("usd", [AskedItem("Pen", 3, "1.25")], "5", "8.25"))
    checkout_sessions.create(
        context, developer, order, order_id=1, name="Ada", email="ada@shop.example"
    )


def _charge(gateway):
    found = gateway.get("/v1/charges", limit=100)["data"]
    return next(one["id"] for one in found if one["status"] == "succeeded")


def _lose_replies(context, backend, emulator):
    """The requests by which the worker finds out what became of one."""
    lost = {"kind": "lost_reply", "path": "/v1/payment_intents", "method": "POST", "count": 3}
    emulator.control("POST", "faults", lost)
    with contextlib.suppress(StripeError):
        payments.create(context, backend, ASKED, livemode=False)
    limit = time.monotonic() + 20
    while resolve.resolve(context, KINDS) == 0 and time.monotonic() < limit:
        time.sleep(0.2)


def refused(stripe_mock, requests):
    answers = {request.shape: call(stripe_mock, request) for request in requests}
    return {shape: answer[-300:] for shape, (status, _, answer) in answers.items() if status >= 400}


def test_stripe_mock_accepts_every_request(stripe_mock, recorded):
    paths = {(request.method, request.shape[1]) for request in recorded}
    assert ("POST", "/v1/payment_intents") in paths
    assert ("POST", "/v1/payment_intents/{id}/confirm") in paths
    ends = ("disputes/{id}/close", "refunds/{id}/cancel", "reviews/{id}/approve")
    for home in ("refunds", "files", "checkout/sessions", "disputes/{id}", *ends):
        assert ("POST", f"/v1/{home}") in paths
    assert len(paths) >= 22, sorted(paths)
    assert refused(stripe_mock, recorded) == {}


def test_a_request_that_stripe_does_not_know_would_be_seen(stripe_mock, recorded):
    made = next(r for r in recorded if r.method == "POST" and r.target == "/v1/payment_intents")
    wrong = Recorded(made.method, made.target, made.body + b"&order_id=42", made.headers)
    assert len(refused(stripe_mock, [wrong])) == 1
