"""Alerts: each sees those of their matter, acknowledges and mutes them; admins set the rest."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.alerts.kinds import KINDS
from core.db.engine import reading, writing
from core.db.tables import alert_channels, alert_rules, alerts, payouts
from core.reads.alerts import settings as reads
from core.reads.overview import attention
from tests.support.alert_receivers import webhook
from tests.support.alerts import add_rule, found, look, put_event
from tests.support.fixtures_access import audited, person
from tests.support.kit_parts import tables


def said(test):
    """What came of a click; no worker runs here, as every screen says."""
    kinds = (test.success, test.error, test.info, test.warning)
    every = [element.value.replace("\\", "") for kind in kinds for element in kind]
    return [one.replace("\N{WORD JOINER}", "") for one in every if "no sign of life" not in one]


def texts(test):
    return [element.value for element in test.text]


def row(table, name, **given):
    now = clock.now()
    common = {"stripe_id": name, "livemode": False, "confirmed": True, "created_at": now}
    common |= {"as_of": now, "currency": "usd", "amount_minor": 1234567, "status": "failed"}
    return table.insert().values(common | given)


@pytest.fixture
def wrong(console):
    """Events that were given up and a payout that failed."""
    add_rule(console.engine, "dead_event")
    add_rule(console.engine, "failed_payout")
    put_event(console.engine, "evt_1")
    with writing(console.engine) as connection:
        connection.execute(row(payouts, "po_1", automatic=True))
    look(console.engine)


@pytest.fixture
def screen(console, screen_as):
    """The screen as somebody of a role sees it."""

    def run(role, **query):
        test = screen_as(person(console, role), "alerts", **query)
        assert not test.exception
        return test

    return run


def test_nothing_is_wrong_at_first(screen):
    assert "Nothing is wrong" in " ".join(element.value for element in screen("admin").markdown)


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("admin", {"charge.failed: 1", "po_1"}),
        ("finance", {"po_1"}),
        ("developer", {"charge.failed: 1"}),
        ("risk", set()),
        ("support_lead", set()),
    ],
)
def test_each_sees_the_alerts_of_their_matter(wrong, screen, role, seen):
    shown = " ".join(texts(screen(role)))
    assert {one for one in ("charge.failed: 1", "po_1") if one in shown} == seen
    assert ("$12,345.67 USD" in shown) == ("po_1" in seen)


def test_an_alert_is_acknowledged_where_it_is_seen(console, wrong, screen):
    test = screen("finance")
    (one,) = [row for row in found(console.engine) if row.kind == "failed_payout"]
    test = test.button(key=f"acknowledge_{one.id}").click().run()
    assert said(test) == ["You have taken it on."]
    assert f"acknowledge_{one.id}" not in {button.key for button in test.button}
    assert len(audited(console, "alert.acknowledge")) == 1


def test_who_was_faster_is_told(console, wrong, screen):
    test = screen("finance")
    with writing(console.engine) as connection:
        connection.execute(alerts.update().values(state="acknowledged", acknowledged_by="x"))
    (one,) = [row for row in found(console.engine) if row.kind == "failed_payout"]
    test = test.button(key=f"acknowledge_{one.id}").click().run()
    assert said(test) == ["Somebody was faster, or it is over."]


def test_a_rule_is_muted_for_as_long_as_was_chosen_and_told_again(console, wrong, screen):
    test = screen("finance")
    (one,) = [row for row in found(console.engine) if row.kind == "failed_payout"]
    test.selectbox(key="alert_mute_hours").set_value(8)
    test = test.button(key=f"mute_{one.id}").click().run()
    assert said(test) == ["The rule is muted."]
    with reading(console.engine) as connection:
        asked = select(alert_rules.c.muted_until).where(alert_rules.c.id == one.rule_id)
        until = connection.scalar(asked)
    assert timedelta(hours=7.9) < until - clock.now() <= timedelta(hours=8)
    test = test.button(key=f"unmute_{one.id}").click().run()
    assert said(test) == ["Its alerts are told of again."]


def test_channels_and_rules_are_for_administrators(wrong, screen):
    for tab in ("channels", "rules"):
        test = screen("finance", tab=tab)
        assert "po_1" in " ".join(texts(test))
        assert not test.text_input


def test_a_channel_is_added_tested_rested_and_taken_away(console, screen):
    with webhook() as hook:
        test = screen("admin", tab="channels")
        test.text_input(key="channel_name").set_value("Ops")
        test.text_input(key="channel_url").set_value(hook.url)
        test = test.button(key="FormSubmitter:channel_add-Add").click().run()
        assert said(test) == ["The channel is there. Send a test."]
        assert test.text_input(key="channel_url").value == ""
        shown = " ".join([*texts(test), *(element.value for element in test.caption)])
        assert "s3cret" not in shown
        with reading(console.engine) as connection:
            (one,) = reads.channels(connection)
        test = test.button(key=f"test_{one.channel_id}").click().run()
        assert said(test) == ["The test message was taken."]
        assert len(hook.got) == 1
        hook.status = 500
        test = test.button(key=f"test_{one.channel_id}").click().run()
        assert said(test)[0].startswith("The test message did not arrive. The channel cannot be")
        assert "inner address" not in said(test)[0]
    test = test.button(key=f"rest_{one.channel_id}").click().run()
    test = test.button(key=f"delete_channel_{one.channel_id}").click().run()
    assert said(test) == ["The channel is gone."]
    with reading(console.engine) as connection:
        assert connection.execute(select(alert_channels)).first() is None
    history = tables(screen("admin", tab="history"))[-1].value
    assert list(history["channel"]) == ["Ops", "Ops"]
    assert list(history["state"]) == [["Not delivered"], ["Sent"]]


def test_an_address_that_is_not_taken_is_refused_in_words(screen):
    test = screen("admin", tab="channels")
    test.text_input(key="channel_name").set_value("Ops")
    test.text_input(key="channel_url").set_value("file:///etc/passwd")
    test = test.button(key="FormSubmitter:channel_add-Add").click().run()
    assert said(test)[0].startswith("Nothing was changed. Address: must begin with one of json://")


def test_a_rule_is_changed_by_its_thresholds(console, screen):
    one = add_rule(console.engine, "large_refund")
    test = screen("admin", tab="rules", rule=str(one))
    test.text_input(key=f"rule_{one}_currency").set_value("JPY")
    test.text_input(key=f"rule_{one}_amount").set_value("5.5")
    test = test.button(key="FormSubmitter:rule-Save").click().run()
    assert said(test) == ["Nothing was changed. Amount from: has more than 0 decimals for JPY"]
    test.text_input(key=f"rule_{one}_amount").set_value("5000")
    test = test.button(key="FormSubmitter:rule-Save").click().run()
    assert said(test) == ["The rule is in force within a minute."]
    with reading(console.engine) as connection:
        (kept,) = reads.rules(connection)
    assert kept.parameters == {"currency": "jpy", "amount": "5000", "hours": 24}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_form_that_can_be_saved(console, screen, kind):
    test = screen("admin", tab="rules")
    test.selectbox(key="rule_kind").set_value(kind)
    test = test.button(key="rule_add").click().run()
    assert said(test) == ["The rule is there, with the usual thresholds."]
    test = test.button(key="FormSubmitter:rule-Save").click().run()
    assert said(test) == ["The rule is in force within a minute."]


def test_administrators_are_led_here_from_the_overview(console, wrong):
    with reading(console.engine) as connection:
        needs = attention.needs_you(connection, livemode=False, now=clock.now())
    assert [(one.kind, one.count) for one in needs if one.kind == "open_alerts"] == [
        ("open_alerts", 2)
    ]
