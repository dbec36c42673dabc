"""What was taken away is gone: every way to a page × every way to lose it, over the socket.

Somebody who approves refunds and administers users loses that; whatever way they then go, nothing
is done and nothing is shown. Each way is first gone by somebody who may, or it would prove nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import product

import httpx
import pytest

from core import clock
from core.access import sessions, users
from core.db.engine import writing
from tests.support.fixtures_access import email_of, give, person, session_of
from tests.support.revoked_access import serving
from tests.support.streamlit_tabs import opened

#: The page's queue of what waits for a second person.
QUEUE = "tab=waiting"


@pytest.fixture(scope="module")
def new_scene(action_emulator, tmp_path_factory):
    with serving(action_emulator, tmp_path_factory.mktemp("ui")) as make:
        yield make


@pytest.fixture(scope="module", params=["remembering", "trusting"])
def planted(request, action_emulator, tmp_path_factory):
    with serving(action_emulator, tmp_path_factory.mktemp("ui"), request.param) as make:
        yield request.param, make


# How it is lost.


def role_taken(scene):
    give(scene.ui.console, scene.lead, "viewer")


def user_disabled(scene):
    with writing(scene.ui.console.engine) as connection:
        email = email_of(scene.ui.console, scene.lead)
        users.set_disabled(connection, email, True, actor="test", production=False)


def session_revoked(scene):
    with writing(scene.ui.console.engine) as connection:
        sessions.revoke(connection, sessions.key_of(scene.token), clock.now())


def signed_out(scene):
    cookie = {"Cookie": f"tillwatch={scene.token}"}
    assert httpx.post(f"{scene.ui.base}/logout", headers=cookie).status_code == 303


LOST = [role_taken, user_disabled, session_revoked, signed_out]

# The ways: what is made ready before it is lost, and what is then tried; all that was said.


@contextmanager
def page_by_url(scene):
    def look():
        with scene.tab() as tab:
            return scene.get(f"/refunds?{QUEUE}") + tab.open("refunds", QUEUE)

    yield look


@contextmanager
def page_by_hash(scene):
    def look():
        with scene.tab() as tab:
            return tab.open("refunds", QUEUE, by_hash=True)

    yield look


@contextmanager
def file_by_url(scene):
    yield lambda: scene.get(f"/ui/export/refunds.csv?mode=test&payment={scene.payment}")


@contextmanager
def fragment(scene):
    with scene.tab() as tab:
        tab.open("refunds", QUEUE)
        tab.press(scene.review)

        def run():
            return tab.redraw(scene.review) + tab.press("review_approve", in_fragment=True)

        yield run


@contextmanager
def callback(scene):
    with scene.tab() as tab:
        tab.open("users", f"user={scene.victim}")
        yield lambda: tab.press("disable")


@contextmanager
def forged_widget(scene):
    """Buttons that a colleague was shown, claimed to be pressed in a tab that never showed them."""
    colleague = session_of(scene.ui.console, person(scene.ui.console, "support_lead"))
    with opened(scene.ui, colleague) as tab:
        tab.open("refunds", QUEUE)
        tab.press(scene.review)
        known = dict(tab.buttons)
    with scene.tab() as tab:
        tab.open("")

        def claim():
            asked = tab.forge(known[scene.review], "refunds", QUEUE)
            return asked + tab.forge(known["review_approve"], "refunds", QUEUE)

        yield claim


@contextmanager
def resumed_session(scene):
    with scene.tab() as tab:
        tab.open("refunds", QUEUE)
        tab.press(scene.review)

    def resume():
        with scene.tab(resume=tab.session) as again:
            return again.forge(tab.buttons["review_approve"], "refunds", QUEUE)

    yield resume


@contextmanager
def stale_tab(scene):
    with scene.tab() as tab:
        tab.open("refunds", QUEUE)
        tab.press(scene.review)
        yield lambda: tab.press("review_approve")


LOOKS = [page_by_url, page_by_hash, file_by_url]
DEEDS = [fragment, callback, forged_widget, resumed_session, stale_tab]


@pytest.mark.parametrize("way", LOOKS + DEEDS)
def test_who_may_sees_and_does_it_by_each_way(new_scene, way):
    scene = new_scene()
    with way(scene) as go:
        before = scene.effects()
        said = go()
    assert shown(scene, said) or way in DEEDS
    assert (scene.effects() != before) == (way in DEEDS)


@pytest.mark.parametrize("lose", LOST)
@pytest.mark.parametrize("way", LOOKS + DEEDS)
def test_who_lost_it_sees_and_does_nothing_by_any_way(new_scene, way, lose):
    nothing_comes_of(new_scene(), way, lose)


def nothing_comes_of(scene, way, lose):
    with way(scene) as go:
        lose(scene)
        before, last = scene.effects(), scene.log()[-1].seq
        said = go()
    assert not shown(scene, said)
    assert scene.effects() == before
    assert {row.outcome for row in scene.log(last)} <= {"refused"}


def shown(scene, said):
    return any(secret in said for secret in (*scene.secrets, scene.request))


def test_the_streamlit_session_of_another_person_is_of_no_use(new_scene):
    scene = new_scene()
    thief = session_of(scene.ui.console, person(scene.ui.console, "viewer"))
    with scene.tab() as tab:
        tab.open("refunds", QUEUE)
        tab.press(scene.review)
    before, last = scene.effects(), scene.log()[-1].seq
    with opened(scene.ui, thief, resume=tab.session) as other:
        said = other.forge(tab.buttons["review_approve"], "refunds", QUEUE)
        assert other.session not in ("", tab.session)
    assert not shown(scene, said)
    assert scene.effects() == before
    assert {row.outcome for row in scene.log(last)} <= {"refused"}


@pytest.mark.parametrize("way", LOOKS + DEEDS)
def test_a_planted_bug_is_seen_by_each_way(planted, way):
    bug, new_scene = planted
    lose = {"remembering": role_taken, "trusting": session_revoked}[bug]
    scene = new_scene()
    with pytest.raises(AssertionError):
        nothing_comes_of(scene, way, lose)


@pytest.mark.torture
@pytest.mark.mariadb
def test_the_whole_table_many_times_on_mariadb(mariadb, action_emulator, tmp_path):
    with serving(action_emulator, tmp_path, DATABASE_URL=mariadb()) as make:
        for _ in range(10):
            for way, lose in product(LOOKS + DEEDS, LOST):
                nothing_comes_of(make(), way, lose)
