"""Home: what waits first, then what each role looks at, each figure leading to its rows."""

import pytest

from core.access.rights import MATRIX, ROLES
from dashboard.ui import navigation
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, parts

#: A card that each role finds.
FIRST = {
    "viewer": "Failed today",
    "support": "Refunds under way",
    "support_lead": "Waiting for approval",
    "finance": "Differences open",
    "risk": "Cases open",
    "developer": "Failed calls, last hour",
    "admin": "People signed in",
}


def cards(test):
    return [card for part in parts(test, "cards") for card in part.data["cards"]]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_finds_its_figures_and_each_leads_to_a_page_of_its_own(
    console, shop, screen_as, role
):
    test = screen_as(person(console, role))
    assert not test.exception
    assert [title.value for title in test.title] == ["Home"]
    assert test.header[0].value == "Needs you"
    found = cards(test)
    assert FIRST[role] in [card["label"] for card in found]
    allowed = {one.name for one in navigation.screens() if role in MATRIX[one.right]}
    assert {card["name"].partition("?")[0] for card in found} <= allowed


def test_what_failed_today_is_counted_and_opens_as_that_search(console, shop, screen_as):
    test = screen_as(person(console, "viewer"))
    (card,) = cards(test)
    assert card["value"] == "1"
    click(test, parts(test, "cards")[0], "open", card["name"])
    assert [title.value for title in test.title] == ["Payments"]
    assert test.query_params["q"] == "status:failed created:today"


def test_roles_add_up(console, shop, screen_as):
    labels = [card["label"] for card in cards(screen_as(person(console, "support", "finance")))]
    assert {FIRST["support"], FIRST["finance"]} <= set(labels)
