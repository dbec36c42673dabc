"""No screen shows a person a raw code: a snake_case word or a dotted name of ours or Stripe's."""

from __future__ import annotations

import re

import pytest

from core.access import audit
from core.access.rights import MATRIX, ROLES
from core.db.engine import writing
from dashboard.screens.audit.labels import ACTIONS
from dashboard.ui import navigation
from tests.support.drawn_text import said, states
from tests.support.fixtures_access import person

SCREENS = {screen.name: screen for screen in navigation.screens()}
#: What a detail page is opened on.
OPENED = {"payment": "disputed", "dispute": "du_1"}
_CODE = re.compile(r"(?<![\w./@:-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w/@-])")
#: Ids of Stripe's are names of things.
_ID = re.compile(r"(?:pi|ch|re|du|dp|po|cus|evt|txn|py|req|cs|pm|prv|issfr|bt|fee)_\w+")


@pytest.fixture
def busy(console, shop):
    """What people meet in a shop, and actions that no words are known for."""
    with writing(console.engine) as connection:
        for action, outcome in (("key.turn_back", "half_done"), *((one, "ok") for one in ACTIONS)):
            audit.append(connection, actor="cli:root", action=action, outcome=outcome)
    return shop


def codes(test) -> set[tuple[str, str]]:
    return {
        (where, found)
        for where, text in said(test)
        for found in _CODE.findall(text)
        if not _ID.fullmatch(found)
    }


@pytest.mark.parametrize("name", SCREENS)
def test_no_page_shows_a_raw_code(console, busy, screen_as, name):
    opened = {"id": busy.get(OPENED[name], OPENED[name])} if name in OPENED else {}
    test = screen_as(person(console, *ROLES), name, **opened)
    assert not test.exception
    assert codes(test) == set()
    # A state's word is one of ours: none begins as Stripe's values do.
    assert not {word for word in states(test) if word[:1].islower()}


@pytest.mark.torture
@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_shown_a_raw_code(console, busy, screen_as, role):
    for name in (name for name, screen in SCREENS.items() if role in MATRIX[screen.right]):
        assert codes(screen_as(person(console, role), name)) == set(), name
