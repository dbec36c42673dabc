"""What is sent depends on the endpoint alone, and no endpoint spoils deliveries to another."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import stripe
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.emulator.runtime.background import wait_until
from core.emulator.runtime.webhook_sender import WebhookSender
from core.emulator.server import start_emulator
from tests.support.emulator_clients import client_of, receiver

BODY = '{"id":"evt_1","name":"Zoë"}'.encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Endpoint:
    """A socket that takes one request after another and answers each as told, then closes."""

    answers: list[bytes]
    tls: ssl.SSLContext | None = None
    #: How many requests are answered on one connection before it is closed without a word.
    per_connection: int = 1_000
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while self.answers:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                with self.tls.wrap_socket(plain, server_side=True) if self.tls else plain as opened:
                    for _ in range(min(self.per_connection, len(self.answers))):
                        if not self._answer_one(opened):
                            break
            except OSError:
                continue  # the other side does not trust it

    def _answer_one(self, opened: socket.socket) -> bool:
        data = b""
        while not data.endswith(BODY):
            part = opened.recv(65_536)
            if not part:
                return False
            data += part
        self.requests.append(data)
        opened.sendall(self.answers.pop(0))
        return True

    def close(self) -> None:
        self.listener.close()


@pytest.fixture
def sender() -> Iterator[WebhookSender]:
    made = WebhookSender()
    yield made
    made.close()


@pytest.fixture
def opened() -> Iterator[list[Endpoint]]:
    """Endpoints to close at the end."""
    found: list[Endpoint] = []
    yield found
    for endpoint in found:
        endpoint.close()


def test_request_has_stripes_headers_and_no_others(
    sender: WebhookSender, opened: list[Endpoint]
) -> None:
    opened.append(endpoint := Endpoint([OK.replace(b"200 OK", b"200 OK\r\nSet-Cookie: a=1")] * 2))
    url = f"http://ada:secret@127.0.0.1:{endpoint.port}/hook?x=1&y=%20#part"
    assert [sender.post(url, BODY, "whsec_a") for _ in range(2)] == ["200", "200"]
    for request in endpoint.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert first == "POST /hook?x=1&y=%20 HTTP/1.1"
        signed = headers.pop("Stripe-Signature")
        assert stripe.WebhookSignature.verify_header(body.decode(), signed, "whsec_a", 300)
        assert headers == {
            "Host": f"127.0.0.1:{endpoint.port}",
            "Accept-Encoding": "identity",
            "Content-Length": str(len(BODY)),
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
    assert endpoint.connections == 1


def test_environment_names_no_proxy(
    sender: WebhookSender, opened: list[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.append(endpoint := Endpoint([OK]))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert sender.post(f"http://127.0.0.1:{endpoint.port}/", BODY, "whsec_a") == "200"


def test_redirect_is_an_answer_and_not_followed(
    sender: WebhookSender, opened: list[Endpoint]
) -> None:
    opened.append(other := Endpoint([OK]))
    place = f"Location: http://127.0.0.1:{other.port}/".encode()
    answer = b"HTTP/1.1 307 Temporary Redirect\r\n" + place + b"\r\nContent-Length: 0\r\n\r\n"
    opened.append(endpoint := Endpoint([answer]))
    assert sender.post(f"http://127.0.0.1:{endpoint.port}/", BODY, "whsec_a") == "307"
    assert other.requests == []


def test_connection_that_the_other_side_closed_is_replaced(
    sender: WebhookSender, opened: list[Endpoint]
) -> None:
    opened.append(endpoint := Endpoint([OK] * 3, per_connection=1))
    url = f"http://127.0.0.1:{endpoint.port}/"
    assert [sender.post(url, BODY, "whsec_a") for _ in range(3)] == ["200"] * 3
    assert (len(endpoint.requests), endpoint.connections) == (3, 3)


def test_status_counts_whatever_the_body_says(
    sender: WebhookSender, opened: list[Endpoint]
) -> None:
    broken = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno"
    opened.append(endpoint := Endpoint([broken]))
    assert sender.post(f"http://127.0.0.1:{endpoint.port}/", BODY, "whsec_a") == "200"


@pytest.mark.parametrize("host", ["127.0.0.1:9", f"{'a' * 64}.example", "xn--a.invalid"])
def test_endpoint_that_cannot_be_reached_is_named_and_no_error(
    sender: WebhookSender, host: str
) -> None:
    assert not sender.post(f"http://{host}/", BODY, "whsec_a").isdigit()


def test_address_without_a_possible_host_stops_no_other_delivery() -> None:
    """A name no resolver takes, as often as there are threads that send."""
    with start_emulator() as emulator, receiver() as hook:
        for number in range(6):
            url = f"http://{'a' * 64}.example/{number}"
            emulator.add_webhook(url, "whsec_none")
        client_of(emulator).v1.customers.create({"name": "Ada"})
        emulator.add_webhook(hook.url, hook.secret)
        client_of(emulator).v1.customers.create({"name": "Grace"})
        assert wait_until(lambda: len(hook.bodies) == 1, 10)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that nobody but the machine can know, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    return folder / "certificate.pem", folder / "key.pem"


def test_certificate_counts_that_the_machine_trusts_and_no_other(
    opened: list[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = _certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    opened.append(endpoint := Endpoint([OK], tls))
    url = f"https://127.0.0.1:{endpoint.port}/"
    stranger = WebhookSender()
    assert stranger.post(url, BODY, "whsec_a") == "SSLError"
    stranger.close()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sender = WebhookSender()
    assert sender.post(url, BODY, "whsec_a") == "200"
    sender.close()
