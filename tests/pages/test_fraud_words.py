"""Fraud in words: thresholds name their currency, levels of programmes are no codes."""

import pytest

from tests.support.fixtures_access import person
from tests.support.kit_parts import tables


@pytest.fixture
def fraud(console, screen_as):
    """A room of the screen: `fraud(tab="rules")`."""
    user = person(console, "risk")

    def run(**query):
        test = screen_as(user, "fraud", **query)
        assert not test.exception
        return test

    return run


def test_thresholds_say_of_which_currency_they_are(fraud):
    said = [row["cells"][0].get("note", "") for row in tables(fraud(tab="rules"))[0].rows]
    assert any("in any currency is over 50,000" in one for one in said)


def test_levels_of_programmes_are_words(fraud):
    levels = [frame.value["level"] for frame in tables(fraud(tab="programmes"))]
    assert {"Non-compliant", "Excessive", "ECM", "HECM"} == {one for some in levels for one in some}
