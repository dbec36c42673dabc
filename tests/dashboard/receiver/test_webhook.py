"""Webhooks over HTTP: what Stripe signed is kept once; all else is refused and leaves nothing."""

import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.db.engine import open_engine, writing
from dashboard.asgi.request_body import MOST_BYTES
from dashboard.receiver.webhook import PATH
from tests.support.receivers import (
    SECRET,
    event_body,
    post,
    serving,
    settings_for,
    sign,
    stored_ids,
)


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture(scope="module")
def shared_url(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('webhooks') / 'inbox.db'}"


@pytest.fixture(scope="module")
def client(shared_url, tmp_path_factory):
    with serving(settings_for(tmp_path_factory.mktemp("var"), shared_url)) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_refused_is_kept(request):
    """Ids that are in the inbox although their request was refused would show here."""
    yield
    if "client" in request.fixturenames:
        kept = stored_ids(request.getfixturevalue("shared_url"))
        assert not [name for name in kept if name.startswith("evt_refused")]


def test_signed_event_is_kept_once_however_often_it_comes(tmp_path, url):
    with serving(settings_for(tmp_path, url)) as client:
        answers = [post(client, event_body(1)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert answers[0].json() == {"received": True}
        assert stored_ids(url) == ["evt_1"]


GOOD = event_body("refused")


# Made when the test runs, not when it is collected: in a long run the future becomes the present.
@pytest.mark.parametrize(
    "headers",
    [
        lambda now: {},
        lambda now: {"Stripe-Signature": ""},
        lambda now: {"Stripe-Signature": "t=1,v1=abc"},
        lambda now: sign(GOOD, secret="whsec_of_a_stranger"),
        lambda now: sign(GOOD, at=now - 310),
        lambda now: sign(GOOD, at=now + 330),
        lambda now: sign(GOOD, at=now + 10**9),
        lambda now: sign(GOOD + b" "),
        lambda now: {"Stripe-Signature": f"t={now},v1=é".encode()},
        lambda now: {"Stripe-Signature": f"t={now},v1=".encode() + b"\xff" * 64},
        lambda now: {"Stripe-Signature": "t=" + "9" * 4000 + ",v1=abc"},
    ],
)
def test_forged_old_and_future_signatures_are_refused(client, headers):
    answer = post(client, GOOD, headers(int(time.time())))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_signature"
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        event_body("refused", id=None),
        event_body("refused", livemode="yes"),
        event_body("refused" + "x" * 60),
        event_body("refused", created="now"),
    ],
)
def test_signed_bodies_that_are_no_event_are_malformed(client, body):
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed_event"


def test_body_that_is_not_utf8_is_malformed(client):
    answer = post(client, b"\xff\xfe\x00", {"Stripe-Signature": f"t={int(time.time())},v1=abc"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_event")


def test_event_of_a_mode_without_a_key_is_kept(client, shared_url):
    answer = post(client, event_body("of_live_mode", livemode=True))
    assert answer.status_code == 200
    assert "evt_of_live_mode" in stored_ids(shared_url)


def test_both_modes_are_taken_when_both_have_keys(tmp_path):
    both = {
        "stripe_secret_key": "sk_live_x",
        "stripe_test_secret_key": "sk_test_x",
        "stripe_test_webhook_secret": "whsec_test_mode",
    }
    url = f"sqlite:///{tmp_path / 'both.db'}"
    with serving(settings_for(tmp_path, url, **both)) as client:
        live, test = event_body("live", livemode=True), event_body("test")
        assert post(client, live).status_code == 200
        assert post(client, test, sign(test, secret="whsec_test_mode")).status_code == 200


def test_endpoint_without_a_secret_is_closed(tmp_path):
    url = f"sqlite:///{tmp_path / 'closed.db'}"
    settings = settings_for(tmp_path, url, stripe_webhook_secret="", stripe_secret_key="sk_test_x")
    with serving(settings) as client:
        assert post(client, GOOD, sign(GOOD, secret=" ")).status_code == 400
        assert stored_ids(url) == []


def test_two_mebibytes_are_too_large(client):
    answer = post(client, event_body("refused_large", padding="x" * (2 << 20)))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_size_is_counted_while_a_body_streams_in(client):
    def endless():
        for _ in range(100):
            yield b"x" * (64 << 10)

    answer = client.post(PATH, content=endless(), headers=sign(GOOD))
    assert answer.status_code == 413


def test_largest_event_that_streams_in_is_kept(client, shared_url):
    empty = len(event_body("large", padding=""))
    body = event_body("large", padding="x" * (MOST_BYTES - empty))
    pieces = (body[i : i + 10_000] for i in range(0, len(body), 10_000))
    assert client.post(PATH, content=pieces, headers=sign(body)).status_code == 200
    assert "evt_large" in stored_ids(shared_url)


def test_other_methods_are_not_found(client):
    assert client.get(PATH).status_code in (404, 405)
    assert client.put(PATH, content=GOOD, headers=sign(GOOD)).status_code in (404, 405)


def test_client_that_goes_away_in_the_middle_leaves_nothing(client):
    for sent in (b"", b'{"id": "evt_refused_half"'):
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as connection:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"
            connection.sendall(head.encode() + sent)
    assert client.get("/healthz").status_code == 200


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    header=st.one_of(
        # What may stand in a header's line; other bytes never get as far as the route.
        st.lists(st.sampled_from([*range(32, 127), *range(128, 256)]), max_size=120).map(bytes),
        st.from_regex(rb"t=[0-9]{0,20},v1=[0-9a-f]{0,80}", fullmatch=True),
        st.builds(lambda: f"t={int(time.time())},v1=0".encode()),
    ),
    body=st.one_of(st.binary(max_size=400), st.just(GOOD), st.text(max_size=200).map(str.encode)),
)
def test_whatever_a_stranger_sends_is_a_400(client, header, body):
    assert post(client, body, {b"Stripe-Signature": header.strip()}).status_code == 400


def test_database_that_is_gone_is_a_503_and_heals(tmp_path):
    url = f"sqlite:///{tmp_path / 'gone.db'}"
    engine = open_engine(url)
    with serving(settings_for(tmp_path, url)) as client:
        with writing(engine) as connection:
            connection.execute(text("ALTER TABLE events RENAME TO gone"))
        assert post(client, event_body(1)).status_code == 503
        with writing(engine) as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO events"))
        assert post(client, event_body(1)).status_code == 200
    engine.dispose()
