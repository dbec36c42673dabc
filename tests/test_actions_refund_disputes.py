"""Money that a dispute moves is not given back a second time."""

from __future__ import annotations

import pytest

from core import clock
from core.actions import refund_approvals, refunds
from core.db.engine import writing
from core.errors import NotRefundable
from core.gateway.readings import read_one
from core.inbox.apply import apply
from tests.fixtures_actions import operations_kept
from tests.refund_tools import at_stripe, caller, mirror, paid, whole


def disputed(desk, emulator, payment, reason="product_not_received"):
    """The issuer disputes a payment; the id of the dispute."""
    emulator.settle()
    charge = desk.gateway(False).get(f"/v1/payment_intents/{payment}")["latest_charge"]
    made = emulator.control("POST", "disputes", {"charge": charge, "reason": reason})
    hear(desk, payment, made["id"])
    return made["id"]


def hear(desk, payment, dispute):
    """Read a dispute and its payment, as the worker does."""
    mirror(desk, payment)
    seen = read_one(desk.gateway(False), "dispute", dispute, known_at=clock.now())
    with writing(desk.engine) as connection:
        apply(connection, [seen], desk.books)


def ask(desk, who, payment):
    return refunds.ask(desk, who, whole(payment), livemode=False)


def test_while_a_dispute_is_open_nothing_goes_back(console, desk, action_emulator):
    support, payment = caller(console, "support"), paid(desk, 5_000)
    dispute = disputed(desk, action_emulator, payment)
    with pytest.raises(NotRefundable, match="open dispute"):
        ask(desk, support, payment)
    action_emulator.control("POST", f"disputes/{dispute}", {"status": "under_review"})
    hear(desk, payment, dispute)
    with pytest.raises(NotRefundable, match="open dispute"):
        ask(desk, support, payment)
    assert (at_stripe(desk, payment), operations_kept(console)) == ([], [])


def test_a_lost_dispute_has_given_the_money_back_already(console, desk, action_emulator):
    support, payment = caller(console, "support"), paid(desk, 5_000)
    dispute = disputed(desk, action_emulator, payment)
    action_emulator.control("POST", f"disputes/{dispute}", {"status": "lost"})
    hear(desk, payment, dispute)
    with pytest.raises(NotRefundable, match="lost a dispute"):
        ask(desk, support, payment)
    assert at_stripe(desk, payment) == []


def test_an_inquiry_is_ended_by_a_refund(console, desk, action_emulator):
    payment = paid(desk, 5_000)
    disputed(desk, action_emulator, payment, "inquiry")
    assert ask(desk, caller(console, "support"), payment).state == "succeeded"


def test_a_dispute_whose_details_are_not_here_yet_refuses_too(console, desk, action_emulator):
    payment = paid(desk, 5_000)
    action_emulator.settle()
    charge = desk.gateway(False).get(f"/v1/payment_intents/{payment}")["latest_charge"]
    action_emulator.control("POST", "disputes", {"charge": charge})
    mirror(desk, payment)
    with pytest.raises(NotRefundable, match="still being read"):
        ask(desk, caller(console, "support"), payment)


def test_a_dispute_that_came_meanwhile_stops_the_approval(console, desk, action_emulator):
    support, lead = caller(console, "support"), caller(console, "support_lead")
    payment = paid(desk, 50_000)
    waiting = ask(desk, support, payment)
    disputed(desk, action_emulator, payment)
    with pytest.raises(NotRefundable, match="open dispute"):
        refund_approvals.approve(desk, lead, waiting.request_id)
    assert refund_approvals.refuse(desk, lead, waiting.request_id, "disputed").state == "refused"
    assert at_stripe(desk, payment) == []
