"""A one-time link opens a locked account for its person, once, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from core.access import passwords, users
from core.access.principals import Caller
from core.actions.admin import users as actions
from core.db.engine import writing
from core.errors import NotFound
from dashboard.commands import user as user_commands
from tests.support.administrators import office_of
from tests.support.fixtures_access import PASSWORD, audited, person, session_of
from tests.support.sign_in_browser import EMAIL, Browser

CHOSEN = "a sentence of my own"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    """The real rules of length, without the time."""
    hashed = passwords.hash_password(CHOSEN)
    real = passwords.hash_password
    monkeypatch.setattr(
        passwords, "hash_password", lambda text: hashed if text == CHOSEN else real(text)
    )


@pytest.fixture
def admin(console):
    return Caller(person(console, "admin"))


@pytest.fixture
def owner(console):
    return person(console, "finance", email=EMAIL)


@pytest.fixture
def link(console, admin, owner):
    return actions.reset_link(office_of(console), admin, owner)


async def choose(browser, link, password=CHOSEN, again=None, **change):
    fields, page = await browser.form(link)
    assert page.status_code == 200
    data = fields | {"password": password, "again": again or password} | change
    return await browser.http.post("/reset", data=data)


async def test_a_link_opens_a_locked_account_and_ends_what_was_open(console, admin, owner, link):
    old = session_of(console, owner)
    guesser, browser = Browser(console), Browser(console)
    for _ in range(10):
        assert (await guesser.sign_in(password="guess")).status_code == 401
    answer = await guesser.sign_in()
    assert answer.status_code == 429
    assert "one-time link" in answer.text
    answer = await choose(browser, link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.http.get("/payments")).json() == {"x-console-user": owner}
    assert await browser.resolver.session(old, activity=False) is None
    # From here on this browser is known, whatever strangers guess.
    await browser.http.post("/logout")
    assert (await browser.sign_in(password=CHOSEN)).status_code == 303
    assert (await Browser(console).sign_in(password=CHOSEN)).status_code == 429
    (made,) = audited(console, "user.reset_link")
    (used,) = audited(console, "user.reset")
    assert (made.actor, made.target, used.actor) == (admin.user_id, owner, owner)
    assert link.partition("=")[2] not in made.details + used.details


async def test_a_link_is_good_once_until_the_next_and_for_hours(console, admin, owner, link):
    browser = Browser(console)
    newer = actions.reset_link(office_of(console), admin, owner)
    assert (await browser.http.get(link)).status_code == 404
    browser.at += timedelta(hours=4, minutes=1)
    assert (await browser.http.get(newer)).status_code == 404
    browser.at -= timedelta(minutes=2)
    assert (await choose(browser, newer)).status_code == 303
    answer = await Browser(console).http.get(newer)
    assert answer.status_code == 404
    assert "was used, or has run out" in answer.text


@pytest.mark.parametrize("closing", ["password", "disable"])
async def test_a_link_ends_with_what_shuts_its_person_out(console, admin, owner, link, closing):
    context = office_of(console)
    if closing == "password":
        actions.reset_password(context, admin, owner, "another sentence")
    else:
        actions.set_disabled(context, admin, owner, True)
        actions.set_disabled(context, admin, owner, False)
    assert (await Browser(console).http.get(link)).status_code == 404


async def test_a_bad_choice_leaves_the_link_in_force(console, owner, link):
    browser = Browser(console)
    for password, again in (("short", None), (CHOSEN, CHOSEN + ".")):
        answer = await choose(browser, link, password, again)
        assert answer.status_code == 422
        assert password not in answer.text
    assert (await choose(browser, link, form="x" * 43)).status_code == 403
    assert (await Browser(console).sign_in()).status_code == 303
    assert (await choose(browser, link)).status_code == 303


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 5000, "%00", "%E2%9C%93"])
async def test_a_token_that_is_none_opens_nothing(console, owner, token):
    browser = Browser(console)
    assert (await browser.http.get(f"/reset?token={token}")).status_code == 404
    fields, _ = await browser.form()
    data = fields | {"password": CHOSEN, "again": CHOSEN, "token": token}
    assert (await browser.http.post("/reset", data=data)).status_code == 404
    assert "tillwatch" not in browser.http.cookies


async def test_who_is_disabled_gets_in_by_no_link(console, owner, link):
    with writing(console.engine) as connection:
        users.set_disabled(connection, EMAIL, True, actor="test", production=False)
    assert (await Browser(console).http.get(link)).status_code == 404


async def test_a_link_is_for_somebody_who_is_there(console, admin):
    with pytest.raises(NotFound):
        actions.reset_link(office_of(console), admin, "nobody")


async def test_the_command_prints_a_link(console, owner, monkeypatch):
    monkeypatch.setattr(user_commands.bootstrap, "build", lambda _settings: console)
    told = CliRunner().invoke(user_commands.command, ["reset-link", EMAIL])
    assert told.exit_code == 0
    base, _, rest = told.output.strip().partition("/reset?")
    assert base == "http://localhost:8501"
    assert (await choose(Browser(console), f"/reset?{rest}")).status_code == 303
    assert audited(console, "user.reset_link")[0].actor.startswith("cli:")
    assert PASSWORD not in told.output
