"""Rules are checked by their form, muted for a time; an alert is taken on by whose matter it is."""

from datetime import timedelta

import pytest

from core import clock
from core.access.principals import Caller
from core.access.rights import RIGHTS
from core.actions.alerts import acknowledgements, rules
from core.alerts.kinds import KINDS
from core.db.engine import reading, writing
from core.db.tables import alert_rules, payouts
from core.domain.alert_matters import MATTERS, kinds_for
from core.errors import AlreadyDecided, InvalidInput, NotFound, NotPermitted
from core.reads.alerts import alerts as alert_reads
from core.reads.alerts import settings as reads
from tests.support.alerts import add_channel, found, look, put_event, sent
from tests.support.fixtures_access import audited, person


@pytest.fixture
def admin(console):
    return Caller(person(console, "admin"))


def all_rules(console):
    with reading(console.engine) as connection:
        return reads.rules(connection)


def fail_payout(console):
    now = clock.now()
    row = {"stripe_id": "po_1", "status": "failed", "amount_minor": 5, "currency": "usd"}
    row |= {"automatic": True, "livemode": False, "confirmed": True, "created_at": now}
    with writing(console.engine) as connection:
        connection.execute(payouts.insert().values(row | {"as_of": now}))


def test_what_is_not_given_has_its_default(console, context, admin):
    rules.create(context, admin, "large_refund", {"currency": "JPY", "amount": "1,000"})
    (one,) = all_rules(console)
    assert one.parameters == {"currency": "jpy", "amount": "1000", "hours": 24}
    assert len(audited(console, rules.CREATE)) == 1


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("none", {}, "kind"),
        ("failure_rate", {"above_percent": 0}, "above_percent"),
        ("failure_rate", {"above_percent": 101}, "above_percent"),
        ("failure_rate", {"above_percent": "20"}, "above_percent"),
        ("failure_rate", {"above_percent": True}, "above_percent"),
        ("failure_rate", {"nothing": 1}, "nothing"),
        ("silence", {"of": "refunds"}, "of"),
        ("large_refund", {"currency": "xxx"}, "currency"),
        ("large_refund", {"currency": "jpy", "amount": "10.5"}, "amount"),
        ("large_refund", {"amount": "0"}, "amount"),
        ("large_refund", {"amount": "1e9"}, "amount"),
        ("large_refund", {"amount": "9" * 13}, "amount"),
    ],
)
def test_bad_parameters_are_refused_by_their_field(
    console, context, admin, kind, parameters, field
):
    with pytest.raises(InvalidInput) as refused:
        rules.create(context, admin, kind, parameters)
    assert refused.value.field == field
    assert all_rules(console) == ()


def test_a_rule_that_is_changed_to_rest_or_deleted_closes_its_alerts(console, context, admin):
    put_event(console.engine, "evt_1")
    for end in (
        lambda one: rules.change(context, admin, one, parameters={}, enabled=False),
        lambda one: rules.delete(context, admin, one),
    ):
        one = rules.create(context, admin, "dead_event", {})
        look(console.engine)
        end(one)
        assert found(console.engine)[-1].state == "closed"
    with pytest.raises(NotFound):
        rules.delete(context, admin, one)


def test_a_mute_has_an_end_and_can_be_taken_back(console, context, admin):
    one = rules.create(context, admin, "dead_event", {})
    add_channel(console.engine, "ops", "json://127.0.0.1:9/x")
    put_event(console.engine, "evt_1")
    now = clock.now()
    for until in (now, now - timedelta(days=1), now + timedelta(days=31), now.replace(tzinfo=None)):
        with pytest.raises(InvalidInput, match="until"):
            rules.mute(context, admin, one, until=until)
    rules.mute(context, admin, one, until=now + timedelta(hours=1))
    look(console.engine)
    assert sent(console.engine) == []
    rules.mute(context, admin, one, until=None)
    look(console.engine)
    assert len(sent(console.engine)) == 1
    assert len(audited(console, rules.MUTE)) == 2


@pytest.mark.parametrize(
    ("role", "may"),
    [("finance", True), ("admin", True), ("developer", False), ("risk", False)],
)
def test_who_has_the_right_of_the_matter_takes_an_alert_on(console, context, admin, role, may):
    rule = rules.create(context, admin, "failed_payout", {})
    fail_payout(console)
    look(console.engine)
    (one,) = found(console.engine)
    caller = Caller(person(console, role))
    if not may:
        with pytest.raises(NotPermitted):
            acknowledgements.acknowledge(context, caller, one.id)
        with pytest.raises(NotPermitted):
            rules.mute(context, caller, rule, until=None)
        refused = audited(console, acknowledgements.ACKNOWLEDGE)
        assert [row.outcome for row in refused] == ["refused"]
        return
    acknowledgements.acknowledge(context, caller, one.id)
    with pytest.raises(AlreadyDecided):
        acknowledgements.acknowledge(context, caller, one.id)
    with reading(console.engine) as connection:
        mine = {"livemode": False, "rights": ["administer"]}
        (shown,) = alert_reads.open_alerts(connection, **mine)
        assert alert_reads.open_count(connection, **mine) == 0
        assert alert_reads.closed_alerts(connection, **mine) == ()
    assert (shown.state, shown.subject) == ("acknowledged", "po_1")
    assert "@" in shown.acknowledged_by


@pytest.mark.parametrize("role", ["finance", "admin", "support_lead", "risk", "developer"])
def test_a_person_gets_the_alerts_of_their_matters_and_no_other(console, context, admin, role):
    rules.create(context, admin, "failed_payout", {})
    rules.create(context, admin, "dead_event", {})
    fail_payout(console)
    put_event(console.engine, "1")
    look(console.engine)
    kinds = {
        "finance": {"failed_payout"},
        "admin": {"failed_payout", "dead_event"},
        "developer": {"dead_event"},
    }
    who = person(console, role)
    shown = console.read(who, alert_reads.open_alerts, livemode=False)
    assert {one.kind for one in shown} == kinds.get(role, set())
    # Whoever asks cannot say that they have more rights than they have.
    lie = {"livemode": False, "rights": ["administer"]}
    assert console.read(who, alert_reads.open_alerts, **lie) == shown
    assert console.read(who, alert_reads.open_count, **lie) == len(shown)
    assert console.read(who, alert_reads.closed_alerts, **lie) == ()
    assert console.read(who, alert_reads.open_alerts, livemode=True) == ()


def test_each_kind_is_the_matter_of_rights_that_exist():
    assert KINDS.keys() == MATTERS.keys()
    assert {right for of in MATTERS.values() for right in of} <= set(RIGHTS)
    assert kinds_for([]) == frozenset()


def test_a_kind_of_a_later_version_stops_nothing(console, context, admin):
    rules.create(context, admin, "dead_event", {})
    with writing(console.engine) as connection:
        row = {"kind": "of_tomorrow", "parameters": "{}", "enabled": True, "updated_by": "x"}
        now = clock.now()
        row |= {"created_at": now, "updated_at": now}
        connection.execute(alert_rules.insert().values(row))
    put_event(console.engine, "evt_1")
    look(console.engine)
    assert len(found(console.engine)) == 1
