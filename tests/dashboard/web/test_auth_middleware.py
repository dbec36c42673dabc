"""The middleware on the real stack: who gets a socket, whose identity it has, when it is cut."""

from __future__ import annotations

import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from core import clock
from core.access import sessions
from core.db.engine import writing
from core.db.tables import users
from tests.support.fixtures_access import email_of, person, session_of
from tests.support.ui_servers import Ui, handshake, rerun, rest, run_once, running_ui, tab

GOOD = "localhost:{p}"
#: Origin and Host of hostile handshakes; each comes with a good session's cookie. {p} is our port.
ORIGINS = [
    None,
    "",
    "null",
    "*",
    "file://",
    "http://evil.example",
    "http://evil.example:{p}",
    "http://localhost",
    "http://localhost:1",
    "http://localhost:{p}0",
    "https://localhost:{p}",
    "ws://localhost:{p}",
    "localhost:{p}",
    "//localhost:{p}",
    "http://localhost:{p}/",
    "http://localhost:{p}/login",
    "http://localhost:{p}.evil.example",
    "http://localhost.evil.example:{p}",
    "http://localhost:{p}@evil.example",
    "http://evil.example#localhost:{p}",
    "http://evil.example?localhost:{p}",
    "http://user@localhost:{p}",
    "http://localhost:{p} http://evil.example",
    "http://127.0.0.1:{p}",
    "http://[::1]:{p}",
    "http://localhost.:{p}",
    "chrome-extension://abcdefghijklmnop",
]
HOSTS = [
    "",
    "evil.example",
    "evil.example:{p}",
    "localhost",
    "localhost:1",
    "localhost.:{p}",
    "localhost:{p}.evil.example",
    "localhost:{p}@evil.example",
    "user@localhost:{p}",
    "127.0.0.1.nip.io:{p}",
    "127.1:{p}",
    "2130706433:{p}",
    "0.0.0.0:{p}",
    "[::ffff:127.0.0.1]:{p}",
    "192.168.0.1:{p}",
]
HOSTILE = [(origin, GOOD) for origin in ORIGINS] + [(f"http://{host}", host) for host in HOSTS]


@pytest.fixture(scope="module")
def ui(tmp_path_factory):
    with running_ui(tmp_path_factory.mktemp("ui")) as running:
        yield running


@pytest.fixture
def user(ui):
    return person(ui.console, "viewer")


@pytest.fixture
def token(ui, user):
    return session_of(ui.console, user)


def knock(ui: Ui, token: str, origin: str | None, host: str | None) -> int:
    headers = [("Cookie", f"tillwatch={token}")]
    if host is not None:
        headers.append(("Host", host.format(p=ui.port)))
    if origin is not None:
        headers.append(("Origin", origin.format(p=ui.port)))
    return handshake(ui.port, headers)


@pytest.mark.parametrize(("origin", "host"), HOSTILE)
def test_hostile_handshakes_do_not_connect(ui, token, origin, host):
    started = time.monotonic()
    assert knock(ui, token, origin, host) in (0, 400, 403)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("extra", [("Origin", "http://evil.example"), ("Host", "evil.example")])
def test_two_origins_or_hosts_do_not_connect(ui, token, extra):
    ours = [("Host", f"localhost:{ui.port}"), ("Origin", ui.base)]
    for headers in ([*ours, extra], [extra, *ours]):
        assert handshake(ui.port, [("Cookie", f"tillwatch={token}"), *headers]) in (0, 400, 403)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_our_own_addresses_connect(ui, token, name):
    assert knock(ui, token, f"http://{name}:{{p}}", f"{name}:{{p}}") == 101


@pytest.mark.parametrize("cookie", ["", "tillwatch=", "tillwatch=x", "other={token}"])
def test_nobody_connects_without_a_session(ui, token, cookie):
    headers = [("Host", f"localhost:{ui.port}"), ("Origin", ui.base)]
    assert handshake(ui.port, [*headers, ("Cookie", cookie.format(token=token))]) == 403
    good = [*headers, ("Cookie", f"tillwatch={token}")]
    assert handshake(ui.port, good, path="/other") == 403
    assert handshake(ui.port, good) == 101


