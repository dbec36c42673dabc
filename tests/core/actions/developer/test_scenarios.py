"""The scenario suite against the emulator: all as expected, and red when something differs."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from core.access.principals import Caller
from core.actions.developer import scenarios
from core.actions.developer.scenarios import Suite
from core.actions.developer.stripe_test_cards import CARDS, GROUPS
from core.emulator.resources.cards import BY_TOKEN, luhn
from core.errors import InvalidInput, NotPermitted
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_actions import operations_kept

CONFIRM = "/v1/payment_intents/*/confirm"


@pytest.fixture
def developer(console):
    return Caller(person(console, "developer"))


@pytest.fixture
def challenge(action_emulator):
    def answer(payment_intent_id, passes):
        outcome = {"outcome": "succeed" if passes else "fail"}
        action_emulator.control(
            "POST", f"payment_intents/{payment_intent_id}/authenticate", outcome
        )

    return answer


@pytest.fixture
def suite(challenge):
    def make(*only, **given):
        chosen = scenarios.known(answered=True, only=only)
        return Suite(str(uuid.uuid4()), chosen, challenge, **given)

    return make


def test_every_card_has_its_number_and_token_at_stripe():
    assert {card.group for card in CARDS} == set(GROUPS)
    assert len({card.name for card in CARDS}) == len(CARDS)
    for card in CARDS:
        assert luhn(card.number)
        assert BY_TOKEN[card.token].number == card.number


def test_every_scenario_comes_out_as_expected(context, developer, suite):
    told = []
    results = scenarios.run(context, developer, suite(report=lambda *now: told.append(now)))
    assert [one.scenario.name for one in results if not one.ok] == []
    total = len(scenarios.known(answered=True))
    assert told == [(n, total) for n in range(1, total + 1)]
    shown = {one["scenario"]: one for one in (result.shown() for result in results)}
    assert shown["insufficient_funds"]["actual"] == {
        "status": "requires_payment_method",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }
    assert "charge.dispute.created" in shown["dispute"]["events"]
    assert "radar.early_fraud_warning.created" in shown["early_fraud_warning"]["events"]


def test_where_nobody_answers_challenges_they_end_waiting(context, developer):
    chosen = scenarios.known(answered=False, only=["three_d_secure"])
    (result,) = scenarios.run(context, developer, Suite("run", chosen))
    assert result.ok
    assert result.actual.status == "requires_action"


def test_another_outcome_is_a_difference(context, developer, suite, challenge):
    (one,) = scenarios.known(answered=True, only=["three_d_secure_passed"])
    fails = Suite("run", [one], lambda payment, _passes: challenge(payment, False))
    (result,) = scenarios.run(context, developer, fails)
    assert not result.ok
    assert result.actual.code == "payment_intent_authentication_failure"


def test_a_fault_of_stripes_is_a_difference(context, developer, suite, action_emulator):
    order = {"kind": "error", "count": 1, "method": "POST", "path": CONFIRM}
    action_emulator.control("POST", "faults", order)
    (result,) = scenarios.run(context, developer, suite("visa"))
    assert not result.ok
    assert result.shown()["actual"]["status"] == "outcome_unknown"


def test_an_event_that_does_not_come_is_a_difference(context, developer, suite, monkeypatch):
    monkeypatch.setattr(scenarios, "EVENTS_WITHIN", 0.1)
    chosen = suite("visa")
    (visa,) = chosen.scenarios
    never = replace(visa, card=replace(visa.card, follows=("charge.dispute.created",)))
    (result,) = scenarios.run(context, developer, replace(chosen, scenarios=[never]))
    assert result.as_expected
    assert result.missing == ("charge.dispute.created",)
    assert not result.ok


def test_the_same_run_again_pays_nothing_twice(console, context, developer, suite):
    chosen = suite("visa", "declined", "three_d_secure_passed")
    first = scenarios.run(context, developer, chosen)
    again = scenarios.run(context, developer, chosen)
    assert [one.payment_intent_id for one in first] == [one.payment_intent_id for one in again]
    assert all(one.ok for one in again)
    assert len(operations_kept(console)) == 6


def test_a_name_that_does_not_exist_is_refused():
    with pytest.raises(InvalidInput, match="there is no scenario 'vise'"):
        scenarios.known(answered=True, only=["vise"])


@pytest.mark.parametrize("role", ["viewer", "admin", "finance"])
def test_others_than_developers_run_nothing(console, context, suite, role):
    other = Caller(person(console, role))
    with pytest.raises(NotPermitted):
        scenarios.run(context, other, suite("visa"))
    (row,) = audited(console, scenarios.KIND)
    assert row.outcome == "refused"
