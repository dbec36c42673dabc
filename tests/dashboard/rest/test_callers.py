"""Tokens at the door: which are refused and how, the rate, the guesses, the last use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import tokens, users
from core.cache import ProcessCache
from core.db.engine import reading, writing
from core.db.tables import api_tokens
from dashboard.rest import authentication
from tests.support.fixtures_access import audited, email_of
from tests.support.fixtures_rest import CREATE, PREFIX, running_api

PAID = "payment-intent/pi_nobody"


@pytest.fixture
def limited(tmp_path):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    with running_api(tmp_path, url, rate_limit=5) as api:
        yield api


@pytest.fixture
def one_minute(monkeypatch):
    """The clock stands, so that a window does not end between two requests."""
    stands = clock.now()
    monkeypatch.setattr(clock, "now", lambda: stands)
    return stands


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "tw_secret",
        "Bearer tw_unknown",
        "Bearer sk_test_dummy",
        "Bearer tw_" + "x" * 5000,
        "Bearer tw_\xff",
    ],
)
def test_a_request_without_a_token_in_force_is_401(shared_api, header):
    given = {} if header is None else {"Authorization": header.encode("latin-1")}
    for method, route in (
        ("POST", "create-payment-intent"),
        ("POST", "confirm-payment"),
        ("POST", "refund"),
        ("GET", PAID),
    ):
        answer = shared_api.client.request(method, f"{PREFIX}/{route}", headers=given)
        assert answer.status_code == 401, route
        assert answer.headers["www-authenticate"].startswith('Bearer realm="tillwatch"')
        assert answer.json()["error"]["type"] == "authentication_error"


def test_a_token_is_refused_once_it_is_revoked_or_past_its_end(api):
    secrets = [api.token("service") for _ in range(2)]
    assert [api.post("create-payment-intent", CREATE, one).status_code for one in secrets] == [
        200,
        200,
    ]
    c = api_tokens.c
    with writing(api.console.engine) as connection:
        first, second = tokens.every(connection)
        tokens.revoke(connection, first.token_id, actor="test")
        past = clock.now() - timedelta(seconds=1)
        connection.execute(
            api_tokens.update().where(c.id == second.token_id).values(expires_at=past)
        )
    for one in secrets:
        answer = api.post("create-payment-intent", CREATE, one)
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["www-authenticate"]


def test_a_disabled_users_token_is_refused(api):
    token = api.token("service")
    with writing(api.console.engine) as connection:
        (one,) = tokens.every(connection)
        users.set_disabled(connection, one.email, True, actor="test", production=False)
    assert api.post("create-payment-intent", CREATE, token).status_code == 401


def test_a_refusal_goes_into_the_audit_log_once(api):
    token = api.token("viewer")
    for _ in range(3):
        assert api.post("create-payment-intent", CREATE, token).status_code == 403
    (row,) = audited(api.console, "payment.create")
    with reading(api.console.engine) as connection:
        (one,) = tokens.every(connection)
    assert (row.actor, row.outcome) == (f"token:{one.token_id}", "refused")


def test_the_last_use_is_kept_and_not_written_each_time(api, monkeypatch):
    token = api.token("viewer")
    assert api.last_used() == [None]
    api.get(PAID, token)
    first = api.last_used()
    assert clock.now() - first[0] < timedelta(seconds=30)
    api.get(PAID, token)
    assert api.last_used() == first
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    api.get(PAID, token)
    assert api.last_used() == [later]


def test_a_token_has_its_own_rate(limited, one_minute):
    first, other = limited.token("viewer"), limited.token("viewer")
    assert [limited.get(PAID, first).status_code for _ in range(5)] == [404] * 5
    answer = limited.get(PAID, first)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "rate_limited")
    assert (error["type"], error["user_action"]) == ("rate_limit_error", "retry_later")
    assert int(answer.headers["retry-after"]) == 60 - clock.to_unix(one_minute) % 60
    assert limited.get(PAID, other).status_code == 404


def test_the_rate_starts_anew_with_the_next_minute(limited, monkeypatch):
    token, start = limited.token("viewer"), clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    statuses = [limited.get(PAID, token).status_code for _ in range(6)]
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=1))
    assert [*statuses, limited.get(PAID, token).status_code] == [404] * 5 + [429, 404]


def test_guesses_from_one_address_are_not_looked_up_for_ever(context, backend, one_minute):
    """One address is used up; a token that was good here a moment ago, and others, are not."""
    callers = authentication.Callers(context, 600)
    good = _secret(context, backend)
    callers.caller(f"Bearer {good}", "203.0.113.7")
    for number in range(authentication.MOST_GUESSES):
        with pytest.raises(authentication.NotSignedIn):
            callers.caller(f"Bearer tw_guess{number}", "203.0.113.7")
    with pytest.raises(authentication.RateLimited):
        callers.caller("Bearer tw_another", "203.0.113.7")
    with pytest.raises(authentication.NotSignedIn):
        callers.caller("Bearer tw_another", "203.0.113.8")
    assert callers.caller(f"Bearer {good}", "203.0.113.7").user_id == backend.user_id


def test_no_secret_is_put_into_the_cache(context, backend):
    kept = []

    class Watched(ProcessCache):
        def put(self, key, value, seconds):
            kept.extend((key, value))

        def count(self, key, seconds):
            kept.append(key)
            return 1

    watched = type(context)(**{**vars(context), "cache": Watched(), "_proved": set()})
    secret = _secret(context, backend)
    authentication.Callers(watched, 600).caller(f"Bearer {secret}", "203.0.113.7")
    assert kept
    assert all(secret not in one for one in kept)


def _secret(context, backend):
    with writing(context.engine) as connection:
        email = next(
            user.email for user in users.everyone(connection) if user.user_id == backend.user_id
        )
        return tokens.create(connection, email=email, roles=["service"], actor="test")[1]


def test_other_sites_scripts_may_not_call_by_default(shared_api):
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked = shared_api.client.options(f"{PREFIX}/create-payment-intent", headers=headers)
    answer = shared_api.get("config", Origin="https://shop.example")
    for one in (asked, answer):
        assert not [name for name in one.headers if name.startswith("access-control")]


def test_listed_sites_scripts_may_call_payments_and_nothing_else(tmp_path):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    with running_api(tmp_path, url, cors_origins="https://shop.example/, https://b.example") as api:
        shop = {"Origin": "https://shop.example"}
        asked = api.client.options(
            f"{PREFIX}/create-payment-intent",
            headers=shop
            | {
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,idempotency-key,content-type",
            },
        )
        refused = api.post("create-payment-intent", CREATE, **shop)
        other = api.get("config", Origin="https://shop.example.evil.test")
        health = api.client.get("/healthz", headers=shop)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in asked.headers
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    assert "retry-after" in refused.headers["access-control-expose-headers"].lower()
    for one in (other, health):
        assert "access-control-allow-origin" not in one.headers


def test_who_a_token_acts_for_is_in_the_metadata(api):
    api.post("create-payment-intent", CREATE, api.token("service"))
    with reading(api.console.engine) as connection:
        (one,) = tokens.every(connection)
    (payment,) = api.at_stripe()
    assert email_of(api.console, payment["metadata"]["user_id"]) == one.email
