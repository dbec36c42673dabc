"""Signing in with a company's own provider, a real one on loopback, and all that is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from core import clock
from core.access import attempts, group_roles, users
from core.db.engine import reading, writing
from core.db.tables import one_time_tokens
from core.db.tables import users as users_table
from tests.support.fixtures_access import audited, give, make_console, person
from tests.support.oidc_providers import running_provider
from tests.support.sign_in_browser import EMAIL, Browser

pytestmark = pytest.mark.anyio
VERIFIED = {"email": EMAIL, "email_verified": True}
PEOPLE = {
    "fay": VERIFIED | {"groups": ["Money", "Chess"]},
    "hours ago": VERIFIED | {"auth_time": int(clock.now().timestamp()) - 3600},
    "in milliseconds": VERIFIED | {"auth_time": int(clock.now().timestamp()) * 1000},
    "in eternity": VERIFIED | {"auth_time": 10**300},
    "for another": VERIFIED | {"aud": ["another"]},
    "for two": VERIFIED | {"aud": ["tillwatch", "another"], "azp": "another"},
    "of another": VERIFIED | {"iss": "https://login.evil.example"},
    "from the future": VERIFIED | {"iat": int(clock.now().timestamp()) + 3600},
    "double": VERIFIED,
    "unverified": {"email": EMAIL, "email_verified": False},
    "silent": {"email": EMAIL},
    "worded": {"email": EMAIL, "email_verified": "true"},
    "nameless": {"email_verified": True},
    "foreign": {"email": "fay@evil.example", "email_verified": True},
    "lookalike": {"email": "fay@evil.example@shop.example.evil.example", "email_verified": True},
    "unknown": {"email": "nobody@shop.example", "email_verified": True},
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def provider():
    with running_provider(PEOPLE) as running:
        yield running


def console_with(tmp_path, provider, **more):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    named = {"oidc_issuer": provider.issuer, "oidc_client_id": "tillwatch"}
    named |= {"oidc_client_secret": "a secret", "oidc_domains": "shop.example"}
    return make_console(url, **named | more)


@pytest.fixture
def console(tmp_path, provider):
    made = console_with(tmp_path, provider)
    yield made
    made.engine.dispose()


@pytest.fixture
def owner(console):
    return person(console, "finance", email=EMAIL)


async def leave(browser, onward="/"):
    answer = await browser.http.get("/oidc/start", params={"next": onward})
    assert answer.status_code == 303
    return answer.headers["location"]


async def visit(browser, provider, subject="fay", onward="/", **change):
    address = await leave(browser, onward)
    return await browser.http.get(provider.sign_in(address, subject, **change))


def refusals(console):
    rows = [row for row in audited(console, "sign_in.oidc") if row.outcome == "refused"]
    return [json.loads(row.details)["why"] for row in rows]


def assert_outside(browser, answer):
    assert answer.status_code == 401
    assert "was not accepted here" in answer.text
    assert "tillwatch" not in browser.http.cookies


async def test_a_known_person_gets_a_session_and_comes_to_where_they_wanted(
    console, provider, owner
):
    browser = Browser(console)
    page = await browser.http.get("/login?next=%2Fpayments")
    assert '<a href="/oidc/start?next=%2Fpayments">Continue with localhost</a>' in page.text
    answer = await visit(browser, provider, onward="/payments?q=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/payments?q=a")
    assert (await browser.http.get("/payments")).json() == {"x-console-user": owner}
    (row,) = audited(console, "sign_in.oidc")
    assert (row.actor, row.outcome) == (owner, "ok")
    await browser.http.post("/logout")
    assert (await browser.http.get("/payments")).status_code == 303


async def test_state_nonce_and_pkce_are_sent_and_fresh_each_time(console, provider, owner):
    browser = Browser(console)
    sent = [parse_qs(urlsplit(await leave(browser)).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert sent[0][name] != sent[1][name]
        assert len(sent[0][name][0]) >= 43
    assert sent[0]["code_challenge_method"] == ["S256"]
    address = await leave(browser)
    await browser.http.get(provider.sign_in(address, "fay"))
    verifier = provider.asked[-1]["code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert parse_qs(urlsplit(address).query)["code_challenge"] == [challenge]


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("unverified", "the address is not verified"),
        ("silent", "the address is not verified"),
        ("worded", "the address is not verified"),
        ("nameless", "the token names no address"),
        ("foreign", "the address is of another domain"),
        ("lookalike", "the address is of another domain"),
        ("unknown", "nobody here has this address"),
    ],
)
async def test_who_is_not_ours_stays_outside(console, provider, owner, subject, why):
    browser = Browser(console)
    assert_outside(browser, await visit(browser, provider, subject))
    assert refusals(console) == [why]


async def test_a_wrong_nonce_is_refused(console, provider, owner):
    browser = Browser(console)
    assert_outside(browser, await visit(browser, provider, nonce="x" * 43))
    assert refusals(console) == ["the token is not accepted: InvalidClaimError"]


@pytest.mark.parametrize("subject", ["for another", "for two", "of another", "from the future"])
async def test_a_token_that_is_not_for_us_is_refused(console, provider, owner, subject):
    browser = Browser(console)
    assert_outside(browser, await visit(browser, provider, subject))
    assert refusals(console)[0].startswith("the token is not accepted: ")


async def test_a_code_for_another_client_is_refused(console, provider, owner):
    browser = Browser(console)
    assert_outside(browser, await visit(browser, provider, client_id="another"))
    assert refusals(console)[0].startswith("the token is not accepted")


async def test_an_expired_token_is_refused(console, provider, owner):
    browser = Browser(console)
    browser.at += timedelta(hours=2)
    assert_outside(browser, await visit(browser, provider))
    assert refusals(console) == ["the token is not accepted: ExpiredTokenError"]


async def test_a_token_of_another_key_is_refused(console, provider, owner, monkeypatch):
    from joserfc.jwk import RSAKey

    other = {"keys": [RSAKey.generate_key(2048).as_dict(private=False)]}
    monkeypatch.setattr("core.access.oidc._jwks", lambda _client, _address: other)
    browser = Browser(console)
    assert_outside(browser, await visit(browser, provider))
    assert refusals(console)[0].startswith("the token is not accepted")


async def test_a_state_is_good_once_in_the_browser_that_left(console, provider, owner):
    victim, browser = Browser(console), Browser(console)
    back = provider.sign_in(await leave(browser), "fay")
    await leave(victim)
    assert_outside(victim, await victim.http.get(back))
    kept = dict(browser.http.cookies)
    assert (await browser.http.get(back)).status_code == 303
    again = Browser(console)
    again.http.cookies.update({"tillwatch-oidc": kept["tillwatch-oidc"]})
    assert_outside(again, await again.http.get(back))
    late = Browser(console)
    back = provider.sign_in(await leave(late), "fay")
    late.at += timedelta(minutes=11)
    assert_outside(late, await late.http.get(back))
    assert refusals(console) == [
        "the state is not this browser's",
        *["the state was used, or is too old"],
    ]


@pytest.mark.parametrize("query", ["", "?state=", "?state=x&code=y", "?error=access_denied"])
async def test_an_answer_that_is_none_is_refused(console, owner, query):
    browser = Browser(console)
    assert_outside(browser, await browser.http.get(f"/oidc/callback{query}"))


async def test_who_is_disabled_stays_outside(console, provider, owner):
    with writing(console.engine) as connection:
        users.set_disabled(connection, EMAIL, True, actor="test", production=False)
    browser = Browser(console)
    assert_outside(browser, await visit(browser, provider))
    assert refusals(console) == ["the account is disabled"]


async def test_an_account_stays_with_the_first_who_proved_its_address(console, provider, owner):
    browser = Browser(console)
    await visit(browser, provider)
    other = Browser(console)
    assert_outside(other, await visit(other, provider, "double"))
    with writing(console.engine) as connection:
        renamed = users_table.update().where(users_table.c.id == owner)
        connection.execute(renamed.values(email="married@shop.example"))
    assert (await visit(Browser(console), provider)).status_code == 303


async def test_the_environment_s_table_wins_over_the_kept_one(tmp_path, provider):
    console = console_with(tmp_path, provider, oidc_group_roles="Money=finance,viewer; Risk=risk")
    owner = person(console, "support", email=EMAIL)
    with writing(console.engine) as connection:
        group_roles.give(connection, "Money", ("developer",), actor="test", now=clock.now())
    assert (await visit(Browser(console), provider)).status_code == 303
    with reading(console.engine) as connection:
        assert users.roles_of(connection, owner) == {"finance", "viewer"}


@pytest.mark.parametrize("other", ["none", "disabled", "a demo user"])
async def test_groups_take_no_last_administrator_away(tmp_path, provider, other):
    production = other == "a demo user"
    console = console_with(tmp_path, provider, oidc_group_roles="Money=finance")
    owner = person(console, "admin", email=EMAIL)
    if other != "none":
        email = f"ada@{'demo.test' if production else 'shop.example'}"
        person(console, "admin", email=email)
    if other == "disabled":
        with writing(console.engine) as connection:
            users.set_disabled(connection, email, True, actor="test", production=False)
    if production:
        console = replace(
            console, settings=console.settings.model_copy(update={"app_env": "production"})
        )
    for _ in range(2):
        assert (await visit(Browser(console), provider)).status_code == 303
    with reading(console.engine) as connection:
        assert users.roles_of(connection, owner) == {"admin", "finance"}
    assert [row.outcome for row in audited(console, "user.roles")] == ["refused", "ok"]


async def test_leaving_for_the_provider_has_an_end_and_locks_no_password(
    console, provider, owner, monkeypatch
):
    monkeypatch.setattr(attempts, "DEPARTURES", 3)
    browser = Browser(console)
    for _ in range(5):
        assert (await visit(browser, provider)).status_code == 303
        await browser.http.post("/logout")
    for _ in range(3):
        await leave(browser)
    answer = await browser.http.get("/oidc/start")
    assert answer.status_code == 429
    assert "Too many attempts" in answer.text
    with reading(console.engine) as connection:
        kept = select(func.count()).select_from(one_time_tokens)
        assert connection.scalar(kept) == 3
    monkeypatch.setattr(attempts, "PER_ADDRESS", 1)
    assert (await Browser(console).sign_in()).status_code == 303
    browser.at += timedelta(minutes=16)
    await leave(browser)
    with reading(console.engine) as connection:
        assert connection.scalar(kept) == 1
    assert "throttled" in [row.outcome for row in audited(console, "sign_in.oidc")]


async def test_an_address_without_end_is_not_kept(console, provider, owner):
    answer = await visit(Browser(console), provider, onward="/" + "x" * 2000)
    assert answer.headers["location"] == "/"


async def test_roles_stay_without_a_table(console, provider, owner):
    give(console, owner, "risk")
    await visit(Browser(console), provider)
    with reading(console.engine) as connection:
        assert users.roles_of(connection, owner) == {"risk"}


@pytest.mark.parametrize(
    ("subject", "fresh"),
    [("fay", True), ("hours ago", False), ("in milliseconds", False), ("in eternity", False)],
)
async def test_a_session_is_as_fresh_as_the_provider_says(console, provider, owner, subject, fresh):
    browser = Browser(console)
    await visit(browser, provider, subject)
    token = browser.http.cookies["tillwatch"]
    found = await browser.resolver.session(token, activity=False)
    assert (found.proved_at >= browser.at - timedelta(minutes=10)) is fresh


async def test_who_has_no_password_is_asked_again_by_the_provider(console, provider, owner):
    with writing(console.engine) as connection:
        connection.execute(users_table.update().values(password_given=True))
    browser = Browser(console)
    await visit(browser, provider)
    # What an administrator made up opens nothing any more.
    assert (await browser.http.get("/payments")).status_code == 200
    assert (await Browser(console).sign_in()).status_code == 401
    answer = await browser.http.get("/confirm?next=%2Ffraud")
    assert answer.headers["location"] == "/oidc/start?again=1&next=%2Ffraud"
    answer = await browser.http.get(answer.headers["location"])
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])


@pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_client_id", "oidc_domains"])
async def test_it_is_offered_once_all_is_set(tmp_path, provider, missing):
    console = console_with(tmp_path, provider, **{missing: ""})
    browser = Browser(console)
    assert "Continue with" not in (await browser.http.get("/login")).text
    for path in ("/oidc/start", "/oidc/callback?state=x&code=y"):
        assert (await browser.http.get(path)).headers["location"] == "/login"


async def test_a_provider_that_does_not_answer_is_said_so(tmp_path, provider):
    for issuer in ("http://localhost:1", f"{provider.issuer}/x", "http://login.example.com"):
        console = console_with(tmp_path, provider, oidc_issuer=issuer)
        assert (await Browser(console).http.get("/oidc/start")).status_code == 502
