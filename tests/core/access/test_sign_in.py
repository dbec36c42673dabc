"""Signing in: who gets a session, who does not, and what the log says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import demo, passwords, sessions, users
from core.access.sessions import Visitor
from core.access.sign_in import WrongPassword, sign_in, sign_out
from core.db.engine import writing
from core.errors import Misconfigured, TooManyAttempts
from tests.support.fixtures_access import (
    PASSWORD,
    audited,
    email_of,
    make_console,
    password_hash,
    person,
)

NOW = clock.from_unix(1_795_000_000)
HERE = Visitor("192.0.2.1", "test")


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    """The real hash of PASSWORD, without its 0.15 s a time; how it is made is tested elsewhere."""
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept == password_hash() and given == PASSWORD
    )


def enter(console, email, password=PASSWORD, at=NOW, production=False):
    entry = sign_in(
        console.engine,
        email=email,
        password=password,
        visitor=HERE,
        production=production,
        now=at,
    )
    return entry.session


def session(console, token):
    return sessions.enter(console.engine, token, now=NOW, production=False, activity=False)


def test_the_right_password_opens_a_new_session_each_time(console):
    user = person(console, "finance", email="fay@shop.example")
    one, two = enter(console, " Fay@Shop.Example "), enter(console, "fay@shop.example")
    assert one != two
    assert session(console, one).user_id == session(console, two).user_id == user
    rows = audited(console, "sign_in")
    assert [(row.actor, row.outcome) for row in rows] == [(user, "ok")] * 2
    assert '"ip":"192.0.2.1"' in rows[0].details


@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled", "no password"])
def test_all_refusals_look_the_same(console, case):
    user = person(console, email="a@shop.example")
    if case == "disabled":
        with writing(console.engine) as connection:
            users.set_disabled(connection, "a@shop.example", True, actor="test", production=False)
    if case == "no password":
        with writing(console.engine) as connection:
            users.set_password(connection, "a@shop.example", "", actor="test")
    email = "nobody@shop.example" if case == "unknown" else "a@shop.example"
    password = "x" if case == "wrong" else PASSWORD
    with pytest.raises(WrongPassword) as caught:
        enter(console, email, password)
    assert caught.value.message == "The e-mail address or the password is wrong."
    (row,) = audited(console, "sign_in")
    assert row.outcome == "refused"
    assert (row.actor == user) is (case != "unknown")
    assert email not in row.actor + row.details


def test_ten_guesses_shut_the_right_password_out_until_the_window_passes(console):
    person(console, email="a@shop.example")
    for _ in range(10):
        with pytest.raises(WrongPassword):
            enter(console, "a@shop.example", "guess")
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            enter(console, "a@shop.example")
    assert [row.outcome for row in audited(console, "sign_in")] == ["refused"] * 10 + ["throttled"]
    assert enter(console, "a@shop.example", at=NOW + timedelta(minutes=15))


def test_signing_out_ends_the_session_and_is_noted(console):
    user = person(console, email="a@shop.example")
    token = enter(console, "a@shop.example")
    sign_out(console.engine, session(console, token).key, user, NOW)
    assert session(console, token) is None
    assert [row.actor for row in audited(console, "sign_out")] == [user]


def test_a_demo_user_does_not_get_into_production(console):
    person(console, "admin", email="admin@demo.test")
    assert enter(console, "admin@demo.test")
    with pytest.raises(WrongPassword):
        enter(console, "admin@demo.test", production=True)


def test_demo_users_can_neither_be_created_nor_let_in_again_in_production(console):
    with pytest.raises(Misconfigured):
        demo.create_all(console.engine, production=True)
    with writing(console.engine) as connection:
        for email in ("x@demo.test", " X@DEMO.TEST "):
            with pytest.raises(Misconfigured):
                users.create(
                    connection,
                    email=email,
                    roles=[],
                    password_hash=None,
                    actor="test",
                    production=True,
                )
        with pytest.raises(Misconfigured):
            users.set_disabled(connection, "x@demo.test", False, actor="test", production=True)


def test_a_production_start_shuts_existing_demo_users_out(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    console = make_console(url)
    user = person(console, "admin", email="admin@demo.test")
    other = person(console, "admin")
    token = enter(console, "admin@demo.test")
    production = make_console(url, app_env="production")
    assert session(console, token) is None
    with pytest.raises(WrongPassword):
        enter(console, "admin@demo.test")
    assert enter(production, email_of(console, other))
    assert [row.target for row in audited(console, "user.disable")] == [user]
    assert make_console(url, app_env="production").engine is not None
    assert len(audited(console, "user.disable")) == 1


def test_demo_users_are_one_for_each_role_and_made_once(console, monkeypatch):
    monkeypatch.setattr(passwords, "hash_password", lambda _password: password_hash())
    assert demo.create_all(console.engine, production=False) == [p[0] for p in demo.PEOPLE]
    assert demo.create_all(console.engine, production=False) == []
    assert {role for _, _, role in demo.PEOPLE} == set(
        users.known_roles(r for *_, r in demo.PEOPLE)
    )
    assert enter(console, "viewer@demo.test")
