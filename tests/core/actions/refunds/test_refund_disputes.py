"""Money that a dispute moves is not given back a second time."""

from __future__ import annotations

import uuid

import pytest

from core import clock
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_ask as bulk_refunds
from core.db.engine import reading, writing
from core.errors import InvalidAmount, NotRefundable
from core.gateway.objects import read_object
from core.gateway.readings import read_one
from core.mirror.apply import apply
from core.reads.refunds import bulk as reads
from tests.support.bulk_refunds import bulk
from tests.support.fixtures_actions import operations_kept
from tests.support.refunds import at_stripe, caller, mirror, paid, part, whole


def disputed(context, emulator, payment, reason="product_not_received", **more):
    """The issuer disputes a payment; the id of the dispute."""
    emulator.settle()
    charge = context.gateway(False).get(f"/v1/payment_intents/{payment}")["latest_charge"]
    made = emulator.control("POST", "disputes", {"charge": charge, "reason": reason} | more)
    hear(context, payment, made["id"])
    return made["id"]


def hear(context, payment, dispute):
    """Read a dispute and its payment, as the worker does."""
    mirror(context, payment)
    seen = read_one(context.gateway(False), "dispute", dispute, known_at=clock.now())
    with writing(context.engine) as connection:
        apply(connection, [seen], context.books)


def say(context, dispute, **changed):
    """Stripe says something of a dispute that the emulator does not know."""
    source = context.gateway(False).get(f"/v1/disputes/{dispute}") | changed
    seen = read_object(source, as_of=clock.now(), confirmed=True, livemode=False)
    with writing(context.engine) as connection:
        apply(connection, [seen], context.books)


def ask(context, who, payment):
    return refunds.ask(context, who, whole(payment), livemode=False)


def test_while_a_dispute_is_open_nothing_goes_back(console, context, action_emulator):
    support, payment = caller(console, "support"), paid(context, 5_000)
    dispute = disputed(context, action_emulator, payment)
    with pytest.raises(NotRefundable, match="open dispute"):
        ask(context, support, payment)
    action_emulator.control("POST", f"disputes/{dispute}", {"status": "under_review"})
    hear(context, payment, dispute)
    with pytest.raises(NotRefundable, match="open dispute"):
        ask(context, support, payment)
    assert (at_stripe(context, payment), operations_kept(console)) == ([], [])


def test_a_lost_dispute_has_given_the_money_back_already(console, context, action_emulator):
    support, payment = caller(console, "support"), paid(context, 5_000)
    dispute = disputed(context, action_emulator, payment)
    action_emulator.control("POST", f"disputes/{dispute}", {"status": "lost"})
    hear(context, payment, dispute)
    with pytest.raises(NotRefundable, match="lost a dispute"):
        ask(context, support, payment)
    assert at_stripe(context, payment) == []


def test_an_inquiry_is_ended_by_a_refund_and_whoever_asks_is_warned(
    console, context, action_emulator
):
    support, payment = caller(console, "support"), paid(context, 5_000)
    dispute = disputed(context, action_emulator, payment, "inquiry")
    given = {"livemode": False, "request_id": str(uuid.uuid4())}
    for _ in range(2):
        made = refunds.ask(context, support, part(payment, "20"), **given)
        assert (made.state, made.warnings) == ("succeeded", ("open_inquiry",))
    action_emulator.control("POST", f"disputes/{dispute}", {"status": "warning_closed"})
    hear(context, payment, dispute)
    assert ask(context, support, payment).warnings == ()


@pytest.mark.parametrize("status", ["appeal_needs_response", "appeal_under_review"])
def test_an_appeal_is_an_open_dispute(console, context, action_emulator, status):
    support, payment = caller(console, "support"), paid(context, 5_000)
    dispute = disputed(context, action_emulator, payment)
    for step in ("lost", status):
        action_emulator.control("POST", f"disputes/{dispute}", {"status": step})
    hear(context, payment, dispute)
    with pytest.raises(NotRefundable, match="open dispute"):
        ask(context, support, payment)
    assert at_stripe(context, payment) == []


@pytest.mark.parametrize("refundable", [True, False])
def test_of_a_status_that_nobody_knows_yet_stripe_says_whether_it_is_refundable(
    console, context, action_emulator, refundable
):
    payment = paid(context, 5_000)
    dispute = disputed(context, action_emulator, payment, "inquiry")
    say(context, dispute, status="mediation_needs_response", is_charge_refundable=refundable)
    if not refundable:
        with pytest.raises(NotRefundable, match="Stripe gives nothing back"):
            ask(context, caller(console, "support"), payment)
        assert at_stripe(context, payment) == []
        return
    made = ask(context, caller(console, "support"), payment)
    assert (made.state, made.amount.minor) == ("succeeded", 5_000)
    assert made.warnings == ("unknown_dispute",)


def test_what_a_dispute_took_is_not_left(console, context, action_emulator):
    support, payment = caller(console, "support"), paid(context, 5_000)
    dispute = disputed(context, action_emulator, payment, amount=2_000)
    action_emulator.control("POST", f"disputes/{dispute}", {"status": "lost"})
    hear(context, payment, dispute)
    with pytest.raises(InvalidAmount, match=r"at most 30\.00"):
        refunds.ask(context, support, part(payment, "30.01"), livemode=False)
    assert ask(context, support, payment).amount.minor == 3_000
    hear(context, payment, dispute)
    with pytest.raises(NotRefundable, match="a dispute took the rest"):
        ask(context, support, payment)


def test_a_bulk_is_warned_of_inquiries_before_it_is_asked_for(console, context, action_emulator):
    lead = caller(console, "support_lead")
    calm, asked_about, fought = (paid(context, 5_000) for _ in range(3))
    disputed(context, action_emulator, asked_about, "inquiry")
    disputed(context, action_emulator, fought)
    tried = bulk_refunds.try_out(context, lead, bulk([calm, asked_about, fought]), livemode=False)
    warnings = {one.payment_id: one.warnings for one in tried.verdicts}
    assert warnings == {calm: (), asked_about: ("open_inquiry",), fought: ()}
    assert tried.warned == {"open_inquiry": 1}
    assert [one.payment_id for one in tried.possible()] == [calm, asked_about]
    made = bulk_refunds.ask(context, lead, bulk([calm, asked_about]), livemode=False)
    with reading(context.engine) as connection:
        counts = reads.warned(connection, bulk_id=made.bulk_id, livemode=False)
        other = reads.warned(connection, bulk_id=made.bulk_id, livemode=True)
    assert (counts, other) == ({"open_inquiry": 1}, {})


def test_a_dispute_whose_details_are_not_here_yet_refuses_too(console, context, action_emulator):
    payment = paid(context, 5_000)
    action_emulator.settle()
    charge = context.gateway(False).get(f"/v1/payment_intents/{payment}")["latest_charge"]
    action_emulator.control("POST", "disputes", {"charge": charge})
    mirror(context, payment)
    with pytest.raises(NotRefundable, match="still being read"):
        ask(context, caller(console, "support"), payment)


def test_a_dispute_that_came_meanwhile_stops_the_approval(console, context, action_emulator):
    support, lead = caller(console, "support"), caller(console, "support_lead")
    payment = paid(context, 50_000)
    waiting = ask(context, support, payment)
    disputed(context, action_emulator, payment)
    with pytest.raises(NotRefundable, match="open dispute"):
        refund_approvals.approve(context, lead, waiting.request_id)
    assert refund_approvals.refuse(context, lead, waiting.request_id, "disputed").state == "refused"
    assert at_stripe(context, payment) == []
