"""Confirm that it is you: a session is made fresh again, and leads back to where it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import passwords
from core.encryption import new_key
from tests.support.fixtures_access import PASSWORD, audited, make_console, password_hash, person
from tests.support.sign_in_browser import EMAIL, Browser

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
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    made = make_console(url, encryption_key=new_key())
    yield made
    made.engine.dispose()


@pytest.fixture
def owner(console):
    return person(console, "risk", email=EMAIL)


async def confirm(browser, password=PASSWORD, at="/confirm?next=%2Ffraud%3Ftab%3Drules", **change):
    fields, page = await browser.form(at)
    assert page.status_code == 200
    return await browser.http.post("/confirm", data=fields | {"password": password} | change)


async def proved_at(browser):
    token = browser.http.cookies["tillwatch"]
    return (await browser.resolver.session(token, activity=False)).proved_at


async def test_a_password_leads_back_in_the_same_session(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    token, before = browser.http.cookies["tillwatch"], browser.at
    assert await proved_at(browser) == before
    browser.at += timedelta(minutes=11)
    wrong = await confirm(browser, "guess")
    assert wrong.status_code == 401
    assert await proved_at(browser) == before
    answer = await confirm(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/fraud?tab=rules")
    assert browser.http.cookies["tillwatch"] == token
    assert await proved_at(browser) == browser.at
    assert [row.outcome for row in audited(console, "step_up")] == ["refused", "ok"]


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil", ""])
async def test_it_leads_nowhere_else(console, owner, onward):
    browser = Browser(console)
    await browser.sign_in()
    assert (await confirm(browser, next=onward)).headers["location"] == "/"
    page = await browser.http.get("/confirm", params={"next": onward})
    assert "evil" not in page.text


async def test_only_our_own_form_of_a_session_counts(console, owner):
    browser = Browser(console)
    assert (await browser.http.get("/confirm")).headers["location"].startswith("/login")
    assert (await browser.http.post("/confirm")).status_code == 401
    await browser.sign_in()
    before = browser.at
    browser.at += timedelta(minutes=11)
    assert (await confirm(browser, form="x" * 43)).status_code == 403
    for _ in range(10):
        await confirm(browser, "guess")
    assert (await confirm(browser)).status_code == 429
    assert await proved_at(browser) == before
    # It was this session's guesses: signing in stays open.
    assert (await Browser(console).sign_in()).status_code == 303


async def test_a_factor_is_set_up_after_a_recent_proof_alone(console, owner):
    browser = Browser(console)
    await browser.sign_in()
    browser.at += timedelta(minutes=11)
    fields, _ = await browser.form("/account")
    answer = await browser.http.post("/account/second-factor", data=fields)
    assert answer.headers["location"] == "/confirm?next=/account"
    await confirm(browser, at="/confirm?next=/account")
    fields, _ = await browser.form("/account")
    answer = await browser.http.post("/account/second-factor", data=fields)
    assert "<svg" in answer.text


async def test_a_chosen_password_proves_no_more_than_the_session_did(console, owner):
    from core.db.engine import writing
    from core.db.tables import users

    browser = Browser(console)
    await browser.sign_in()
    before = browser.at
    with writing(console.engine) as connection:
        connection.execute(users.update().values(password_given=True))
    browser.at += timedelta(minutes=20)
    fields, _ = await browser.form("/password")
    chosen = {"password": "a sentence of my own", "again": "a sentence of my own"}
    assert (await browser.http.post("/password", data=fields | chosen)).status_code == 303
    assert await proved_at(browser) == before
