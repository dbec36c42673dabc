"""Accounts: what is accepted, and that each change is in force and in the log at once."""

from __future__ import annotations

import json

import pytest

from core.access import users
from core.access.principals import principal, require
from core.db.engine import reading, writing
from core.errors import InvalidInput, Misconfigured, NotFound, NotPermitted, NotSignedIn
from tests.support.fixtures_access import audited, email_of, give, person


@pytest.mark.parametrize("email", ["", "a", "a@", "@b.cc", "a b@c.dd", "a@b", "a@b.c", "a@@b.cc"])
def test_what_is_no_address_is_refused(console, email):
    with pytest.raises(InvalidInput, match="email"):
        person(console, email=email)


def test_an_address_belongs_to_one_user_whatever_its_case(console):
    person(console, email="a@shop.example")
    with pytest.raises(InvalidInput, match="is taken"):
        person(console, email="A@SHOP.example")


def test_roles_are_in_force_with_the_next_call(console):
    user = person(console, "viewer", "finance")
    with reading(console.engine) as connection:
        assert require(connection, user, "see_revenue").roles == {"viewer", "finance"}
    give(console, user, "viewer")
    with reading(console.engine) as connection:
        assert principal(connection, user).rights == {"see_payments"}
        with pytest.raises(NotPermitted) as caught:
            require(connection, user, "see_revenue")
    assert caught.value.right == "see_revenue"


def test_a_user_without_roles_may_nothing(console):
    user = person(console)
    with reading(console.engine) as connection:
        assert principal(connection, user).rights == frozenset()


@pytest.mark.parametrize("who", [None, "", "nobody", "disabled"])
def test_nobody_and_disabled_users_are_not_signed_in(console, who):
    if who == "disabled":
        who = person(console, "admin")
        with writing(console.engine) as connection:
            email = email_of(console, who)
            users.set_disabled(connection, email, True, actor="test", production=False)
    with reading(console.engine) as connection, pytest.raises(NotSignedIn):
        principal(connection, who)


def test_a_right_that_does_not_exist_is_a_mistake_of_ours(console):
    user = person(console, "admin")
    with reading(console.engine) as connection, pytest.raises(Misconfigured):
        require(connection, user, "see_payment")


def test_each_change_is_in_the_log_with_its_actor(console):
    user = person(console, "viewer")
    give(console, user, "finance")
    with writing(console.engine) as connection:
        email = email_of(console, user)
        users.set_disabled(connection, email, True, actor="cli:ann", production=False)
        users.set_disabled(connection, email, False, actor="cli:ann", production=False)
        users.set_password(connection, email, "$argon2id$x", actor="cli:ann")
    found = [
        row
        for name in ("create", "roles", "disable", "enable", "password")
        for row in audited(console, f"user.{name}")
    ]
    assert [row.actor for row in found] == ["test"] * 2 + ["cli:ann"] * 3
    assert {row.target for row in found} == {user}
    assert json.loads(found[1].details) == {"roles": ["finance"]}
    assert "argon2id" not in "".join(row.details for row in found)


def test_changes_to_nobody_are_refused(console):
    with writing(console.engine) as connection, pytest.raises(NotFound):
        users.set_roles(connection, "ghost@shop.example", ["admin"], actor="test")


def test_a_language_that_we_do_not_speak_is_refused(console):
    user = person(console)
    console.set_language(user, "zh-CN")
    assert console.principal(user).language == "zh-CN"
    with pytest.raises(InvalidInput, match="language"):
        console.set_language(user, "tlh")
