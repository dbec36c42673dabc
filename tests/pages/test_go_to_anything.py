"""The box that goes to anything: what it offers to whom, and that it leads nowhere else."""

import json

import pytest

from core.access.rights import MATRIX, ROLES
from dashboard.ui import navigation
from tests.support.fixtures_access import person


def box(test):
    (found,) = [
        json.loads(one.proto.json)
        for one in test
        if one.type == "bidi_component" and one.proto.component_name == "tillwatch_palette"
    ]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_pages_and_actions_are_those_of_the_role(console, nothing_cached, screen_as, role):
    test = screen_as(person(console, role))
    assert not test.exception
    pages, actions = box(test)["groups"]
    allowed = {s.name for s in navigation.screens() if role in MATRIX[s.right]}
    shown = {s.name for s in navigation.screens() if not s.hidden}
    assert {one["go"] for one in pages["items"]} == allowed & shown
    assert {one["go"].partition("?")[0] for one in actions["items"]} <= allowed
    assert [one["go"] for one in actions["items"]] == [
        one.address for one in navigation.shortcuts() if role in MATRIX[one.right]
    ]


def go(test, address):
    test.session_state["palette_chosen"] = address
    return test.run()


def test_an_address_of_ones_own_is_opened_with_its_query(console, nothing_cached, screen_as):
    test = go(screen_as(person(console, "support")), "payments?q=status%3Afailed")
    assert not test.exception
    assert [one.value for one in test.title] == ["Payments"]
    assert test.query_params["q"] == "status:failed"


@pytest.mark.parametrize(
    "address", ["revenue", "https://evil.example/payments", "//evil.example", "nowhere?x=1", ""]
)
def test_other_addresses_lead_nowhere(console, nothing_cached, screen_as, address):
    test = screen_as(person(console, "support"))
    before = [one.value for one in test.title]
    go(test, address)
    assert not test.exception
    assert [one.value for one in test.title] == before
