"""The number that screens ask for: shared, guarded, and no reason to stay awake."""

import threading

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.testclient import TestClient

from core.db.engine import writing
from core.domain.versions import bump
from core.reads.permissions import requires
from dashboard.ui import live, viewer
from dashboard.web import auth_middleware
from tests.support.fixtures_access import person


@pytest.fixture
def client(console, monkeypatch):
    """The route as one user reaches it behind the auth middleware: `client("finance")`."""
    from dashboard.ui import viewer as console_

    monkeypatch.setattr(console_, "current_console", lambda: console)
    monkeypatch.setattr(live, "_shared", live.Shared(live._read, fresh_for=0))

    def made(*roles):
        user = console.principal(person(console, *roles))

        async def introduce(request, call_next):
            request.state.principal = user
            return await call_next(request)

        app = Starlette(routes=live.routes)
        app.add_middleware(BaseHTTPMiddleware, dispatch=introduce)
        return TestClient(app)

    return made


def test_the_number_grows_with_each_change(console, client):
    ask = client("viewer")
    before = int(ask.get("/ui/live?topic=payments").text)
    with writing(console.engine) as conn:
        bump(conn, ["payments"], slot=3)
    answer = ask.get("/ui/live?topic=payments")
    assert int(answer.text) == before + 1
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/plain")


def test_who_has_seen_the_number_is_answered_once_it_is_another(console, client, monkeypatch):
    ask = client("viewer")
    seen = ask.get("/ui/live?topic=payments").text
    monkeypatch.setattr(live, "HOLD", 0)
    assert ask.get(f"/ui/live?topic=payments&seen={seen}").text == seen
    # Whoever is held longer than this test lasts was not answered by the clock.
    monkeypatch.setattr(live, "HOLD", 600)
    looks = []
    told = live._read

    def read(topic):
        looks.append(topic)
        if len(looks) == 2:
            with writing(console.engine) as conn:
                bump(conn, ["payments"], slot=3)
        return told(topic)

    monkeypatch.setattr(live, "_shared", live.Shared(read, fresh_for=0))
    answer = ask.get(f"/ui/live?topic=payments&seen={seen}")
    assert int(answer.text) == int(seen) + 1
    assert len(looks) == 2


def test_in_a_picture_the_number_is_as_old_as_its_rows(console, monkeypatch):
    monkeypatch.setattr(viewer, "current_console", lambda: console)
    monkeypatch.setattr(viewer, "user_id", lambda: who)
    monkeypatch.setattr(live, "_shared", live.Shared(live._read, fresh_for=0))
    who = person(console, "viewer")
    with viewer.picture():
        before = live.version("payments")
        with writing(console.engine) as conn:
            bump(conn, ["payments"], slot=3)
        if console.engine.dialect.name == "sqlite":
            assert live.version("payments") == before
    assert live.version("payments") == before + 1


def test_a_read_is_made_once_for_all_who_look_at_a_moment(console, monkeypatch):
    monkeypatch.setattr(viewer, "current_console", lambda: console)
    monkeypatch.setattr(viewer, "user_id", lambda: who)
    monkeypatch.setattr(live, "_shared", live.Shared(live._read, fresh_for=0))
    made = []

    @requires("see_payments")
    def counted(_conn, *, livemode):
        made.append(livemode)
        return len(made)

    at = live.moment("payments")
    for user in (person(console, "viewer"), person(console, "finance")):
        who = user
        assert live.read(at, counted, livemode=False) == 1
    assert live.read(at, counted, livemode=True) == 2
    with writing(console.engine) as conn:
        bump(conn, ["payments"], slot=0)
    changed = live.moment("payments")
    assert live.read(changed, counted, livemode=False) == 3
    viewer.act(lambda _context, _caller: None)
    assert live.moment("payments")[:2] == changed[:2]
    viewer.act(_write)
    acted = live.moment("payments")
    assert changed[0] == acted[0]
    assert live.read(acted, counted, livemode=False) == 4


def _write(context, _caller):
    with writing(context.engine):
        pass


@pytest.mark.parametrize("topic", ["", "users", "payments'--"])
def test_other_topics_do_not_exist(client, topic):
    assert client("viewer").get("/ui/live", params={"topic": topic}).status_code == 404


def test_without_the_right_there_is_no_number(client):
    assert client().get("/ui/live?topic=payments").status_code == 403


def test_many_askers_cost_one_reading():
    started, reads = threading.Barrier(8), []

    def read(topic):
        reads.append(topic)
        return 7

    shared = live.Shared(read, fresh_for=60)

    def ask():
        started.wait(5)
        assert shared.get("payments") == 7

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(5)
    assert reads == ["payments"]
    assert shared.get("revenue") == 7
    assert reads == ["payments", "revenue"]


def test_an_old_answer_is_read_again():
    answers = iter([1, 2])
    shared = live.Shared(lambda _topic: next(answers), fresh_for=0)
    assert [shared.get("payments"), shared.get("payments")] == [1, 2]


def test_the_guard_knows_the_ping_and_its_event_for_what_they_are():
    assert live.routes[0].path in auth_middleware._AUTOMATIC
    assert 's.fire("changed"' in live._JS
    assert '"changed"' in auth_middleware.LIVE_EVENT


def test_a_picture_knows_of_no_act_since_it_began(console, monkeypatch):
    # Else what it still reads would be kept for everybody as what came of that act.
    finance = person(console, "finance")
    monkeypatch.setattr(viewer, "current_console", lambda: console)
    monkeypatch.setattr(viewer, "user_id", lambda: finance)
    with viewer.picture():
        begun = viewer.last_act()
        viewer.act(_write)
        assert viewer.last_act() == begun
    assert viewer.last_act() != begun
