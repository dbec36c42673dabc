"""Who was given a password chooses their own before anything opens; the command line gives none."""

from __future__ import annotations

import pytest

from core.access import users as accounts
from core.access.principals import Caller
from core.actions.admin import users as actions
from core.db.engine import reading, writing
from core.db.tables import users
from dashboard.web import auth_middleware
from tests.support.administrators import office_of
from tests.support.fixtures_access import PASSWORD, audited, password_hash, person
from tests.support.sign_in_browser import EMAIL, Browser

CHOSEN = "a sentence of my own"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def admin(console):
    return Caller(person(console, "admin"))


@pytest.fixture
def user(console, admin):
    """Somebody whose account was made on the screen Users."""
    made = actions.create(
        office_of(console), admin, email=EMAIL, roles=["finance"], password=PASSWORD
    )
    return made.user_id


def must_choose(console, user):
    with reading(console.engine) as connection:
        query = users.select().where(users.c.id == user)
        return connection.execute(query).one().password_given


async def form_of(browser):
    fields, page = await browser.form("/password")
    assert page.status_code == 200
    return fields


async def choose(browser, password=CHOSEN, again=None, **change):
    data = await form_of(browser) | {"password": password, "again": again or password} | change
    return await browser.http.post("/password", data=data)


async def test_nothing_opens_before_and_everything_after(console, user):
    browser = Browser(console)
    await browser.sign_in()
    for path in ("/", "/payments?q=a", "/refunds"):
        answer = await browser.http.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/password")
    for path in ("/ui/export/payments.csv", "/ui/live?topic=any", "/_stcore/health", "/media/x"):
        assert (await browser.http.get(path)).status_code == 401
    before = browser.http.cookies["tillwatch"]
    answer = await choose(browser, next="/payments?q=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/payments?q=a")
    assert browser.http.cookies["tillwatch"] != before
    assert (await browser.http.get("/payments")).json() == {"x-console-user": user}
    assert not must_choose(console, user)
    noted = audited(console, "user.password")[-1]
    assert (noted.actor, noted.target) == (user, user)
    assert (await browser.http.get("/password?next=%2Frefunds")).headers["location"] == "/refunds"


async def test_the_given_password_and_its_sessions_end_with_the_choice(console, user):
    first, second = Browser(console), Browser(console)
    for browser in (first, second):
        await browser.sign_in()
    await choose(first)
    assert (await second.http.get("/password")).headers["location"].startswith("/login")
    assert (await Browser(console).sign_in()).status_code == 401
    assert (await Browser(console).sign_in(password=CHOSEN)).status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", None, "has 12 to 256 characters"),
        (PASSWORD, None, "is the one that was given to you"),
        (CHOSEN, CHOSEN + ".", "is not the same in both fields"),
    ],
)
async def test_a_bad_choice_is_told_and_changes_nothing(console, user, password, again, said):
    browser = Browser(console)
    await browser.sign_in()
    answer = await choose(browser, password, again)
    assert answer.status_code == 422
    assert said in answer.text
    assert password not in answer.text
    assert must_choose(console, user)
    assert (await browser.http.get("/payments")).status_code == 303


async def test_a_form_from_elsewhere_chooses_nothing(console, user):
    browser = Browser(console)
    await browser.sign_in()
    assert (await choose(browser, form="x" * 43)).status_code == 403
    assert must_choose(console, user)


async def test_nobody_chooses_without_a_session_or_without_need(console, admin):
    stranger = Browser(console)
    assert (await stranger.http.get("/password")).headers["location"].startswith("/login")
    assert (await stranger.http.post("/password")).status_code == 401
    user = person(console, "viewer", email=EMAIL)
    browser = Browser(console)
    fields, _ = await browser.form()
    await browser.sign_in()
    data = fields | {"password": CHOSEN, "again": CHOSEN}
    browser.http.cookies.set("tillwatch-form", fields["form"])
    answer = await browser.http.post("/password", data=data)
    assert answer.headers["location"] == "/login"
    assert (await Browser(console).sign_in()).status_code == 303
    assert not must_choose(console, user)


async def test_a_reset_makes_them_choose_again_and_ones_own_does_not(console, admin):
    user = person(console, "viewer", email=EMAIL)
    assert not must_choose(console, user)
    actions.reset_password(office_of(console), admin, user)
    assert must_choose(console, user)
    actions.reset_password(office_of(console), admin, admin.user_id, CHOSEN)
    assert not must_choose(console, admin.user_id)


async def test_a_password_from_the_command_line_is_nobodys_to_change(console, user):
    with writing(console.engine) as connection:
        accounts.set_password(connection, EMAIL, password_hash(), actor="command line")
    assert not must_choose(console, user)
    browser = Browser(console)
    await browser.sign_in()
    assert (await browser.http.get("/payments")).status_code == 200


async def test_a_guard_that_lets_them_pass_would_be_seen(console, user, monkeypatch):
    monkeypatch.setattr(
        auth_middleware, "_CHOOSING", {"/", "/payments", "/refunds"} | auth_middleware._CHOOSING
    )
    with pytest.raises(AssertionError):
        await test_nothing_opens_before_and_everything_after(console, user)
