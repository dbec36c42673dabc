"""Host on every port: a name that somebody pointed at us opens nothing."""

from __future__ import annotations

import socket

import httpx
import pytest

from core.emulator.server import start_emulator
from dashboard.receiver.webhook import PATH
from tests.support.receivers import event_body, serving, settings_for, sign

OPEN = ["/readyz", "/metrics", "/openapi.json", "/api/v1/payments/payment-intent/pi_1"]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    named = {
        "public_url": "https://pay.example.com",
        "ui_origin": "https://till.example.com:8443",
        "allowed_hosts": "receiver, Metrics.internal",
    }
    with serving(settings_for(folder, f"sqlite:///{folder / 'x.db'}", **named)) as client:
        yield client


@pytest.fixture(scope="module")
def emulator():
    with start_emulator() as running:
        yield running


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8502", "pay.example.com.evil.example", "127.0.0.1.evil.example",
     "localhost.evil.example", "[::1", "", "pay.example.com@evil.example"],
)  # fmt: skip
def test_an_unknown_name_is_refused(client, path, host):
    assert client.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8502", "localhost", "LOCALHOST:1", "[::1]:8502", "10.1.2.3:8502", "pay.example.com",
     "till.example.com:8443", "receiver:8502", "metrics.internal"],
)  # fmt: skip
def test_our_names_and_addresses_are_answered(client, host):
    assert client.get("/metrics", headers={"Host": host}).status_code == 200


def test_two_hosts_are_none(client):
    with socket.create_connection(("127.0.0.1", client.base_url.port), timeout=10) as line:
        line.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert int(line.recv(100).split()[1]) in (400, 421)


def test_what_is_signed_needs_no_name_and_health_has_no_secret(client):
    body = event_body("named")
    signed = sign(body) | {"Host": "hooks.example.com"}
    assert client.post(PATH, content=body, headers=signed).status_code == 200
    assert client.get("/healthz", headers={"Host": "probe.internal"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/v1/balance", "/_control/state", "/_hosted/x"])
def test_the_emulator_is_asked_for_by_its_own_names(emulator, path):
    answer = httpx.get(emulator.base_url + path, headers={"Host": "evil.example:12111"})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_controls_take_no_foreign_origin(emulator, headers, status):
    for method, path in (("POST", "settle"), ("DELETE", "faults"), ("GET", "state")):
        where = f"{emulator.base_url}/_control/{path}"
        content = b"{}" if method == "POST" else None
        answer = httpx.request(method, where, headers=headers, content=content)
        assert answer.status_code == status, path


def test_the_emulators_own_pages_may_use_its_controls(emulator):
    own = {"Origin": emulator.base_url}
    assert httpx.post(f"{emulator.base_url}/_control/settle", headers=own).status_code == 200


def test_the_emulator_may_be_given_a_name():
    with start_emulator(names=["emulator"]) as running:
        answer = httpx.get(running.base_url, headers={"Host": "Emulator:12111"})
        assert answer.status_code == 200
