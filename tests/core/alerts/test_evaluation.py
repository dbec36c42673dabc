"""Alerts open once, are told of once a day, and close by themselves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.alerts import evaluation
from core.alerts.default_rules import make_default_rules
from core.alerts.kinds import KINDS
from core.db.engine import reading, writing
from core.db.tables import alert_deliveries, alert_rules, alerts
from tests.support.alerts import add_channel, add_rule, found, look, put_event, sent, set_events
from tests.support.factories import NOON

URL = "json://127.0.0.1:9/x"


def test_a_condition_that_holds_is_one_alert_and_one_message(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    look(engine)
    assert found(engine) == []
    put_event(engine, "evt_1")
    for _ in range(3):
        look(engine)
        time.later(minutes=1)
    (one,) = found(engine)
    assert (one.state, one.subject, one.first_seen_at) == ("open", "charge.failed", NOON)
    assert one.last_seen_at == NOON + timedelta(minutes=2)
    assert [row.notice for row in sent(engine)] == [1]


def test_it_closes_when_the_condition_has_gone_and_may_open_again(engine, time):
    add_rule(engine, "dead_event")
    put_event(engine, "evt_1")
    look(engine)
    set_events(engine, "charge.failed", "applied")
    time.later(minutes=1)
    look(engine)
    assert [(one.state, one.open_key) for one in found(engine)] == [("closed", None)]
    set_events(engine, "charge.failed", "dead")
    look(engine)
    assert [one.state for one in found(engine)] == ["closed", "open"]


def test_a_reminder_comes_once_a_day_until_somebody_acknowledges(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    for _ in range(2 * 24 + 1):
        look(engine)
        time.later(hours=1)
    assert [row.notice for row in sent(engine)] == [1, 2, 3]
    with writing(engine) as connection:
        connection.execute(alerts.update().values(state="acknowledged"))
    time.later(days=2)
    look(engine)
    assert len(sent(engine)) == 3


def test_nobody_is_told_while_a_rule_is_muted_and_afterwards_once(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    with writing(engine) as connection:
        connection.execute(alert_rules.update().values(muted_until=NOON + timedelta(hours=2)))
    put_event(engine, "evt_1")
    look(engine)
    assert len(found(engine)) == 1
    assert sent(engine) == []
    time.later(hours=2)
    look(engine)
    look(engine)
    assert len(sent(engine)) == 1


def test_what_comes_and_goes_is_not_told_of_each_time(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    for minute in range(59):
        set_events(engine, "charge.failed", "applied" if minute % 2 else "dead")
        look(engine)
        time.later(minutes=1)
    assert len(found(engine)) == 30
    assert len(sent(engine)) == 1
    time.later(minutes=2)
    look(engine)
    assert len(sent(engine)) == 2


def test_a_rule_that_rests_closes_its_alerts(engine, time):
    add_rule(engine, "dead_event")
    put_event(engine, "evt_1")
    look(engine)
    with writing(engine) as connection:
        connection.execute(alert_rules.update().values(enabled=False))
    look(engine)
    assert [one.state for one in found(engine)] == ["closed"]


def test_a_worker_whose_clock_is_behind_writes_no_second_message(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    time.later(seconds=30)
    look(engine)
    time.later(seconds=-30)
    look(engine)
    assert len(sent(engine)) == 1


def test_a_clock_that_ran_far_ahead_does_not_end_reminders(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    time.later(days=400)
    look(engine)
    time.later(days=-400)
    look(engine)
    assert [row.notice for row in sent(engine)] == [1, 2]


def at_once(engine, workers=4):
    """All look at the same moment, several times."""
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(3):
            list(pool.map(lambda _: look(engine), range(workers)))
    return len(found(engine)), len(sent(engine))


def test_workers_that_look_at_once_open_one_alert_and_write_one_message(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    assert at_once(engine) == (1, 1)


def test_a_notice_that_does_not_put_off_the_next_would_be_seen(engine, time, monkeypatch):
    """The planted bug."""
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    monkeypatch.setattr(evaluation, "REMINDED_EVERY", timedelta(0))
    assert at_once(engine)[1] > 1


def test_the_database_refuses_states_that_there_are_none_of(engine, time):
    add_rule(engine, "dead_event")
    add_channel(engine, "ops", URL)
    put_event(engine, "evt_1")
    look(engine)
    for table in (alerts, alert_deliveries):
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(table.update().values(state="done"))


def test_default_rules_are_made_once_and_stay_deleted(engine, time):
    make_default_rules(engine, ["usd", "jpy"])
    make_default_rules(engine, ["usd", "jpy"])
    with reading(engine) as connection:
        kinds = list(connection.scalars(select(alert_rules.c.kind)))
    assert sorted(kinds) == sorted([*KINDS, "large_refund"])
    with writing(engine) as connection:
        connection.execute(alert_rules.delete())
    make_default_rules(engine, ["usd"])
    with reading(engine) as connection:
        assert connection.execute(select(alert_rules)).first() is None
