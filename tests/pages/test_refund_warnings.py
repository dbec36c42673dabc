"""Who gives money back during an inquiry is told, on every screen, before it is sent."""

from __future__ import annotations

import pytest

from core.actions.refunds import ask as refunds
from tests.core.actions.fraud.test_cases import put_in_review
from tests.core.actions.refunds.test_refund_disputes import disputed
from tests.pages.test_bulk_refund import frame, tried
from tests.pages.test_refunds import fill
from tests.support.bulk_refunds import ask as ask_for_bulk
from tests.support.fixtures_refund_screens import texts
from tests.support.refunds import at_stripe, caller, paid, whole

TOLD = "the customer is then paid twice"


@pytest.fixture
def inquired(action_screens, action_emulator):
    """A payment with an open inquiry: `inquired(minor)`."""

    def made(minor):
        payment = paid(action_screens, minor)
        disputed(action_screens, action_emulator, payment, "inquiry")
        return payment

    return made


def told(test):
    return [one for one in texts(test) if TOLD in one]


def opened(refunds_as, who, payment):
    test = refunds_as(who)
    test.button(key="refund_open").click().run()
    test.text_input(key="refund_search").input(payment).run()
    return test


def test_the_form_tells_it_and_the_refund_may_be_sent(
    refunds_as, action_screens, support, inquired
):
    calm, payment = paid(action_screens, 5_000), inquired(5_000)
    assert told(opened(refunds_as, support, calm)) == []
    test = opened(refunds_as, support, payment)
    assert len(told(test)) == 1
    fill(test).click().run()
    assert len(at_stripe(action_screens, payment)) == 1


def test_it_is_told_in_chinese(console, refunds_as, action_screens, support, inquired):
    console.set_language(support.user_id, "zh-CN")
    test = opened(refunds_as, support, inquired(5_000))
    assert any("有未结的查询" in said for said in texts(test))


def test_who_approves_is_told_too(refunds_as, action_screens, support, lead, inquired):
    asked = refunds.ask(action_screens, support, whole(inquired(50_000)), livemode=False)
    test = refunds_as(lead, tab="waiting")
    assert told(test) == []
    test.button(key=f"review_{asked.request_id}").click().run()
    assert len(told(test)) == 1


def test_a_bulk_tells_it_by_row_and_in_sum(bulk_as, action_screens, lead, inquired):
    calm, payment = paid(action_screens, 1_000), inquired(1_000)
    test = tried(bulk_as(lead, **{"from": "list"}), bulk_list=f"{calm}\n{payment}")
    shown = frame(test, "verdict")
    warned = dict(zip(shown["payment"], shown["warning"], strict=True))
    assert warned == {calm: "", payment: "Open inquiry"}
    assert any(said.startswith("Payments with an open inquiry: 1.") for said in told(test))
    test = tried(bulk_as(lead, **{"from": "list"}), bulk_list=calm)
    assert "warning" not in frame(test, "verdict")
    assert told(test) == []


def test_who_approves_a_bulk_is_told(bulk_as, refunds_as, action_screens, console, lead, inquired):
    made = ask_for_bulk(action_screens, caller(console, "support_lead"), [inquired(200_000)])
    assert made.state == "awaiting_approval"
    queue = refunds_as(lead, tab="waiting")
    queue.button(key=f"review_{made.bulk_id}").click().run()
    assert any(said.startswith("Payments with an open inquiry: 1.") for said in told(queue))


def test_a_refund_as_fraud_tells_it(console, action_screens, action_emulator, screen_as):
    payment, _review, case_id = put_in_review(action_screens, console)
    disputed(action_screens, action_emulator, payment, "inquiry")
    test = screen_as(caller(console, "risk").user_id, "fraud", tab="cases", case=case_id)
    button = next(one for one in test.button if one.label == "Refund as fraud")
    button.click().run()
    assert len(told(test)) == 1
