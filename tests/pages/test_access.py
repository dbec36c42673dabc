"""Each page opens for its roles and for no other; what is taken away stops at the next click."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from core.access import users
from core.access.rights import MATRIX, ROLES, SEE_REVENUE
from core.db.engine import writing
from dashboard.ui import navigation
from tests.support.fixtures_access import app_test, audited, email_of, give, person
from tests.support.kit_parts import tables

pytestmark = pytest.mark.long

SCREENS = {screen.name: screen for screen in navigation.screens()}


def shown(test) -> set[str]:
    """The addresses of the pages that a run registered, without those that say they are closed."""
    known = [info for info in test._registered_pages.values() if info["script_path"]]
    return {info.get("url_pathname") or "" for info in known}


def titles(test) -> list[str]:
    return [title.value for title in test.title]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_offered_its_pages_and_no_other(console, screen_as, role):
    test = screen_as(person(console, role))
    assert not test.exception
    allowed = [s.name for s in navigation.screens() if role in MATRIX[s.right]]
    assert shown(test) == {"", *allowed[1:]}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", SCREENS)
def test_a_page_opens_for_its_roles_and_for_no_other(console, screen_as, name, role):
    screen = SCREENS[name]
    test = screen_as(person(console, role), name)
    assert not test.exception
    if role in MATRIX[screen.right]:
        assert titles(test)[:1] == [screen.title]
    else:
        assert titles(test) == ["No access"]
        assert not tables(test)


@pytest.mark.parametrize("name", [None, *SCREENS])
@pytest.mark.parametrize("who", [None, "nobody", "disabled", "no roles"])
def test_others_see_no_page_at_all(console, screen_as, who, name):
    user = person(console) if who in ("disabled", "no roles") else who
    if who == "disabled":
        with writing(console.engine) as connection:
            email = email_of(console, user)
            users.set_disabled(connection, email, True, actor="test", production=False)
    test = screen_as(user)
    assert not test.exception
    assert titles(test) == []
    assert test.warning or test.error
    assert shown(test) & set(SCREENS) == set()


@pytest.mark.parametrize("name", SCREENS)
def test_a_page_does_not_open_by_itself_without_the_entrypoint(
    console, screen_as, name, monkeypatch
):
    screen_as(None)
    user = person(console)
    test = app_test(SCREENS[name].file)
    test.user = {"id": user}
    test.run()
    assert test.warning or test.error
    assert not tables(test)
    assert not test.metric


#: What the frame itself reads to know who is there, and writes when it refuses.
FRAME = {"users", "user_roles", "audit_log", "settings"}


@pytest.fixture
def tables_read(console, nothing_cached):
    """The tables that statements name from now on."""
    found: set[str] = set()

    def note(_conn, _cursor, statement, *_rest):
        found.update(re.findall(r"(?:FROM|JOIN|INTO|UPDATE) +(\w+)", statement))

    event.listen(console.engine, "before_cursor_execute", note)
    yield found
    event.remove(console.engine, "before_cursor_execute", note)


def nothing_shown(test) -> bool:
    return not (tables(test) or test.metric or test.title)


@pytest.mark.parametrize("name", SCREENS)
def test_a_stale_tab_reads_nothing_after_the_roles_are_gone(
    console, nothing_cached, screen_as, tables_read, name
):
    user = person(console, *ROLES)
    test = screen_as(user, name)
    assert titles(test)
    # The log and the settings read nothing but what the frame reads too; a bulk refund, nothing
    # before it is asked.
    assert tables_read - FRAME or name in ("audit", "bulk_refund", "settings")
    give(console, user)
    tables_read.clear()
    test.run()
    assert not test.exception
    assert nothing_shown(test)
    assert tables_read <= FRAME


def test_a_callback_after_the_roles_are_gone_has_no_effect_and_no_data(
    console, screen_as, tables_read
):
    user = person(console, *ROLES)
    test = screen_as(user, "payments")
    give(console, user)
    tables_read.clear()
    test.text_input(key="q").input("status:failed").run()
    assert nothing_shown(test)
    assert tables_read <= FRAME


@pytest.mark.parametrize("name", [s.name for s in SCREENS.values() if s.right == SEE_REVENUE])
def test_losing_one_role_closes_its_pages_and_leaves_the_others(console, screen_as, name):
    user = person(console, "finance")
    test = screen_as(user, name)
    assert titles(test) == [SCREENS[name].title]
    give(console, user, "viewer")
    test.run()
    assert titles(test) == ["No access"]
    assert name not in shown(test)


def test_an_address_of_no_screen_says_so_in_the_viewers_language(console, screen_as):
    user = person(console, "viewer")
    assert titles(screen_as(user, navigation.UNKNOWN)) == ["No such page"]
    console.set_language(user, "zh-CN")
    test = screen_as(user, navigation.UNKNOWN)
    assert not test.exception
    assert titles(test) == ["没有这个页面"]


@pytest.mark.parametrize("name", SCREENS)
def test_a_page_by_itself_notes_the_refusal(console, name, monkeypatch):
    from dashboard.ui import viewer as page_console

    user = person(console)
    monkeypatch.setattr(page_console, "current_console", lambda: console)
    monkeypatch.setattr(page_console, "user_id", lambda: user)
    app_test(SCREENS[name].file).run()
    (row,) = audited(console, "read")
    assert (row.actor, row.outcome) == (user, "refused")
