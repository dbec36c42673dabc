"""What a person may still give back alone."""

from __future__ import annotations

import pytest

from core import money
from core.actions.refunds import allowance
from core.actions.refunds import ask as refunds
from core.errors import NotPermitted
from core.money import Money
from tests.support.refunds import caller, paid, part


@pytest.fixture
def asked(context):
    def ask(who, currency="usd", reason="requested_by_customer"):
        return allowance.allowance(context, who, currency=currency, reason=reason, livemode=False)

    return ask


def usd(minor):
    return Money(minor, "usd")


@pytest.mark.usefixtures("within_a_day")
def test_the_limits_are_those_of_the_role_and_the_day_is_what_went_of_it(console, context, asked):
    support = caller(console, "support")
    found = asked(support)
    assert (found.per_refund, found.per_day, found.spent) == (usd(10_000), usd(50_000), usd(0))
    refunds.ask(context, support, part(paid(context), "75"), livemode=False)
    waits = refunds.ask(context, support, part(paid(context, 50_000), "400"), livemode=False)
    assert waits.state == "awaiting_approval"
    assert asked(support).spent == usd(7_500)
    assert asked(support, "jpy").spent.minor == 0


@pytest.mark.usefixtures("within_a_day")
def test_it_tells_beforehand_what_asking_then_does(console, context, asked):
    support = caller(console, "support")
    for amount in ("100.00", "100.01", "100", "100", "100", "99.99", "0.02"):
        foretold = asked(support).above([money.parse(amount, "usd")])
        made = refunds.ask(context, support, part(paid(context, 20_000), amount), livemode=False)
        assert made.over == foretold


def test_only_for_reasons_of_ones_roles(console, asked):
    risk = caller(console, "risk")
    assert asked(risk, reason="fraudulent").per_refund == usd(50_000)
    with pytest.raises(NotPermitted):
        asked(risk)
    with pytest.raises(NotPermitted):
        asked(caller(console, "viewer"))
