"""What matters most asks for a recent proof of the person, in the transaction that does it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyotp
import pytest

from core import clock
from core.access import passwords, second_factor, sessions, step_up
from core.access.principals import Caller
from core.access.sessions import Visitor
from core.access.step_up import NothingToProve, WrongProof
from core.actions.admin import group_roles, settings, tokens
from core.actions.admin import users as users_actions
from core.actions.context import ActionContext
from core.actions.fraud import rule_sets
from core.actions.periods import closing
from core.actions.refunds import approvals, bulk_approvals
from core.db.engine import reading, writing
from core.db.tables import sessions as sessions_table
from core.db.tables import users
from core.encryption import Encrypter, new_key
from core.errors import InvalidInput, Misconfigured, NotFound, ProofNeeded, TooManyAttempts
from core.proof import periods
from core.risk.rules import DEFAULT
from core.risk.scoring import in_force
from core.settings import Settings
from tests.support.administrators import office_of
from tests.support.fixtures_access import PASSWORD, audited, password_hash, person, session_of
from tests.support.fixtures_actions import with_token

WITHIN = timedelta(minutes=10)
KEYS = Encrypter(new_key())
HERE = Visitor("192.0.2.1", "test")


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept == password_hash() and given == PASSWORD
    )


@pytest.fixture
def context(console):
    return replace(office_of(console), step_up=WITHIN)


def signed_in(console, role, ago=timedelta()):
    """Somebody whose session began so long ago."""
    user = person(console, role)
    return Caller(user, session=sessions.key_of(session_of(console, user, clock.now() - ago)))


def rules_of(console):
    with reading(console.engine) as connection:
        return in_force(connection)


CHANGED = json.dumps(DEFAULT | {"high_at": 88})


def test_the_list_names_operations_that_there_are():
    assert {
        *(approvals.APPROVE, bulk_approvals.APPROVE, rule_sets.CHANGE, rule_sets.CONFIRM),
        *(periods.ASK, periods.CLOSE, periods.REOPEN),
        *("user.create", "user.roles", "user.enable", "user.password", "user.reset_link"),
        *("second_factor.remove", tokens.CREATE, settings.CHANGE),
        *(group_roles.CHANGE, group_roles.REMOVE),
    } == step_up.OPERATIONS


@pytest.mark.parametrize("stale", ["old", "none", "ended", "another's", "of no proof", "ahead"])
def test_rules_are_not_changed_by_a_stale_session(console, context, stale):
    before = rules_of(console)
    caller = signed_in(console, "risk", WITHIN if stale == "old" else timedelta())
    if stale == "none":
        caller = Caller(caller.user_id)
    if stale == "another's":
        caller = Caller(caller.user_id, session=signed_in(console, "risk").session)
    values = {
        "ended": {"revoked_at": clock.now()},
        "of no proof": {"proved_at": None},
        "ahead": {"proved_at": clock.now() + timedelta(hours=1)},
    }.get(stale)
    if values:
        with writing(console.engine) as connection:
            mine = sessions_table.c.token_hash == caller.session
            connection.execute(sessions_table.update().where(mine).values(**values))
    with pytest.raises(ProofNeeded):
        rule_sets.change(context, caller, CHANGED, "too strict")
    assert rules_of(console) == before
    (row,) = audited(console, "rules.change")
    assert (row.actor, row.outcome) == (caller.user_id, "refused")


def test_a_fresh_session_and_a_token_change_them(console, context):
    caller = signed_in(console, "risk", WITHIN - timedelta(minutes=1))
    assert rule_sets.change(context, caller, CHANGED, "too strict") == 1
    token = with_token(console, person(console, "risk"), "risk")
    other = json.dumps(DEFAULT | {"high_at": 89})
    assert rule_sets.change(context, token, other, "too strict") == 2


def give_oneself(context, caller, way):
    """What would make another way in out of a browser that was left open, or end the question."""
    if way == "token":
        tokens.create(context, caller, email="a@shop.example", roles=["admin"], name="x", days=None)
    elif way == "setting":
        environment = Settings(_env_file=None)
        settings.change(context, caller, {"step_up_minutes": "480"}, environment=environment)
    elif way == "account":
        users_actions.create(context, caller, email="b@shop.example", roles=["admin"])
    else:
        act = {
            "roles": lambda *given: users_actions.set_roles(*given, ["admin", "support_lead"]),
            "password": users_actions.reset_password,
            "link": users_actions.reset_link,
            "factor": users_actions.reset_second_factor,
        }[way]
        act(context, caller, caller.user_id)


@pytest.mark.parametrize(
    "way", ["token", "setting", "account", "roles", "password", "link", "factor"]
)
def test_a_stale_session_makes_no_other_way_in(console, context, way):
    user = person(console, "admin", email="a@shop.example")
    ago = clock.now() - WITHIN
    stale = Caller(user, session=sessions.key_of(session_of(console, user, ago)))
    with pytest.raises(ProofNeeded):
        give_oneself(context, stale, way)
    fresh = Caller(user, session=sessions.key_of(session_of(console, user, clock.now())))
    give_oneself(context, fresh, way)


def test_a_context_that_asks_no_browser_takes_no_call_of_one(console):
    caller = signed_in(console, "risk")
    with pytest.raises(Misconfigured, match="not asked"):
        rule_sets.change(office_of(console), caller, CHANGED, "too strict")
    with pytest.raises(TypeError, match="step_up"):
        ActionContext(console.engine, {}, None, None, None, "")


@pytest.mark.parametrize("step", ["ask", "confirm", "reopen"])
def test_a_month_is_not_closed_by_a_stale_session(console, context, step):
    def act(caller):
        if step == "ask":
            closing.ask(context, caller, "2000-13", livemode=False, zone=ZoneInfo("UTC"))
        elif step == "confirm":
            closing.confirm(context, caller, "2000-13", livemode=False)
        else:
            closing.reopen(context, caller, "2000-13", "", livemode=False)

    with pytest.raises(ProofNeeded):
        act(signed_in(console, "finance", WITHIN))
    with pytest.raises((InvalidInput, NotFound)):
        act(signed_in(console, "finance"))


def prove(console, caller, password=PASSWORD, code="", at=None):
    moment = at or clock.now()
    with reading(console.engine) as connection:
        row = connection.execute(
            sessions_table.select().where(sessions_table.c.token_hash == caller.session)
        ).one()
    session = sessions.Session(row.token_hash, row.user_id, row.expires_at)
    step_up.prove(console.engine, session, password, code, KEYS, visitor=HERE, now=moment)


def test_a_password_makes_a_session_fresh_again(console, context):
    caller = signed_in(console, "risk", timedelta(hours=1))
    with pytest.raises(WrongProof):
        prove(console, caller, "guess")
    with pytest.raises(ProofNeeded):
        rule_sets.change(context, caller, CHANGED, "too strict")
    prove(console, caller)
    assert rule_sets.change(context, caller, CHANGED, "too strict") == 1
    assert [row.outcome for row in audited(console, "step_up")] == ["refused", "ok"]


def test_who_has_a_second_factor_needs_both(console):
    caller, at = signed_in(console, "risk"), clock.now()
    with writing(console.engine) as connection:
        secret = second_factor.begin(connection, caller.user_id, KEYS, at)
        first = pyotp.TOTP(secret).at(int(at.timestamp()))
        second_factor.confirm(connection, caller.user_id, first, KEYS, at)
    later = at + timedelta(minutes=1)
    typed = pyotp.TOTP(secret).at(int(later.timestamp()))
    for wrong in ({"code": ""}, {"code": "000000"}, {"password": "x", "code": typed}):
        with pytest.raises(WrongProof):
            prove(console, caller, at=later, **wrong)
    prove(console, caller, code=typed, at=later)
    with pytest.raises(WrongProof):
        prove(console, caller, code=typed, at=later)


def test_ten_wrong_proofs_are_the_most_and_lock_no_sign_in(console):
    caller = signed_in(console, "risk")
    for _ in range(10):
        with pytest.raises(WrongProof):
            prove(console, caller, "guess")
    with pytest.raises(TooManyAttempts):
        prove(console, caller)
    other = signed_in(console, "risk")
    prove(console, other)


def test_who_has_neither_signs_in_again(console):
    caller = signed_in(console, "risk")
    with writing(console.engine) as connection:
        mine = users.c.id == caller.user_id
        connection.execute(users.update().where(mine).values(password_hash=None))
    with pytest.raises(NothingToProve):
        prove(console, caller, "")
