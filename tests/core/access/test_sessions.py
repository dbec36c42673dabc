"""Sessions: what is kept, how long they last, what ends them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.access import sessions, users
from core.db.engine import reading, writing
from core.db.tables import sessions as table
from tests.support.fixtures_access import email_of, make_console, person, session_of

NOW = clock.from_unix(1_795_000_000)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def console(access_url):
    made = make_console(access_url)
    yield made
    made.engine.dispose()


def seen(console, token, at, *, activity=False, production=False):
    return sessions.enter(console.engine, token, now=at, production=production, activity=activity)


def test_only_a_hash_of_256_random_bits_is_kept(console):
    user = person(console, "viewer")
    token, other = (session_of(console, user, NOW) for _ in range(2))
    assert len(token) == 43
    assert token != other
    with reading(console.engine) as connection:
        rows = [tuple(map(str, row)) for row in connection.execute(select(table))]
    assert {row[0] for row in rows} == {sessions.key_of(token), sessions.key_of(other)}
    assert not any(token in value for row in rows for value in row)
    assert seen(console, token, NOW).user_id == user
    assert seen(console, sessions.key_of(token), NOW) is None


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "\x00", "密"])
def test_other_tokens_open_nothing(console, token):
    session_of(console, person(console), NOW)
    assert seen(console, token, NOW) is None


def test_thirty_idle_minutes_end_a_session(console):
    token = session_of(console, person(console), NOW)
    assert seen(console, token, NOW + 29 * MINUTE)
    assert seen(console, token, NOW + 30 * MINUTE) is None


def test_the_live_ping_is_no_activity(console):
    token = session_of(console, person(console), NOW)
    for minute in range(30):
        assert seen(console, token, NOW + minute * MINUTE, activity=False)
    assert seen(console, token, NOW + 30 * MINUTE) is None


def test_activity_keeps_a_session_for_eight_hours_and_no_longer(console):
    token = session_of(console, person(console), NOW)
    at = NOW
    while at < NOW + 8 * 60 * MINUTE:
        assert seen(console, token, at, activity=True)
        at += 20 * MINUTE
    assert seen(console, token, at, activity=True) is None


def test_an_ended_session_is_not_woken(console):
    token = session_of(console, person(console), NOW)
    assert seen(console, token, NOW + 31 * MINUTE, activity=True) is None
    assert seen(console, token, NOW + 29 * MINUTE, activity=True)


def test_revoking_one_leaves_the_others_and_revoking_all_does_not(console):
    mine, other = person(console), person(console)
    one, two, third = (session_of(console, user, NOW) for user in (mine, mine, other))
    with writing(console.engine) as connection:
        sessions.revoke(connection, sessions.key_of(one), NOW)
    assert [bool(seen(console, t, NOW)) for t in (one, two, third)] == [False, True, True]
    with writing(console.engine) as connection:
        sessions.revoke_all(connection, mine, NOW)
    assert [bool(seen(console, t, NOW)) for t in (one, two, third)] == [False, False, True]
    keys = [sessions.key_of(t) for t in (one, two, third)]
    still = sessions.still_open(console.engine, keys, now=NOW, production=False)
    assert still == {sessions.key_of(third)}
    assert sessions.still_open(console.engine, [], now=NOW, production=False) == frozenset()


@pytest.mark.parametrize("how", ["disable", "password"])
def test_disabling_and_a_new_password_end_all_sessions(console, how):
    user = person(console)
    token = session_of(console, user, NOW)
    with writing(console.engine) as connection:
        email = email_of(console, user)
        if how == "disable":
            users.set_disabled(connection, email, True, actor="test", production=False)
        else:
            users.set_password(connection, email, "$argon2id$new", actor="test")
    assert seen(console, token, NOW) is None


def test_a_demo_session_is_none_in_production(console):
    token = session_of(console, person(console, email="viewer@demo.test"), NOW)
    assert seen(console, token, NOW)
    assert seen(console, token, NOW, production=True) is None


def test_sessions_that_ended_long_ago_are_deleted(console):
    user = person(console)
    session_of(console, user, NOW - timedelta(days=40))
    kept = session_of(console, user, NOW)
    with writing(console.engine) as connection:
        sessions.forget(connection, NOW)
        rows = connection.execute(select(table.c.token_hash)).scalars().all()
    assert rows == [sessions.key_of(kept)]