def test_who_has_to_choose_a_password_gets_no_socket_before(ui, user, token):
    good = [("Host", f"localhost:{ui.port}"), ("Origin", ui.base), ("Cookie", f"tillwatch={token}")]
    theirs = users.c.id == user
    for given, status in ((True, 403), (False, 101)):
        with writing(ui.console.engine) as connection:
            connection.execute(users.update().where(theirs).values(password_given=given))
        assert handshake(ui.port, good) == status
    with tab(ui, token) as line:
        run_once(line)
        rest(line)
        with writing(ui.console.engine) as connection:
            connection.execute(users.update().where(theirs).values(password_given=True))
        line.send(rerun())
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=10)


def test_an_identity_brought_along_is_not_believed(ui, user, token):
    admin = person(ui.console, "admin")
    forged = [(name, admin) for name in ("x-console-user", "X-Console-User", "X_CONSOLE_USER")]
    with tab(ui, token, headers=forged) as line:
        _, said = run_once(line)
    assert email_of(ui.console, user) in said
    assert email_of(ui.console, admin) not in said


def test_a_session_id_of_streamlit_is_of_no_use_to_another_person(ui, user, token):
    with tab(ui, token) as line:
        mine, _ = run_once(line)
    other = person(ui.console, "viewer")
    with tab(ui, session_of(ui.console, other), resume=mine) as line:
        theirs, said = run_once(line)
    assert theirs != mine
    # Nor in another session of the same person, whose proof is another.
    with tab(ui, session_of(ui.console, user), resume=mine) as line:
        assert run_once(line)[0] != mine
    with tab(ui, token, resume=mine) as line:
        assert run_once(line)[0] == mine
    assert email_of(ui.console, other) in said
    assert email_of(ui.console, user) not in said


def end(ui, token):
    with writing(ui.console.engine) as connection:
        sessions.revoke(connection, sessions.key_of(token), clock.now())


def test_a_revoked_sessions_silent_socket_is_closed_within_seconds(ui, token):
    with tab(ui, token) as line:
        run_once(line)
        rest(line)
        end(ui, token)
        started = time.monotonic()
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=60)
        assert time.monotonic() - started < 5
    assert knock(ui, token, "http://localhost:{p}", GOOD) == 403


def test_a_revoked_sessions_stale_tab_gets_no_data(ui, token):
    with tab(ui, token) as line:
        run_once(line)
        rest(line)
        end(ui, token)
        line.send(rerun())
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=60)


def get(ui, path, token=None, **headers):
    cookies = {"Cookie": f"tillwatch={token}"} if token else {}
    return httpx.get(f"{ui.base}{path}", headers={**cookies, **headers})


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/", "/login"),
        ("/payments?q=a%20b", "/login?next=%2Fpayments%3Fq%3Da%2520b"),
        ("/payments/_stcore/health", "/login?next=%2Fpayments%2F_stcore%2Fhealth"),
        ("//evil.example/x", None),
    ],
)
def test_pages_send_strangers_to_the_sign_in_form(ui, path, where):
    answer = get(ui, path)
    assert answer.status_code == 303
    found = answer.headers["location"]
    assert found == where or (where is None and found.startswith("/login?next="))


@pytest.mark.parametrize(
    "path", ["/ui/live?topic=payments", "/ui/session", "/ui/export/payments.csv", "/media/x",
             "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/static/js/index.js",
             "/_stcore/upload_file/a/b", "/component/x/y", "/_stcore/script-health-check"],
)  # fmt: skip
def test_nothing_else_answers_strangers(ui, path):
    assert get(ui, path).status_code == 401
    assert httpx.post(f"{ui.base}{path}").status_code == 401


def test_our_routes_know_who_asks(ui, token):
    assert get(ui, "/ui/session", token).status_code == 204
    assert get(ui, "/ui/live?topic=payments", token).text == "0"
    end(ui, token)
    assert get(ui, "/ui/session", token).status_code == 401


def test_a_host_that_is_not_ours_gets_nothing_but_health(ui, token):
    assert get(ui, "/", token, Host="evil.example").status_code == 421
    assert get(ui, "/login", Host="evil.example").status_code == 421
    assert get(ui, "/healthz", Host="10.0.0.7").text == "ok"


@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/ui/live", "/nowhere", "/brand/x"])
def test_every_answer_carries_the_security_headers(ui, token, path):
    for answer in (get(ui, path), get(ui, path, token)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
