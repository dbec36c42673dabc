"""The figures before a refund, the queue of approvals, and every refund in one history."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core import clock
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.db.engine import reading, writing
from core.db.tables import refunds as refunds_table
from core.errors import NotFound, StripeRefused
from core.events.store import parse_envelope, store
from core.inbox.event_processor import apply_inbox
from core.mirror.ledger_walk import catch_up
from core.mirror.refresh import refresh
from core.money import Money
from core.reads.overview import attention
from core.reads.refunds import figures as reads
from core.reads.refunds import history as refund_history
from tests.support.fixtures_access import email_of
from tests.support.refunds import caller, mirror, paid, part, whole


def usd(minor):
    return Money(minor, "usd")


def learn(context, emulator):
    """All that Stripe has to tell: events, readings, the ledger."""
    emulator.settle()
    bodies = [
        json.dumps(one).encode()
        for page in context.gateway(False).pages("/v1/events")
        for one in page
    ]
    with writing(context.engine) as connection:
        for body in bodies:
            store(connection, [parse_envelope(body)], source="webhook", received_at=clock.now())
    while apply_inbox(context.engine, context.books).any:
        continue
    while refresh(context.engine, context.gateway(False), context.books):
        continue
    catch_up(context.engine, context.gateway(False), context.books)


def figures(context, payment):
    with reading(context.engine) as connection:
        return reads.figures(connection, payment_id=payment, livemode=False)


def history(context, **asked):
    with reading(context.engine) as connection:
        return refund_history.history(connection, livemode=False, **asked)


def elsewhere(context, payment, amount):
    """A refund that another program makes."""
    return context.gateway(False).post(
        "/v1/refunds",
        idempotency_key=f"elsewhere-{payment}-{amount}",
        payment_intent=payment,
        amount=amount,
        reason="duplicate",
    )["id"]


def test_the_figures_say_what_is_left_and_what_the_net_becomes(console, context, action_emulator):
    payment = paid(context, 100_000)
    elsewhere(context, payment, 10_000)
    refunds.ask(context, caller(console, "support"), part(payment, "50"), livemode=False)
    refunds.ask(context, caller(console, "support"), part(payment, "300"), livemode=False)
    learn(context, action_emulator)
    found = figures(context, payment)
    assert (found.captured, found.refunded, found.pending) == (usd(100_000), usd(15_000), usd(0))
    assert (found.reserved, found.available) == (usd(30_000), usd(55_000))
    # 2.9 % + 0.30 of 1,000.00, which no refund brings back.
    assert (found.fee, found.net) == (usd(2_930), usd(100_000 - 2_930 - 15_000))
    assert found.net_after(usd(55_000)) == usd(27_070)
    assert not found.is_guess


def test_a_refund_that_is_on_its_way_is_pending(console, context):
    payment = paid(context, 5_000, token="pm_card_pendingRefund")
    refunds.ask(context, caller(console, "support"), part(payment, "20"), livemode=False)
    found = figures(context, payment)
    assert (found.refunded, found.pending, found.available) == (usd(0), usd(2_000), usd(3_000))
    assert (found.fee, found.net_after(usd(1))) == (None, None)


def test_a_payment_that_stripe_converts_gives_a_guess(context, action_emulator):
    payment = paid(context, 10_000, "gbp")
    learn(context, action_emulator)
    found = figures(context, payment)
    assert found.is_guess
    assert found.net_after(Money(10_000, "gbp")) == -found.fee


def test_there_are_no_figures_of_an_unknown_payment(context):
    with pytest.raises(NotFound):
        figures(context, "pi_none")


def test_the_queue_holds_what_waits_with_who_asked(console, context):
    support, payment = caller(console, "support"), paid(context, 90_000)
    asked = refunds.ask(context, support, part(payment, "300", note="as agreed"), livemode=False)
    refunds.ask(context, support, part(payment, "10"), livemode=False)
    with reading(context.engine) as connection:
        (found,) = reads.waiting(connection, livemode=False, now=clock.now())
        assert reads.waiting(connection, livemode=True, now=clock.now()) == ()
        late = clock.now() + timedelta(hours=73)
        assert reads.waiting(connection, livemode=False, now=late) == ()
    name = email_of(console, support.user_id).partition("@")[0]
    assert (found.request_id, found.asked_by, found.note, found.over) == (
        asked.request_id,
        name,
        "as agreed",
        "per_refund",
    )
    assert (found.amount, found.payment_amount) == (usd(30_000), usd(90_000))


def test_the_history_tells_ours_from_those_made_elsewhere(console, context, action_emulator):
    support, lead = caller(console, "support"), caller(console, "support_lead")
    payment = paid(context, 90_000)
    outside = elsewhere(context, payment, 500)
    asked = refunds.ask(context, support, part(payment, "300"), livemode=False)
    refund_approvals.approve(context, lead, asked.request_id)
    learn(context, action_emulator)
    found = {entry.refund_id: entry for entry in history(context, payment_id=payment).entries}
    made = next(entry for entry in found.values() if not entry.external)
    assert len(found) == 2
    assert (made.state, made.amount, made.request_id) == (
        "succeeded",
        usd(30_000),
        asked.request_id,
    )
    assert made.decided_by == email_of(console, lead.user_id).partition("@")[0]
    other = found[outside]
    assert (other.external, other.state, other.reason) == (True, "succeeded", "duplicate")
    assert other.asked_by is None
    assert other.stripe_request.startswith("req_")
    assert [e.external for e in history(context, payment_id=payment, state="pending").entries] == []


def test_pages_of_the_history_hold_each_entry_once(console, context):
    lead, payments = caller(console, "support_lead"), [paid(context, 9_000) for _ in range(3)]
    for payment in payments:
        refunds.ask(context, lead, part(payment, "1"), livemode=False)
        elsewhere(context, payment, 500)
        mirror(context, payment)
        refunds.ask(context, lead, whole(payment), livemode=False)
    with writing(context.engine) as connection:
        one = connection.execute(refunds_table.select()).mappings().first()
        for number in range(4):
            row = dict(one) | {"stripe_id": f"re_outside_{number}", "operation_id": None}
            connection.execute(refunds_table.insert().values(**row))
    whole_list = history(context, limit=100)
    assert whole_list.older_cursor is None
    seen, cursor = [], None
    while True:
        page = history(context, cursor=cursor, limit=3)
        seen += page.entries
        if (cursor := page.older_cursor) is None:
            break
        assert len(page.entries) == 3
    assert seen == list(whole_list.entries)
    assert len(seen) == len({entry.id for entry in seen}) == 10
    assert history(context, cursor="%%%", limit=100) == whole_list


def test_what_waits_fails_or_stays_without_an_outcome_needs_somebody(
    console, context, action_emulator
):
    support, payment = caller(console, "support"), paid(context, 90_000)
    refunds.ask(context, support, part(payment, "300"), livemode=False)
    lost = {"path": "/v1/refunds", "method": "POST"}
    action_emulator.fault("lost_reply", count=3, **lost)
    assert refunds.ask(context, support, part(payment, "1"), livemode=False).state == "unknown"
    action_emulator.fault("error", status=400, **lost)
    with pytest.raises(StripeRefused):
        refunds.ask(context, support, part(payment, "2"), livemode=False)

    def waits(minutes):
        now = clock.now() + timedelta(minutes=minutes)
        with reading(context.engine) as connection:
            found = attention.needs_you(connection, livemode=False, now=now)
        return {one.kind: (one.count, one.right) for one in found if one.kind.startswith("refund")}

    at_once = {"refunds_to_approve": (1, "approve_refund"), "refunds_failed": (1, "ask_refund")}
    assert waits(0) == at_once
    assert waits(16) == at_once | {"refunds_unresolved": (1, "ask_refund")}
