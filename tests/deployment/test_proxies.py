"""Each proxy of docs/deployment in front of a running ui and receiver, over TLS."""

from __future__ import annotations

import re
import socket
import ssl

import httpx
import pytest
from sqlalchemy import select
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from core.access import passwords, users
from core.db.engine import reading, writing
from core.db.tables import login_attempts
from dashboard.receiver.webhook import PATH
from tests.support import proxies
from tests.support.proxies import Site
from tests.support.receivers import environment as receiver_environment
from tests.support.receivers import (
    event_body,
    free_port,
    kill,
    post,
    start_process,
    stored_ids,
)
from tests.support.ui_servers import run_once, running_ui

pytestmark = pytest.mark.long
PASSWORD = "a password of the tests"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A ui and a receiver that know of their proxy's address; the second receiver is down."""
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'tillwatch.db'}"
    https, port = free_port(), free_port()
    behind = {
        "UI_ORIGIN": f"https://localhost:{https}",
        "FORCE_HTTPS": "true",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with running_ui(folder, DATABASE_URL=url, **behind) as ui:
        env = receiver_environment(folder, url, port) | behind
        receiver = start_process(["dashboard", "receiver"], env, port)
        made = Site(folder, https, free_port(), ui.port, (port, free_port()))
        made.make_certificate()
        with writing(ui.console.engine) as connection:
            users.create(
                connection,
                email="ada@tillwatch.test",
                roles=["viewer"],
                password_hash=passwords.hash_password(PASSWORD),
                actor="tests",
                production=False,
            )
        yield made, ui
        kill(receiver)


@pytest.fixture(params=["nginx", "caddy"])
def proxy(site, request):
    with proxies.running(request.param, site[0]) as running:
        yield running


@pytest.fixture
def client(proxy):
    with httpx.Client(base_url=proxy.base, verify=proxy.trust, timeout=60) as client:
        yield client


def sign_in(client, password=PASSWORD, **headers):
    page = client.get("/login").text
    fields = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page))
    form = {**fields, "email": "ada@tillwatch.test", "password": password}
    return client.post("/login", data=form, headers=headers)


def test_people_sign_in_over_tls_and_their_socket_opens(proxy, client):
    plain = httpx.get(f"http://127.0.0.1:{proxy.http}/login", headers={"Host": "localhost"})
    assert plain.status_code in (301, 308)
    assert plain.headers["location"].startswith("https://localhost")

    shown = client.get("/login")
    assert shown.status_code == 200
    for name in ("content-security-policy", "x-content-type-options", "strict-transport-security"):
        assert len(shown.headers.get_list(name)) == 1, name
    assert "max-age=31536000" in shown.headers["strict-transport-security"]
    assert not re.search(r"\d", shown.headers.get("server", ""))

    entered = sign_in(client)
    assert entered.status_code == 303, entered.text[-500:]
    cookie = next(c for c in client.cookies.jar if not c.name.endswith("-form"))
    assert (cookie.name[:7], cookie.secure) == ("__Host-", True)
    stream = {
        "uri": f"wss://localhost:{proxy.https}/_stcore/stream",
        "ssl": proxy.trust,
        "subprotocols": ["streamlit"],
        "additional_headers": {"Cookie": f"{cookie.name}={cookie.value}"},
        "max_size": None,
        "open_timeout": 60,
    }
    with connect(origin=proxy.base, **stream) as line:
        _, said = run_once(line)
    assert "ada@tillwatch.test" in said or "Overview" in said
    with pytest.raises(InvalidStatus) as refused, connect(origin="https://evil.test", **stream):
        pass
    assert refused.value.response.status_code == 403


def test_a_signed_event_over_tls_is_kept_and_all_else_refused(site, proxy, client, request):
    number = f"over_{request.node.callspec.id}"
    # Both receivers take their turn; the one that is down is passed over, by Caddy from the second
    # try on.
    tries = {"nginx": 1, "caddy": 3}[request.node.callspec.id]
    for turn in range(4):
        answers = (post(client, event_body(f"{number}_{turn}")) for _ in range(tries))
        assert any(answer.status_code == 200 for answer in answers)
    kept = stored_ids(str(site[1].console.engine.url))
    assert {f"evt_{number}_{turn}" for turn in range(4)} <= set(kept)
    wrong = {"Stripe-Signature": "t=1,v1=00"}
    assert post(client, event_body(number), headers=wrong).status_code == 400
    assert client.post(PATH, content=b"x" * (3 << 19)).status_code == 413
    assert client.get("/api/v1/payments/config").status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/_control/state"])
def test_what_is_for_the_inside_is_not_passed_on(client, path):
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


def test_an_address_that_a_client_claims_is_not_believed(site, proxy):
    there = httpx.HTTPTransport(local_address="127.0.0.9", verify=proxy.trust)
    with httpx.Client(base_url=proxy.base, transport=there, timeout=60) as client:
        assert sign_in(client, "wrong", **{"X-Forwarded-For": "203.0.113.7"}).status_code == 401
    with reading(site[1].console.engine) as connection:
        a = login_attempts.c
        assert connection.scalar(select(a.ip).order_by(a.seq.desc()).limit(1)) == "127.0.0.9"


def test_another_name_is_served_nothing(proxy):
    answer = httpx.get(proxy.base + "/login", headers={"Host": "evil.test"}, verify=proxy.trust)
    assert "password" not in answer.text
    hello = proxy.trust
    hello.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", proxy.https), timeout=60) as line,
        pytest.raises(ssl.SSLError),
    ):
        hello.wrap_socket(line, server_hostname="evil.test")
