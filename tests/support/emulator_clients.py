"""What the emulator's tests share: the official SDK's client, a payment, a webhook receiver."""

from __future__ import annotations

import http.server
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import stripe

from core.emulator.server import RunningEmulator

KEY = "sk_test_anything"
CARD = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}


def client_of(emulator: RunningEmulator, key: str = KEY) -> stripe.StripeClient:
    """The SDK, unchanged but for the address and for not trying again."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": emulator.base_url, "files": emulator.base_url},
        max_network_retries=0,
    )


def pay(
    client: stripe.StripeClient,
    token: str = "pm_card_visa",
    amount: int = 2000,
    currency: str = "usd",
    **params: Any,
) -> stripe.PaymentIntent:
    """A payment confirmed at once with a test payment method."""
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": currency,
            "payment_method": token,
            "confirm": True,
            "return_url": "https://shop.example.com/back",
            **params,
        }
    )


@dataclass
class Answer:
    """A raw HTTP answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def raw(
    emulator: RunningEmulator,
    method: str,
    path: str,
    form: dict[str, Any] | bytes | None = None,
    **headers: str,
) -> Answer:
    """A request without the SDK; header names are given with underscores."""
    data = urllib.parse.urlencode(form).encode() if isinstance(form, dict) else form
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        emulator.base_url + path,
        data=data,
        method=method,
        headers={"Authorization": f"Bearer {KEY}", **named},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, _lower(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass
class Receiver:
    """A webhook endpoint that keeps what it gets, and fails the first `refuse` deliveries."""

    secret: str
    url: str = ""
    refuse: int = 0
    bodies: list[tuple[bytes, str]] = field(default_factory=list)

    def events(self) -> list[stripe.Event]:
        """What came, each signature verified by the SDK."""
        return [
            stripe.Webhook.construct_event(body, signature, self.secret)
            for body, signature in list(self.bodies)
        ]


@contextmanager
def receiver(secret: str = "whsec_test", refuse: int = 0) -> Iterator[Receiver]:
    """A listening `Receiver`."""
    found, lock = Receiver(secret, refuse=refuse), threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                status = 500 if found.refuse else 200
                if found.refuse:
                    found.refuse -= 1
                else:
                    found.bodies.append((body, self.headers["Stripe-Signature"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
