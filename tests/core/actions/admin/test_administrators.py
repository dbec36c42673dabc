"""Each thing that administrators do, by every role, by the shut out and by nobody: cell by cell."""

from __future__ import annotations

import pytest

from core.access import passwords, users
from core.access.principals import Caller
from core.access.rights import ADMIN, ROLES
from core.access.sessions import key_of
from core.actions.admin import audit_verification as audit_actions
from core.actions.admin import users as actions
from core.db.engine import writing
from core.errors import NotPermitted, NotSignedIn
from tests.support.administrators import of, office_of, rows, token_of
from tests.support.fixtures_access import email_of, password_hash, person, session_of
from tests.support.fixtures_actions import with_token

#: Each action: how it is called upon somebody, and the row that it leaves.
DEEDS = {
    "create": (
        lambda d, c, _u, _t: actions.create(d, c, email="new@shop.example", roles=["viewer"]),
        "user.create",
    ),
    "set_roles": (lambda d, c, u, _t: actions.set_roles(d, c, u, ["finance"]), "user.roles"),
    "disable": (lambda d, c, u, _t: actions.set_disabled(d, c, u, True), "user.disable"),
    "enable": (lambda d, c, u, _t: actions.set_disabled(d, c, u, False), "user.enable"),
    "reset_password": (lambda d, c, u, _t: actions.reset_password(d, c, u), "user.password"),
    "reset_link": (lambda d, c, u, _t: actions.reset_link(d, c, u), "user.reset_link"),
    "reset_second_factor": (
        lambda d, c, u, _t: actions.reset_second_factor(d, c, u),
        "second_factor.remove",
    ),
    "end_session": (
        lambda d, c, u, t: actions.end_session(d, c, u, t["session"]),
        "session.end",
    ),
    "end_sessions": (lambda d, c, u, _t: actions.end_sessions(d, c, u), "session.end_all"),
    "revoke_token": (lambda d, c, _u, t: actions.revoke_token(d, c, t["token"]), "token.revoke"),
    "verify": (
        lambda d, c, _u, _t: audit_actions.verify(d, c, audit_actions.Walk(), seconds=60),
        "audit.verify",
    ),
}


@pytest.fixture
def admin_context(console, monkeypatch):
    """Passwords are hashed by the real thing in its own tests; here it would take all the time."""
    monkeypatch.setattr(passwords, "hash_password", lambda _password: password_hash())
    return office_of(console)


@pytest.fixture
def somebody(console):
    """A person with a session and a token; what an action is done upon."""
    user_id = person(console, "support")
    things = {"session": key_of(session_of(console, user_id)), "token": token_of(console, user_id)}
    return user_id, things


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("role", [*ROLES, "disabled admin", "nobody", "service token"])
def test_administrators_do_it_and_nobody_else(console, admin_context, somebody, role, deed):
    user_id, things = somebody
    act, action = DEEDS[deed]
    caller = {
        "nobody": lambda: Caller(None),
        "disabled admin": lambda: Caller(_shut(console)),
        "service token": lambda: with_token(console, person(console, ADMIN), "service"),
    }.get(role, lambda: Caller(person(console, role)))()
    before = of(console, user_id)
    if role == ADMIN:
        act(admin_context, caller, user_id, things)
        (row,) = rows(console)
        assert (row.action, row.actor, row.outcome) == (action, caller.actor, "ok")
        return
    refusal = NotSignedIn if role in ("nobody", "disabled admin") else NotPermitted
    with pytest.raises(refusal):
        act(admin_context, caller, user_id, things)
    assert of(console, user_id) == before
    noted = [(row.action, row.actor, row.outcome) for row in rows(console)]
    expected = [] if refusal is NotSignedIn else [(action, caller.actor, "refused")]
    assert noted == expected


def _shut(console):
    user_id = person(console, ADMIN)
    with writing(console.engine) as connection:
        email = email_of(console, user_id)
        users.set_disabled(connection, email, True, actor="test", production=False)
    return user_id


def test_every_action_of_the_office_has_its_row():
    own = {
        name
        for name, found in vars(actions).items()
        if callable(found) and getattr(found, "__module__", "") == actions.__name__
    }
    own = {name for name in own if name[0] != "_" and name[0].islower()}
    assert own - {"set_disabled"} == DEEDS.keys() - {"disable", "enable", "verify"}
