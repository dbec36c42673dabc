"""Columns and views of lists: one's own, shared ones, and who may remove which."""

from __future__ import annotations

import pytest

from core.access.principals import Caller
from core.actions.lists import views
from core.errors import InvalidInput, NotFound, NotPermitted
from core.reads.lists.views import Kept, kept
from tests.support.fixtures_access import person


@pytest.fixture
def reading_as(console):
    """What a person keeps of a list: `reading_as(user)`."""

    def read(user, page="payments"):
        return console.read(user, kept, page=page, user_id=user)

    return read


def test_columns_are_kept_for_each_person_and_list(console, context, reading_as):
    anna, ben = person(console, "finance"), person(console, "finance")
    views.keep_columns(context, Caller(anna), page="payments", columns=["state", "amount", "state"])
    views.keep_columns(context, Caller(anna), page="payouts", columns=["amount"])
    assert reading_as(anna).columns == ("state", "amount")
    assert reading_as(anna, "payouts").columns == ("amount",)
    assert reading_as(ben) == Kept()
    views.keep_columns(context, Caller(anna), page="payments", columns=[])
    assert reading_as(anna).columns == ()


def test_a_view_is_its_owners_until_it_is_shared(console, context, reading_as):
    anna, ben = person(console, "support"), person(console, "risk")
    asked = {"page": "payments", "name": " Failed  in euro ", "query": "status:failed currency:eur"}
    number = views.save(context, Caller(anna), **asked, sort="-amount", columns=["amount"])
    (mine,) = reading_as(anna).views
    assert (mine.name, mine.query, mine.sort) == ("Failed in euro", asked["query"], "-amount")
    assert (mine.columns, mine.mine, mine.shared) == (("amount",), True, False)
    assert reading_as(ben).views == ()
    assert views.save(context, Caller(anna), **asked, shared=True) == number
    (shared,) = reading_as(ben).views
    assert (shared.id, shared.mine, shared.sort) == (number, False, "")
    assert reading_as(ben, "disputes").views == ()


def test_a_shared_view_is_removed_by_its_owner_or_an_administrator(console, context, reading_as):
    anna, ben, admin = (person(console, role) for role in ("support", "risk", "admin"))
    asked = {"page": "payments", "shared": True}
    first, second = (views.save(context, Caller(anna), name=name, **asked) for name in "ab")
    with pytest.raises(NotPermitted):
        views.remove(context, Caller(ben), page="payments", view_id=first)
    views.remove(context, Caller(anna), page="payments", view_id=first)
    views.remove(context, Caller(admin), page="payments", view_id=second)
    assert reading_as(anna).views == ()
    own = views.save(context, Caller(anna), page="payments", name="own")
    for other in (ben, admin):
        with pytest.raises(NotFound):
            views.remove(context, Caller(other), page="payments", view_id=own)


def test_a_default_is_kept_beside_the_columns_and_goes_with_its_view(console, context, reading_as):
    anna, ben = person(console, "support"), person(console, "risk")
    number = views.save(context, Caller(anna), page="payments", name="a", shared=True)
    views.keep_columns(context, Caller(ben), page="payments", columns=["amount"])
    views.keep_default(context, Caller(ben), page="payments", view_id=number)
    found = reading_as(ben)
    assert found.default is not None
    assert (found.default.id, found.columns) == (number, ("amount",))
    views.save(context, Caller(anna), page="payments", name="a", shared=False)
    assert reading_as(ben).default is None
    with pytest.raises(NotFound):
        views.keep_default(context, Caller(ben), page="payments", view_id=number)


def test_views_of_a_list_need_the_right_that_shows_it(console, context, reading_as):
    viewer = person(console, "viewer")
    with pytest.raises(NotPermitted):
        views.save(context, Caller(viewer), page="audit", name="a")
    with pytest.raises(NotPermitted):
        reading_as(viewer, "audit")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "a" * 101}),
        ("search", {"query": "a" * 2001}),
        ("sort", {"sort": "amount desc"}),
        ("columns", {"columns": ["amount,state"]}),
        ("list", {"page": "users"}),
    ],
)
def test_what_cannot_be_kept_is_named(console, context, field, given):
    caller = Caller(person(console, "admin"))
    with pytest.raises(InvalidInput) as refused:
        views.save(context, caller, **({"page": "payments", "name": "a"} | given))
    assert refused.value.field == field


def test_a_person_keeps_so_many_views_of_a_list(console, context, monkeypatch):
    monkeypatch.setattr(views, "MOST", 2)
    caller = Caller(person(console, "viewer"))
    for name in "ab":
        views.save(context, caller, page="payments", name=name)
    with pytest.raises(InvalidInput, match="one too many"):
        views.save(context, caller, page="payments", name="c")
    views.save(context, caller, page="payments", name="b", query="jo")
