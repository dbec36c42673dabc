"""The table of groups and roles: changed by administrators, noted, refused where it is wrong."""

from __future__ import annotations

import json

import pytest

from core.access import group_roles
from core.actions.admin import group_roles as actions
from core.db.engine import reading
from core.errors import InvalidInput, NotFound
from core.reads.admin import settings as reads
from core.settings import Settings
from tests.support.fixtures_access import audited, email_of
from tests.support.refunds import caller

BARE = Settings(_env_file=None)


@pytest.fixture
def admin(console):
    return caller(console, "admin")


@pytest.fixture
def give(context, admin):
    def run(group, *roles, environment=BARE, **more):
        actions.give(context, admin, group, roles, environment=environment, **more)

    return run


def table(console):
    with reading(console.engine) as connection:
        return group_roles.table(connection)


def test_a_change_is_noted_with_before_after_and_reason(console, context, admin, give):
    give(" Money ", "finance", "viewer", "finance", new=True)
    give("Money", "finance", reason="card 4242 4242 4242 4242")
    give("Money", "finance", reason="nothing new")
    assert table(console) == {"Money": {"finance"}}
    first, second = audited(console, actions.CHANGE)
    assert (first.actor, first.target) == (admin.user_id, "Money")
    assert json.loads(first.details) == {"before": None, "after": "viewer,finance"}
    assert json.loads(second.details) == {
        "before": "viewer,finance",
        "after": "finance",
        "reason": "card •••• 4242",
    }
    actions.remove(context, admin, "Money", environment=BARE)
    assert table(console) == {}
    (gone,) = audited(console, actions.REMOVE)
    assert json.loads(gone.details) == {"before": "finance", "after": None}
    with reading(console.engine) as connection:
        assert [one.action for one in reads.changes(connection)] == [
            *(actions.REMOVE, actions.CHANGE, actions.CHANGE)
        ]


def test_the_read_says_who_set_it(console, admin, give):
    give("Money", "finance")
    with reading(console.engine) as connection:
        (one,) = reads.roles_by_group(connection)
    assert (one.group, one.roles) == ("Money", ("finance",))
    assert one.updated_by == email_of(console, admin.user_id)


@pytest.mark.parametrize(
    ("group", "roles", "field"),
    [
        ("", ["viewer"], "group"),
        ("a\nb", ["viewer"], "group"),
        ("\ud800", ["viewer"], "group"),
        ("x" * 256, ["viewer"], "group"),
        (None, ["viewer"], "group"),
        ("Money", [], "roles"),
        ("Money", ["viewer", "boss"], "roles"),
        ("Money", ["service"], "roles"),
        ("Money", [["viewer"]], "roles"),
    ],
)
def test_a_wrong_value_is_refused_under_its_name(console, give, group, roles, field):
    with pytest.raises(InvalidInput) as refused:
        give(group, *roles)
    assert refused.value.field == field
    assert table(console) == {}
    assert audited(console, actions.CHANGE) == []


def test_a_new_group_does_not_overwrite_one_that_is_there(console, give):
    give("Money", "finance", new=True)
    with pytest.raises(InvalidInput, match="group: is in the table already"):
        give("Money", "viewer", new=True)
    assert table(console) == {"Money": {"finance"}}


def test_the_environment_s_table_is_changed_there(context, admin, give):
    given = Settings(_env_file=None, oidc_group_roles="Staff=viewer")
    with pytest.raises(InvalidInput, match="group: is set in the environment"):
        give("Money", "finance", environment=given)
    with pytest.raises(InvalidInput, match="group: is set in the environment"):
        actions.remove(context, admin, "Staff", environment=given)
    with pytest.raises(NotFound):
        actions.remove(context, admin, "Staff", environment=BARE)
