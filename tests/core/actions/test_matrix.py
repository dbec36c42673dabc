"""Roles × actions, cell by cell: who is let in, who is not, and that nothing else happens."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.access import users
from core.access.principals import Caller
from core.access.rights import MATRIX, ROLES, SERVICE
from core.db.engine import reading, writing
from core.db.tables import operations, refund_requests
from core.errors import NotPermitted, NotSignedIn, TillwatchError
from tests.support import action_matrix
from tests.support.action_matrix import PARTS, ROWS, doors
from tests.support.fixtures_access import email_of, person
from tests.support.fixtures_actions import with_token

DOORS = dict(doors())


def door_of(row):
    return row.partition(" ")[0]


@pytest.fixture
def people(console):
    """Somebody of each role, a service's token, a disabled admin with every role, and nobody."""
    found = {role: Caller(person(console, role)) for role in ROLES}
    found[SERVICE] = with_token(console, person(console), SERVICE)
    return found


@pytest.fixture
def outside(console):
    """Nobody, somebody unknown, and one who had every role until the account was shut."""
    shut = person(console, *ROLES)
    with writing(console.engine) as connection:
        users.set_disabled(
            connection, email_of(console, shut), True, actor="test", production=False
        )
    return [Caller(None), Caller("nobody"), Caller(shut), Caller(shut, "no token")]


def knock(context, caller, name):
    """The error that a call meets, or None."""
    row = ROWS[name]
    try:
        DOORS[door_of(name)](context, caller, *row.args, **(row.named or {}))
    except TillwatchError as error:
        return error
    return None


def test_every_action_has_a_row_and_every_row_an_action():
    assert {door_of(name) for name in ROWS} == DOORS.keys() - PARTS


@pytest.mark.parametrize("name", ROWS)
def test_each_role_is_let_in_or_refused_as_the_matrix_says(console, context, people, name):
    let_in = set()
    for role, caller in people.items():
        error = knock(context, caller, name)
        assert not isinstance(error, NotSignedIn)
        if not isinstance(error, NotPermitted):
            let_in.add(role)
    assert let_in == ROWS[name].may
    nothing_was_done(console)


@pytest.mark.parametrize("name", ROWS)
def test_nobody_and_who_was_shut_out_are_let_in_nowhere(console, context, outside, name):
    for caller in outside:
        assert isinstance(knock(context, caller, name), NotSignedIn)
    nothing_was_done(console)


def nothing_was_done(console):
    with reading(console.engine) as connection:
        for table in (operations, refund_requests):
            query = select(func.count()).select_from(table)
            # A call that Stripe refuses for want of the object is an operation that was refused.
            if table is operations:
                query = query.where(operations.c.state != "refused")
            assert connection.scalar(query) == 0


def test_a_right_that_is_given_to_one_more_role_would_be_seen(
    console, context, people, monkeypatch
):
    monkeypatch.setitem(MATRIX, "approve_refund", MATRIX["approve_refund"] | {"support"})
    row = "refunds.approvals.approve"
    with pytest.raises(AssertionError):
        test_each_role_is_let_in_or_refused_as_the_matrix_says(console, context, people, row)


def test_an_action_without_a_row_would_be_seen(monkeypatch):
    monkeypatch.delitem(action_matrix.ROWS, "refunds.ask.ask")
    monkeypatch.delitem(action_matrix.ROWS, "refunds.ask.ask for fraud")
    with pytest.raises(AssertionError):
        test_every_action_has_a_row_and_every_row_an_action()
