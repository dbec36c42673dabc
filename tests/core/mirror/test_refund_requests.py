"""What becomes of a refund later reaches its request: from the bank, Stripe or elsewhere."""

from __future__ import annotations

import json

import pytest

from core import clock
from core.actions.refunds import ask as refunds
from core.actions.refunds import cancel as refund_cancel
from core.db.engine import writing
from core.errors import AlreadyDecided, NotPermitted, NotRefundable, StripeRefused
from core.events.store import parse_envelope, store
from core.inbox.event_processor import apply_inbox
from core.mirror.refresh import refresh
from tests.support.fixtures_access import audited
from tests.support.refunds import at_stripe, caller, paid, part, requests, whole


def hear(context):
    """Apply Stripe's events about refunds, and read again what they are about: the worker's way."""
    pages = context.gateway(False).pages("/v1/events", types=["refund.created", "refund.updated"])
    bodies = [json.dumps(one).encode() for page in pages for one in page][::-1]
    with writing(context.engine) as connection:
        for body in bodies:
            store(connection, [parse_envelope(body)], source="webhook", received_at=clock.now())
    while apply_inbox(context.engine, context.books).any:
        continue
    while refresh(context.engine, context.gateway(False), context.books):
        continue


def bank(emulator, refund_id, status, **more):
    emulator.control("POST", f"refunds/{refund_id}", {"status": status, **more})


@pytest.fixture
def made(console, context):
    """A refund that went through."""
    payment = paid(context, 5_000)
    return refunds.ask(context, caller(console, "support"), part(payment, "20"), livemode=False)


def test_a_refund_that_the_bank_sends_back_frees_its_amount_and_waits_for_somebody(
    console, context, action_emulator, made
):
    bank(action_emulator, made.refund_id, "failed", failure_reason="expired_or_canceled_card")
    hear(context)
    (row,) = requests(context.engine)
    assert (row.state, row.why, row.settled_at) == ("failed", "expired_or_canceled_card", None)
    again = refunds.ask(context, caller(console, "support"), whole(made.payment_id), livemode=False)
    assert again.amount.minor == 5_000
    viewer, support = caller(console, "viewer"), caller(console, "support")
    with pytest.raises(NotPermitted):
        refund_cancel.settle(context, viewer, made.request_id, "called the customer")
    with pytest.raises(AlreadyDecided):
        refund_cancel.settle(context, support, again.request_id, "nothing")
    refund_cancel.settle(context, support, made.request_id, "called the customer")
    refund_cancel.settle(context, support, made.request_id, "twice")
    assert requests(context.engine)[0].settled_by == support.user_id
    told = [row.outcome for row in audited(console, "refund.settle")]
    assert sorted(told) == ["ok", "refused"]


def test_events_that_come_late_or_twice_change_nothing_back(context, action_emulator, made):
    bank(action_emulator, made.refund_id, "failed")
    for _ in range(2):
        hear(context)
        assert requests(context.engine)[0].state == "failed"


def test_an_event_before_the_reply_moves_the_request(console, context, action_emulator):
    action_emulator.fault("lost_reply", path="/v1/refunds", method="POST", count=3)
    payment = paid(context, 5_000)
    asked = refunds.ask(context, caller(console, "support"), whole(payment), livemode=False)
    assert asked.state == "unknown"
    hear(context)
    (row,) = requests(context.engine)
    assert (row.state, row.refund_id) == ("succeeded", at_stripe(context, payment)[0]["id"])


def test_a_slow_refund_is_pending_until_the_bank_confirms_it(console, context, action_emulator):
    payment = paid(context, 5_000, token="pm_card_pendingRefund")
    support = caller(console, "support")
    asked = refunds.ask(context, support, whole(payment), livemode=False)
    assert asked.state == "pending"
    with pytest.raises(NotRefundable, match="the bank has it"):
        refund_cancel.cancel(context, support, asked.request_id)
    bank(action_emulator, asked.refund_id, "succeeded")
    hear(context)
    assert requests(context.engine)[0].state == "succeeded"


def test_what_waits_for_the_customer_can_be_canceled_at_stripe(console, context, action_emulator):
    payment = paid(context, 5_000, token="pm_card_pendingRefund")
    support = caller(console, "support")
    asked = refunds.ask(context, support, whole(payment), livemode=False)
    bank(action_emulator, asked.refund_id, "requires_action")
    hear(context)
    with pytest.raises(NotPermitted):
        refund_cancel.cancel(context, caller(console, "support"), asked.request_id)
    action_emulator.fault("lost_reply", path="/v1/refunds/*/cancel", method="POST", count=3)
    refund_cancel.cancel(context, caller(console, "support_lead"), asked.request_id)
    assert at_stripe(context, payment)[0]["status"] == "canceled"
    hear(context)
    assert requests(context.engine)[0].state == "canceled"
    assert refunds.ask(context, support, whole(payment), livemode=False).amount.minor == 5_000


def test_a_cancel_that_stripe_refuses_leaves_the_refund_pending(console, context, action_emulator):
    payment = paid(context, 5_000, token="pm_card_pendingRefund")
    support = caller(console, "support")
    asked = refunds.ask(context, support, whole(payment), livemode=False)
    bank(action_emulator, asked.refund_id, "requires_action")
    hear(context)
    bank(action_emulator, asked.refund_id, "succeeded")
    with pytest.raises(StripeRefused):
        refund_cancel.cancel(context, support, asked.request_id)
    hear(context)
    assert requests(context.engine)[0].state == "succeeded"


def test_a_tag_that_somebody_else_wrote_is_not_believed(console, context):
    payment = paid(context, 50_000)
    asked = refunds.ask(context, caller(console, "support"), whole(payment), livemode=False)
    assert asked.state == "awaiting_approval"
    context.gateway(False).post(
        "/v1/refunds",
        idempotency_key=f"elsewhere-{payment}",
        payment_intent=payment,
        amount=100,
        metadata={"tillwatch_operation": asked.request_id},
    )
    hear(context)
    (row,) = requests(context.engine)
    assert (row.state, row.refund_id) == ("awaiting_approval", None)
