"""Values that no list offers, sent past the browser by a script: refused, and nothing breaks."""

from __future__ import annotations

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1.element_tree import Selectbox

from core.db.engine import reading
from core.db.tables import alert_rules, audit_log, list_entries
from tests.support.alerts import add_rule, look, put_event
from tests.support.fixtures_access import person

FORGED = "../../../forged"
#: Those with a list to choose from; Streamlit holds pills, numbers and days to what they offer.
SCREENS = [
    ("admin", "overview", {}),
    ("finance", "payments", {}),
    ("support", "refunds", {}),
    ("support_lead", "bulk_refund", {}),
    ("risk", "disputes", {}),
    ("risk", "fraud", {"tab": "cases"}),
    ("risk", "fraud", {"tab": "lists"}),
    ("risk", "fraud", {"tab": "backtest"}),
    ("finance", "revenue", {}),
    ("finance", "payouts", {}),
    ("finance", "proof", {}),
    ("admin", "alerts", {"tab": "rules"}),
    ("admin", "alerts", {}),
    ("admin", "audit", {}),
    ("developer", "events", {}),
    ("developer", "events", {"tab": "simulator"}),
    ("developer", "api_log", {}),
    ("developer", "checkout", {}),
]


class Forged(Selectbox):
    """A list whose browser sends what it was never offered."""

    @property
    def _widget_state(self):
        return WidgetState(id=self.id, string_value=self.forged)


def forge(box, value):
    """Send this with the next run."""
    box.__class__, box.forged = Forged, value


@pytest.mark.parametrize(("role", "page", "query"), SCREENS)
def test_no_list_of_a_screen_breaks_it(console, shop, screen_as, role, page, query):
    user = person(console, role)
    test = screen_as(user, page, **query)
    assert not test.exception
    for number in range(len(test.selectbox)):
        if number < len(test.selectbox):
            forge(test.selectbox[number], FORGED)
            test = test.run()
            assert not test.exception
    with reading(console.engine) as connection:
        for row in connection.execute(audit_log.select()):
            assert "forged" not in str(row.details)


@pytest.mark.parametrize("key", ["add_kind", "add_field"])
def test_a_forged_list_or_field_is_no_entry(console, shop, screen_as, key):
    test = screen_as(person(console, "risk"), "fraud", tab="lists")
    test.text_input(key="add_value").set_value("ada@shop.example")
    test.text_input(key="add_reason").set_value("why")
    forge(test.selectbox(key=key), "forged")
    test = test.button(key="FormSubmitter:list_add-Add").click().run()
    assert not test.exception
    assert test.error
    with reading(console.engine) as connection:
        assert connection.execute(list_entries.select()).all() == []


def test_a_forged_kind_is_no_rule(console, shop, screen_as):
    test = screen_as(person(console, "admin"), "alerts", tab="rules")
    forge(test.selectbox(key="rule_kind"), "forged")
    test = test.button(key="rule_add").click().run()
    assert not test.exception
    assert test.error
    with reading(console.engine) as connection:
        assert connection.execute(alert_rules.select()).all() == []


@pytest.mark.parametrize("hours", ["forged", "24", "-1"])
def test_a_forged_time_mutes_nothing(console, shop, screen_as, hours):
    rule = add_rule(console.engine, "dead_event")
    put_event(console.engine, "evt_muted")
    look(console.engine)
    test = screen_as(person(console, "admin"), "alerts")
    forge(test.selectbox(key="alert_mute_hours"), hours)
    mute = next(one for one in test.button if one.icon == ":material/notifications_paused:")
    test = mute.click().run()
    assert not test.exception
    with reading(console.engine) as connection:
        (row,) = connection.execute(alert_rules.select()).all()
    assert (row.id, row.muted_until) == (rule, None)
