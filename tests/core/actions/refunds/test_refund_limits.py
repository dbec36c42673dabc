"""Limits by role and currency: what they are, who changes them, and that a change holds at once."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from core import money
from core.actions.context import Approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import limits as refund_limits
from core.db.engine import reading
from core.errors import InvalidInput, NotPermitted
from tests.support.fixtures_access import audited
from tests.support.refunds import caller, paid, part


@pytest.fixture
def admin(console):
    return caller(console, "admin")


def change(context, who, role="support", currency="usd", per_refund="20", per_day="50"):
    return refund_limits.change(
        context, who, role=role, currency=currency, per_refund=per_refund, per_day=per_day
    )


def asked(context, who, amount, currency="usd", **more):
    payment = paid(context, 500_000, currency)
    return refunds.ask(context, who, part(payment, amount, **more), livemode=False)


def test_every_default_is_an_amount_that_stripe_could_give_back(context):
    with reading(context.engine) as connection:
        found = refund_limits.limits(connection)
    assert {role for role, _ in found} == {"support", "support_lead", "risk"}
    assert {currency for _, currency in found} >= {"usd", "eur", "cny", "jpy", "kwd", "gbp"}
    for (role, currency), limit in found.items():
        assert (limit.role, limit.currency) == (role, currency)
        assert 0 < limit.per_refund_minor <= limit.per_day_minor
        assert limit.per_refund_minor % money.multiple(currency) == 0


def test_a_lead_gives_back_more_alone_than_support(console, context):
    support, lead = caller(console, "support"), caller(console, "support_lead")
    assert asked(context, support, "100").state == "succeeded"
    assert asked(context, support, "100.01").over == "per_refund"
    assert asked(context, lead, "1000").state == "succeeded"
    assert asked(context, lead, "1000.01").over == "per_refund"


def test_roles_add_up_but_risk_counts_for_fraud_alone(console, context):
    both = caller(console, "support", "risk")
    assert asked(context, both, "400", reason="fraudulent").state == "succeeded"
    assert asked(context, both, "400", reason="duplicate").over == "per_refund"


def test_a_second_person_approves_each_refund_where_that_is_set(console, context):
    support = caller(console, "support")
    every = replace(context, approvals=Approvals(every_refund=True))
    assert asked(every, support, "1").over == "per_refund"
    assert asked(context, support, "1").state == "succeeded"


def test_a_currency_without_a_limit_needs_a_second_person(console, context, admin):
    support = caller(console, "support")
    assert asked(context, support, "1.00", "isk").over == "per_refund"
    change(context, admin, currency="ISK", per_refund="100", per_day="100")
    assert asked(context, support, "1.00", "isk").state == "succeeded"


def test_a_change_holds_from_the_next_request_on_and_stands_in_the_log(console, context, admin):
    support = caller(console, "support")
    assert change(context, admin) == refund_limits.Limit("support", "usd", 2_000, 5_000)
    change(context, admin, currency="eur", per_refund="7.50", per_day="7.50")
    assert asked(context, support, "20.01").over == "per_refund"
    assert asked(context, support, "20").state == "succeeded"
    change(context, admin, per_refund="0", per_day="0")
    assert asked(context, support, "0.01").over == "per_refund"
    assert asked(context, support, "7.50", "eur").state == "succeeded"
    rows = audited(console, "refund.limits")
    assert [row.target for row in rows] == ["support/usd", "support/eur", "support/usd"]
    assert {row.actor for row in rows} == {admin.user_id}
    shown = {(one.role, one.currency): one for one in refund_limits.shown(context, admin)}
    assert shown["support", "usd"].per_day_minor == 0
    assert shown["support_lead", "usd"].per_refund_minor == 100_000


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"role": "viewer"}, "role"),
        ({"role": 7}, "role"),
        ({"role": ["support"]}, "role"),
        ({"currency": "xxx"}, "currency"),
        ({"currency": None}, "currency"),
        ({"per_refund": "-1"}, "per_refund"),
        ({"per_refund": "1.001"}, "per_refund"),
        ({"per_refund": 5}, "per_refund"),
        ({"per_day": "1e9"}, "per_day"),
        ({"per_day": "9999999999999"}, "per_day"),
        ({"per_refund": "50.01"}, "per_day"),
    ],
)
def test_a_bad_limit_names_its_field_and_changes_nothing(console, context, admin, bad, field):
    with pytest.raises(InvalidInput) as caught:
        change(context, admin, **bad)
    assert caught.value.field == field
    assert audited(console, "refund.limits") == []


def test_only_an_admin_changes_limits(console, context):
    with pytest.raises(NotPermitted):
        change(context, caller(console, "support_lead"))


def test_two_who_change_at_once_lose_nothing(till):
    boss = caller(till.console, "admin")
    currencies = ["usd", "eur", "cny", "jpy", "kwd", "gbp", "chf", "sek"]
    threads = [
        threading.Thread(
            target=change, args=(till.context, boss, "risk", one), kwargs={"per_refund": "3"}
        )
        for one in currencies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(till.context.engine) as connection:
        found = refund_limits.limits(connection)
    for one in currencies:
        assert found["risk", one].per_refund_minor == money.parse("3", one).minor
