"""The sign-in page behind the auth middleware: forms of ours, cookies that bind, ways out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.access import demo, passwords
from core.db.engine import writing
from core.errors import TablesDiffer
from core.settings import Settings
from dashboard.web.allowed_hosts import addresses
from tests.support.fixtures_access import PASSWORD, audited, make_console, password_hash, person
from tests.support.sign_in_browser import EMAIL, Browser


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept == password_hash() and given == PASSWORD
    )


@pytest.fixture
def user(console):
    return person(console, "finance", email=EMAIL)


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize("name", ["x-console-session", "X_Console_Session", "X-CONSOLE_session"])
async def test_a_session_brought_along_is_not_believed(console, user, name):
    browser = Browser(console)
    await browser.sign_in()
    # What stands behind holds the header against the session itself.
    answer = await browser.http.get("/payments", headers={name: "0" * 64})
    assert answer.json() == {"x-console-user": user}


async def test_signing_in_leads_to_the_page_asked_for_with_a_strict_cookie(console, user):
    browser = Browser(console)
    answer = await browser.sign_in(path="/login?next=%2Fpayments%3Fq%3Da%2520b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/payments?q=a%20b")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("tillwatch="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Max-Age=28800" in cookie
    device = next(c for c in answer.headers.get_list("set-cookie") if "-device=" in c)
    assert all(part in device for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert (await browser.http.get("/payments")).json() == {"x-console-user": user}
    assert [row.actor for row in audited(console, "sign_in")] == [user]


async def test_tables_of_a_newer_version_are_told_in_a_sentence(console, user):
    browser = Browser(console)
    with writing(console.engine) as connection:
        connection.execute(text("ALTER TABLE last_sign_ins RENAME COLUMN at TO moment"))
    answer = await browser.sign_in()
    assert (answer.status_code, answer.text) == (503, TablesDiffer.said())
    assert answer.headers["x-frame-options"] == "DENY"


async def test_https_uses_a_host_cookie_and_says_so_to_the_browser(tmp_path):
    console = make_console(f"sqlite:///{tmp_path / 'x.db'}", ui_origin="https://till.example.com")
    user = person(console, "viewer", email=EMAIL)
    browser = Browser(console)
    answer = await browser.sign_in()
    names = [c.split("=")[0] for c in answer.headers.get_list("set-cookie")]
    assert names == ["__Host-tillwatch", "__Host-tillwatch-device", "__Host-tillwatch-form"]
    assert all("Secure" in c and "Path=/" in c for c in answer.headers.get_list("set-cookie"))
    assert "max-age" in answer.headers["strict-transport-security"]
    assert (await browser.http.get("/payments")).json() == {"x-console-user": user}


@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:x", "",
     "/\t/evil.example", "/ok\r\nSet-Cookie: a=b", "evil.example"],
)  # fmt: skip
async def test_signing_in_never_leads_elsewhere(console, user, onward):
    browser = Browser(console)
    fields, _ = await browser.form()
    data = {**fields, "email": EMAIL, "password": PASSWORD, "next": onward}
    answer = await browser.http.post("/login", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"form": ""}, {}),
        ({"form": "x" * 43}, {}),
        ({}, {"Origin": "http://evil.example"}),
        ({}, {"Origin": "https://localhost:8501"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
    ],
)
async def test_a_form_from_elsewhere_signs_nobody_in(console, user, change, headers):
    browser = Browser(console)
    fields, _ = await browser.form()
    data = {**fields, "email": EMAIL, "password": PASSWORD, **change}
    answer = await browser.http.post("/login", data=data, headers=headers)
    assert answer.status_code == 403
    assert "tillwatch" not in browser.http.cookies
    assert audited(console, "sign_in") == []


async def test_a_form_without_its_cookie_signs_nobody_in(console, user):
    browser = Browser(console)
    fields, _ = await browser.form()
    browser.http.cookies.clear()
    data = {**fields, "email": EMAIL, "password": PASSWORD}
    assert (await browser.http.post("/login", data=data)).status_code == 403


async def test_our_own_form_works_with_every_header_browsers_send(console, user):
    for headers in (
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:8501", "Sec-Fetch-Site": "same-origin"},
    ):
        assert (await Browser(console).sign_in(**headers)).status_code == 303


async def test_signing_in_again_makes_a_new_session_and_ends_the_old(console, user):
    browser = Browser(console)
    await browser.sign_in()
    old = browser.http.cookies["tillwatch"]
    fields = {"form": "f", "next": "/", "email": EMAIL, "password": PASSWORD}
    await browser.http.post(
        "/login", data=fields, headers={"Cookie": f"tillwatch={old}; tillwatch-form=f"}
    )
    fresh = browser.http.cookies["tillwatch"]
    assert fresh != old
    assert await browser.resolver.session(fresh, activity=False)
    assert await browser.resolver.session(old, activity=False) is None


async def test_wrong_passwords_keep_the_address_and_end_at_the_limit(console, user):
    browser = Browser(console)
    for _ in range(10):
        answer = await browser.sign_in(password="<b>guess</b>")
        assert answer.status_code == 401
    assert f'value="{EMAIL}"' in answer.text
    assert "guess" not in answer.text
    blocked = await browser.sign_in()
    assert blocked.status_code == 429
    assert "Too many attempts" in blocked.text
    browser.at += timedelta(minutes=16)
    assert (await browser.sign_in()).status_code == 303


async def test_an_address_is_shown_as_text(console):
    answer = await Browser(console).sign_in(email='"><script>alert(1)</script>')
    assert answer.status_code == 401
    assert "<script" not in answer.text


async def test_the_page_runs_no_script_and_loads_nothing_from_elsewhere(console):
    _, page = await Browser(console).form()
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert re.findall(r'(?:src|href)="(?!/)', page.text) == []
    assert page.headers["cache-control"] == "no-store"


async def test_what_the_page_needs_is_there_and_nothing_else(console):
    browser = Browser(console)
    for name in ("logo.svg", "icon.png", "login.css", "font.woff2"):
        assert (await browser.http.get(f"/brand/{name}")).status_code == 200
    for name in ("login.html", "..%2f..%2fcore%2fsettings.py", "x", "icon.png/x", ""):
        assert (await browser.http.get(f"/brand/{name}")).status_code == 303


async def test_signing_out_ends_the_session(console, user):
    browser = Browser(console)
    await browser.sign_in()
    token = browser.http.cookies["tillwatch"]
    other = await browser.http.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert other.status_code == 403
    assert await browser.resolver.session(token, activity=False)
    answer = await browser.http.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?left=1")
    assert "tillwatch" not in browser.http.cookies
    assert await browser.resolver.session(token, activity=False) is None
    assert "signed out" in (await browser.http.get("/login?left=1")).text
    assert (await browser.http.post("/logout")).status_code == 303


async def test_pages_opened_keep_a_session_awake_and_pings_do_not(console, user):
    browser = Browser(console)
    await browser.sign_in()
    for _ in range(3):
        browser.at += timedelta(minutes=20)
        assert (await browser.http.get("/payments")).status_code == 200
    for path in ("/ui/live", "/ui/session", "/static/x.js", "/_stcore/health"):
        assert (await browser.http.get(path)).status_code == 200
    browser.at += timedelta(minutes=20)
    assert (await browser.http.get("/ui/live")).status_code == 200
    browser.at += timedelta(minutes=20)
    assert (await browser.http.get("/ui/live")).status_code == 401
    assert (await browser.http.get("/payments")).status_code == 303


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, True),
        ({"stripe_test_secret_key": "sk_test_x"}, False),
        ({"app_env": "production"}, False),
    ],
)
async def test_demo_users_are_offered_beside_the_emulator_only(tmp_path, settings, shown):
    browser = Browser(make_console(f"sqlite:///{tmp_path / 'x.db'}", **settings))
    _, page = await browser.form()
    for email, _, _ in demo.PEOPLE:
        assert (email in page.text) is shown
    assert (demo.PASSWORD in page.text) is shown


async def test_a_large_form_is_refused_before_it_is_read(console):
    answer = await Browser(console).http.post("/login", content=b"email=" + b"x" * 100_000)
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&" * 500, b"a=1&" * 100, b"form=%ff&email=%00"])
async def test_malformed_forms_are_refused_without_an_error(console, body):
    answer = await Browser(console).http.post("/login", content=body)
    assert answer.status_code in (400, 403)


async def test_the_page_speaks_the_browsers_language_and_the_one_asked_for(console):
    chinese = Browser(console, **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert '<html lang="zh-CN">' in (await chinese.http.get("/login")).text
    assert '<html lang="en">' in (await chinese.http.get("/login?lang=en")).text
    english = Browser(console, **{"Accept-Language": "fr"})
    assert '<html lang="en">' in (await english.http.get("/login")).text


@pytest.mark.parametrize("origin", ["x", "ftp://a.b", "https://", "https://a.b/c", "http://a:b"])
def test_an_address_of_another_form_is_refused_at_start(origin):
    from core.errors import Misconfigured

    with pytest.raises(Misconfigured, match="UI_ORIGIN"):
        addresses(Settings(_env_file=None, ui_origin=origin), 8501)
