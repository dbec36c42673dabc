"""What administrators do to people: for them alone, noted once, and one of them always remains."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.access import passwords
from core.access.principals import Caller
from core.access.rights import ADMIN
from core.access.sessions import key_of
from core.actions.admin import audit_verification as audit_actions
from core.actions.admin import users as actions
from core.db.engine import writing
from core.db.tables import audit_log
from core.errors import InvalidInput, Misconfigured, NotFound, NotSignedIn, OwnAdministration
from tests.support.administrators import of, office_of, rows, token_of
from tests.support.fixtures_access import (
    PASSWORD,
    audited,
    give,
    make_console,
    password_hash,
    person,
    session_of,
)


@pytest.fixture
def admin_context(console, monkeypatch):
    """Passwords are hashed by the real thing in its own tests; here it would take all the time."""
    monkeypatch.setattr(passwords, "hash_password", lambda _password: password_hash())
    return office_of(console)


@pytest.fixture
def admin(console):
    return Caller(person(console, ADMIN))


@pytest.fixture
def somebody(console):
    """A person with a session and a token; what an action is done upon."""
    user_id = person(console, "support")
    things = {"session": key_of(session_of(console, user_id)), "token": token_of(console, user_id)}
    return user_id, things


def test_a_new_account_gets_a_password_that_is_told_once(console, admin):
    made = actions.create(
        office_of(console), admin, email="Ada@Shop.example", roles=["finance", "viewer"]
    )
    assert made.password
    assert len(made.password) >= passwords.SHORTEST
    assert made.password not in repr(made)
    found = of(console, made.user_id)
    assert (found.email, found.roles) == ("ada@shop.example", ("viewer", "finance"))
    assert made.password not in "".join(row.details for row in rows(console))
    typed = actions.create(
        office_of(console), admin, email="bob@shop.example", roles=[], password=PASSWORD
    )
    assert typed.password is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "new@shop.example", "roles": ["king"]}, "roles"),
        ({"email": "new@shop.example", "roles": ["service"]}, "roles"),
        ({"email": "new@shop.example", "password": "short"}, "password"),
    ],
)
def test_a_bad_account_is_refused_with_its_field(console, admin, given, field):
    before = len(rows(console))
    with pytest.raises(InvalidInput) as refused:
        actions.create(office_of(console), admin, **{"roles": ["viewer"]} | given)
    assert refused.value.field == field
    assert len(rows(console)) == before


def test_demo_users_cannot_be_made_in_production(console, admin_context, admin):
    in_production = office_of(console, production=True)
    with pytest.raises(Misconfigured):
        actions.create(in_production, admin, email="x@demo.test", roles=["viewer"])
    made = actions.create(admin_context, admin, email="x@demo.test", roles=["viewer"])
    actions.set_disabled(in_production, admin, made.user_id, True)
    with pytest.raises(Misconfigured):
        actions.set_disabled(in_production, admin, made.user_id, False)


def test_administrators_keep_their_own_administration(console, admin_context, admin):
    for act in (
        lambda: actions.set_disabled(admin_context, admin, admin.user_id, True),
        lambda: actions.set_roles(admin_context, admin, admin.user_id, ["finance"]),
        lambda: actions.set_roles(admin_context, admin, admin.user_id, []),
    ):
        with pytest.raises(OwnAdministration):
            act()
    assert rows(console) == []
    actions.set_roles(admin_context, admin, admin.user_id, ["admin", "finance"])
    assert of(console, admin.user_id).roles == ("finance", "admin")


def test_of_two_who_shut_each_other_out_at_once_one_remains(access_url, monkeypatch):
    console = make_console(access_url)
    admin_context = office_of(console)
    for _ in range(6):
        pair = [person(console, ADMIN) for _ in range(2)]
        deeds = [(pair[0], pair[1]), (pair[1], pair[0])]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda deed: _try_to_shut(admin_context, *deed), deeds))
        assert sorted(done) == [False, True]
        for user_id in pair:
            give(console, user_id)
    console.engine.dispose()


def _try_to_shut(admin_context, who, whom) -> bool:
    try:
        actions.set_disabled(admin_context, Caller(who), whom, True)
    except NotSignedIn:
        return False
    return True


def test_what_is_not_there_is_not_found(console, admin_context, admin, somebody):
    other = person(console, "viewer")
    _, things = somebody
    for act in (
        lambda: actions.set_roles(admin_context, admin, "nobody", ["viewer"]),
        lambda: actions.set_disabled(admin_context, admin, "nobody", True),
        lambda: actions.reset_password(admin_context, admin, "nobody"),
        lambda: actions.end_sessions(admin_context, admin, "nobody"),
        lambda: actions.end_session(admin_context, admin, other, things["session"]),
        lambda: actions.revoke_token(admin_context, admin, "none"),
    ):
        with pytest.raises(NotFound):
            act()
    assert rows(console) == []


def test_what_was_ended_already_is_not_noted_again(console, admin_context, admin, somebody):
    user_id, things = somebody
    for _ in range(2):
        actions.end_session(admin_context, admin, user_id, things["session"])
        actions.end_sessions(admin_context, admin, user_id)
        actions.revoke_token(admin_context, admin, things["token"])
    assert [row.action for row in rows(console)] == ["session.end", "token.revoke"]


def test_a_walk_in_parts_is_noted_once_with_what_it_found(console, admin_context, admin):
    for number in range(3):
        person(console, "viewer", email=f"p{number}@shop.example")
    walk = audit_actions.Walk()
    while not walk.done:
        walk = audit_actions.verify(admin_context, admin, walk, seconds=0)
    assert audit_actions.verify(admin_context, admin, walk, seconds=0) == walk
    (row,) = audited(console, "audit.verify")
    assert (row.outcome, walk.broken, row.seq) == ("ok", None, walk.seq + 1)
    with writing(console.engine) as connection:
        connection.execute(audit_log.update().where(audit_log.c.seq == 2).values(actor="other"))
    walk = audit_actions.verify(admin_context, admin, audit_actions.Walk(), seconds=60)
    assert walk.broken.seq == 2
    assert audited(console, "audit.verify")[-1].outcome == "broken"
