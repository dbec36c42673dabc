"""Your account: an authenticator app set up, asked for at the sign-in, renewed and turned off."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from core.access import passwords
from core.access.principals import Caller
from core.actions.admin import users as actions
from core.encryption import new_key
from tests.support.administrators import office_of
from tests.support.fixtures_access import PASSWORD, audited, make_console, password_hash, person
from tests.support.sign_in_browser import EMAIL, Browser

KEY = new_key()
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept == password_hash() and given == PASSWORD
    )


@pytest.fixture
def console(tmp_path):
    made = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", encryption_key=KEY)
    yield made
    made.engine.dispose()


@pytest.fixture
def owner(console):
    return person(console, "finance", email=EMAIL)


async def post(browser, path, at="/account", **data):
    fields, _ = await browser.form(at)
    return await browser.http.post(path, data=fields | data)


def code(secret, browser):
    return pyotp.TOTP(secret).at(int(browser.at.timestamp()))


async def set_up(browser):
    """The secret and the recovery codes of an app that is set up."""
    page = await post(browser, "/account/second-factor")
    assert page.status_code == 200
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text).group(1).replace(" ", "")
    assert "<svg" in page.text
    asked = browser.resolver.console.settings.factor_roles
    assert ("Back to Tillwatch" in page.text) is not bool(asked)
    page = await post(browser, "/account/second-factor/confirm", code=code(secret, browser))
    assert page.status_code == 200
    return secret, re.findall(r"<li><code>([^<]+)</code>", page.text)


async def test_an_app_is_set_up_and_asked_for_at_the_sign_in(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    secret, codes = await set_up(browser)
    assert len(codes) == 10
    later = Browser(console)
    later.at += timedelta(minutes=1)
    answer = await later.sign_in(path="/login?next=%2Fpayments%3Fq%3Da")
    assert answer.headers["location"] == "/login/code?next=%2Fpayments%3Fq%3Da"
    assert "tillwatch" not in later.http.cookies
    assert (await later.http.get("/payments")).status_code == 303
    wrong = await post(later, "/login/code", answer.headers["location"], code="000000")
    assert wrong.status_code == 401
    assert "wrong, or was used" in wrong.text
    there = f"/login/code?next={'%2Fpayments'}"
    answer = await post(later, "/login/code", there, code=code(secret, later))
    assert (answer.status_code, answer.headers["location"]) == (303, "/payments")
    assert (await later.http.get("/payments")).json() == {"x-console-user": owner}
    assert "tillwatch-step" not in later.http.cookies
    assert secret not in str([row.details for row in audited(console, "second_factor.set")])


async def test_a_second_step_leads_nowhere_else_and_needs_our_form(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    secret, _ = await set_up(browser)
    later = Browser(console)
    later.at += timedelta(minutes=1)
    await later.sign_in()
    typed = {"code": code(secret, later)}
    assert (await post(later, "/login/code", "/login/code", form="x", **typed)).status_code == 403
    answer = await post(later, "/login/code", "/login/code", next="//evil.example", **typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    stranger = Browser(console)
    assert (await stranger.http.get("/login/code")).headers["location"] == "/login"
    fields, _ = await stranger.form()
    assert (await stranger.http.post("/login/code", data=fields | typed)).status_code == 401


async def test_what_was_begun_and_left_is_ended_by_nobody_with_a_stale_session(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    page = await post(browser, "/account/second-factor")
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text).group(1).replace(" ", "")
    browser.at += timedelta(minutes=11)
    for typed in ("000000", code(secret, browser)):
        answer = await post(browser, "/account/second-factor/confirm", code=typed)
        assert answer.headers.get("location") == "/confirm?next=/account"
        assert secret[:4] not in answer.text
    assert audited(console, "second_factor.set") == []


async def test_codes_are_renewed_and_the_factor_turned_off_for_a_code(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    secret, codes = await set_up(browser)
    for path in ("codes", "remove"):
        wrong = await post(browser, f"/account/second-factor/{path}", code="000000")
        assert wrong.status_code == 401
    browser.at += timedelta(minutes=1)
    page = await post(browser, "/account/second-factor/codes", code=code(secret, browser))
    fresh = re.findall(r"<li><code>([^<]+)</code>", page.text)
    assert len(set(fresh) - set(codes)) == 10
    answer = await post(browser, "/account/second-factor/remove", code=fresh[0])
    assert answer.headers["location"] == "/account"
    assert (await Browser(console).sign_in()).headers["location"] == "/"
    assert [row.actor for row in audited(console, "second_factor.remove")] == [owner]
    assert len(audited(console, "second_factor.check")) == 2


async def test_own_codes_are_guessed_ten_times_at_most(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    secret, _ = await set_up(browser)
    for _ in range(10):
        await post(browser, "/account/second-factor/remove", code="000000")
    browser.at += timedelta(minutes=1)
    typed = code(secret, browser)
    answer = await post(browser, "/account/second-factor/remove", code=typed)
    assert answer.status_code == 429


async def test_a_role_that_asks_for_one_opens_nothing_before(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    console = make_console(url, encryption_key=KEY, second_factor_roles="finance")
    owner = person(console, "finance", email=EMAIL)
    browser = Browser(console)
    await browser.sign_in()
    turned = await browser.http.get("/payments?q=a")
    assert turned.headers["location"] == "/account?next=%2Fpayments%3Fq%3Da"
    assert (await browser.http.get("/ui/session")).status_code == 401
    assert "Your role asks" in (await browser.http.get("/account")).text
    _, codes = await set_up(browser)
    assert (await browser.http.get("/payments")).json() == {"x-console-user": owner}
    refused = await post(browser, "/account/second-factor/remove", code=codes[0])
    assert refused.status_code == 422
    person(console, "viewer", email="other@shop.example")
    other = Browser(console)
    await other.sign_in("other@shop.example")
    assert (await other.http.get("/payments")).status_code == 200


async def test_an_administrator_resets_it_and_the_sessions_end(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    await set_up(browser)
    admin = Caller(person(console, "admin"))
    actions.reset_second_factor(office_of(console), admin, owner)
    assert (await browser.http.get("/account")).status_code == 303
    assert (await Browser(console).sign_in()).headers["location"] == "/"
    (row,) = audited(console, "second_factor.remove")
    assert (row.actor, row.target) == (admin.user_id, owner)


async def test_the_pages_run_no_script_and_nobody_gets_there_unasked(console, owner):
    stranger = Browser(console)
    assert (await stranger.http.get("/account")).headers["location"].startswith("/login")
    for path in ("", "/confirm", "/codes", "/remove"):
        assert (await stranger.http.post(f"/account/second-factor{path}")).status_code == 401
    browser = Browser(console, **{"Accept-Language": "zh-CN"})
    await browser.sign_in()
    page = await post(browser, "/account/second-factor", form="x")
    assert page.status_code == 403
    page = await post(browser, "/account/second-factor")
    assert '<html lang="zh-CN">' in page.text
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"


async def test_the_cursor_stands_in_the_first_field_and_no_id_stands_twice(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    await set_up(browser)
    for path, first, fields in (("/confirm", "password", 2), ("/account", "code", 3)):
        page = (await browser.http.get(path)).text
        # A password typed into the field for the code would be there for all to read.
        assert re.findall(r'<input name="(\w+)"[^>]* autofocus', page) == [first]
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids)) == fields
        assert re.findall(r'<label for="([^"]+)"', page) == ids
