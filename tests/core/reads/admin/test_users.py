"""People with what they may do, what they have open, and their tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import sessions, tokens, users
from core.db.engine import reading, writing
from core.domain.sign_ins import IDLE
from core.errors import NotFound
from core.reads.admin import users as reads
from tests.support.fixtures_access import make_console, person, session_of

NOW = clock.from_unix(1_795_000_000)


@pytest.fixture
def here(access_url):
    made = make_console(access_url)
    yield made
    made.engine.dispose()


def ask(here, read, **named):
    with reading(here.engine) as connection:
        return read(connection, now=NOW, **named)


def test_everyone_stands_there_by_address_with_roles_and_state(here):
    person(here, "finance", "viewer", email="zoe@shop.example")
    shut = person(here, email="ada@shop.example")
    with writing(here.engine) as connection:
        users.set_disabled(connection, "ada@shop.example", True, actor="test", production=False)
    ada, zoe = ask(here, reads.people)
    assert (ada.user_id, ada.disabled, ada.roles) == (shut, True, frozenset())
    assert (zoe.disabled, zoe.roles) == (False, frozenset({"finance", "viewer"}))
    assert (zoe.sessions, zoe.tokens, zoe.last_sign_in_at) == (0, 0, None)


def test_only_what_is_in_force_is_counted(here):
    user = person(here, "admin", email="ada@shop.example")
    fresh = session_of(here, user, NOW - timedelta(minutes=1))
    session_of(here, user, NOW - IDLE)
    ended = session_of(here, user, NOW)
    with writing(here.engine) as connection:
        sessions.revoke(connection, sessions.key_of(ended), NOW)
        for lasts in (None, timedelta(days=1), timedelta(microseconds=1)):
            tokens.create(
                connection,
                email="ada@shop.example",
                roles=["service"],
                actor="test",
                name=f"till {lasts}",
                lasts=lasts,
                now=NOW - timedelta(hours=1),
            )
    (ada,) = ask(here, reads.people)
    assert (ada.sessions, ada.tokens) == (1, 2)
    detail = ask(here, reads.by_id, user_id=user)
    assert detail.person == ada
    assert [one.key for one in detail.sessions] == [sessions.key_of(fresh)]
    assert sorted(one.in_force(NOW) for one in detail.tokens) == [False, True, True]


def test_somebody_who_is_not_there_is_not_found(here):
    with pytest.raises(NotFound):
        ask(here, reads.by_id, user_id="nobody")
