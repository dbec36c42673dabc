"""Who lost the right to a refund sends none of it any more: bulks stop, requests wait in vain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import tokens, users
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import authority as refund_authority
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_worker
from core.actions.refunds.authority import APPROVER, ASKER
from core.db.engine import reading, writing
from core.errors import AskerLostRight
from core.reads.overview import attention
from tests.support.bulk_refunds import ask, kept, states, work_off
from tests.support.fixtures_access import audited, email_of, give, make_console
from tests.support.fixtures_actions import make_context, with_token
from tests.support.refund_crashes import cut_off
from tests.support.refunds import at_stripe, caller, paid, part, requests, whole

_NOW = clock.now


@pytest.fixture
def console(database_url):
    made = make_console(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def context(console, action_emulator):
    action_emulator.control("DELETE", "faults")
    return make_context(console, action_emulator)


@pytest.fixture
def lead(console):
    return caller(console, "support_lead")


@pytest.fixture
def other(console):
    return caller(console, "support_lead")


def disabled(console, who, shut=True):
    with writing(console.engine) as connection:
        email = email_of(console, who.user_id)
        users.set_disabled(connection, email, shut, actor="test", production=False)


def role_taken(console, who):
    give(console, who.user_id, "viewer")


def token_revoked(console, who):
    with writing(console.engine) as connection:
        tokens.revoke(connection, who.token_id, actor="test")


#: How somebody loses what it takes, and what is asked for by whom.
LOST = {"disabled": disabled, "role taken": role_taken, "token revoked": token_revoked}


@pytest.fixture(params=LOST)
def lose(request, console):
    return lambda who: LOST[request.param](console, who)


@pytest.fixture
def asker(request, console, lead):
    by_token = "token revoked" in request.node.callspec.params.values()
    return with_token(console, lead.user_id, "support_lead") if by_token else lead


def needs(context):
    with reading(context.engine) as connection:
        found = attention.needs_you(connection, livemode=False, now=clock.now())
    return {one.kind: (one.count, one.right) for one in found if "refund" in one.right}


def test_a_running_bulk_stops_when_its_asker_loses_the_right(console, context, asker, lose):
    payments = [paid(context, 1_000) for _ in range(5)]
    made = ask(context, asker, payments)
    for _ in range(2):
        assert bulk_worker.send_waiting_rows(context)
    lose(asker)
    work_off(context)
    bulk = kept(context, made.bulk_id)
    assert (bulk.state, bulk.why, bulk.stopped_by) == ("stopped", ASKER, None)
    assert states(context) == {"succeeded": 2, "canceled": 3}
    assert sum(len(at_stripe(context, one)) for one in payments) == 2
    assert {row.why for row in requests(context.engine) if row.state == "canceled"} == {ASKER}
    (noted,) = audited(console, "bulk_refund.stop")
    assert (noted.actor, noted.target, noted.outcome) == ("worker", made.bulk_id, "ok")
    assert needs(context) == {"bulks_stopped": (1, "bulk_refund")}


def test_an_approved_bulk_stops_when_who_approved_it_loses_the_right(console, context, lead, other):
    waiting = ask(context, lead, [paid(context, 100_100), paid(context, 500), paid(context, 500)])
    assert needs(context) == {"bulks_to_approve": (1, "approve_refund")}
    bulk_refund_approvals.approve(context, other, waiting.bulk_id)
    assert needs(context) == {}
    assert bulk_worker.send_waiting_rows(context)
    disabled(console, other)
    work_off(context)
    bulk = kept(context, waiting.bulk_id)
    assert (bulk.state, bulk.why) == ("stopped", APPROVER)
    assert states(context) == {"succeeded": 1, "canceled": 2}


def test_what_a_stopped_bulk_did_not_send_may_be_asked_for_anew(console, context, lead, other):
    payment = paid(context, 1_000)
    ask(context, lead, [payment])
    disabled(console, lead)
    work_off(context)
    assert at_stripe(context, payment) == []
    assert refunds.ask(context, other, whole(payment), livemode=False).state == "succeeded"


def test_a_bulk_whose_asker_lost_the_right_is_not_approved(console, context, lead, other):
    waiting = ask(context, lead, [paid(context, 100_100)])
    disabled(console, lead)
    with pytest.raises(AskerLostRight):
        bulk_refund_approvals.approve(context, other, waiting.bulk_id)
    assert kept(context, waiting.bulk_id).state == "awaiting_approval"
    assert bulk_refund_approvals.refuse(context, other, waiting.bulk_id, "left").state == "refused"


def test_a_request_whose_asker_lost_the_right_is_not_approved(console, context, asker, other, lose):
    payment = paid(context, 200_000)
    waiting = refunds.ask(context, asker, whole(payment), livemode=False)
    assert waiting.state == "awaiting_approval"
    lose(asker)
    with pytest.raises(AskerLostRight):
        refund_approvals.approve(context, other, waiting.request_id)
    assert (at_stripe(context, payment), audited(console, "refund.approve")) == ([], [])
    assert refund_approvals.refuse(context, other, waiting.request_id, "left").state == "refused"


def test_who_asks_for_fraud_alone_now_is_not_approved_for_anything_else(console, context, other):
    support = caller(console, "support")
    waiting = refunds.ask(context, support, whole(paid(context, 50_000)), livemode=False)
    give(console, support.user_id, "risk")
    with pytest.raises(AskerLostRight):
        refund_approvals.approve(context, other, waiting.request_id)


@pytest.fixture
def later(context, action_emulator, monkeypatch):
    """Move the clock on and let the worker look."""
    moved = timedelta()

    def move(**step):
        nonlocal moved
        moved += timedelta(**step)
        ahead = moved
        monkeypatch.setattr(clock, "now", lambda: _NOW() + ahead)
        resolve.resolve(context, KINDS)

    return move


def left_unsent(context, lead, other, payment):
    """A request that was approved, and whose process ended before Stripe heard of it."""
    waiting = refunds.ask(context, lead, whole(payment), livemode=False)
    with cut_off("before the call"):
        refund_approvals.approve(context, other, waiting.request_id)


@pytest.mark.parametrize("who", ["asker", "approver"])
def test_what_never_left_is_looked_for_and_not_sent_again(
    console, context, lead, other, later, who
):
    payment = paid(context, 200_000)
    left_unsent(context, lead, other, payment)
    disabled(console, lead if who == "asker" else other)
    later(minutes=4)
    assert [row.state for row in requests(context.engine)] == ["unknown"]
    for _ in range(3):
        later(minutes=11)
    (row,) = requests(context.engine)
    assert (row.state, row.why) == ("failed", ASKER if who == "asker" else APPROVER)
    assert at_stripe(context, payment) == []
    # Somebody has to see to it: its customer waits.
    assert needs(context) == {"refunds_failed": (1, "ask_refund")}


def test_who_got_the_right_back_in_time_has_it_sent(console, context, lead, other, later):
    payment = paid(context, 200_000)
    left_unsent(context, lead, other, payment)
    disabled(console, lead)
    later(minutes=4)
    disabled(console, lead, shut=False)
    later(minutes=4)
    assert [row.state for row in requests(context.engine)] == ["succeeded"]
    assert len(at_stripe(context, payment)) == 1


def test_what_had_left_is_found_and_stays(console, context, lead, later):
    payment = paid(context, 1_000)
    with cut_off("after the call"):
        refunds.ask(context, lead, part(payment, "5"), livemode=False)
    disabled(console, lead)
    later(minutes=4)
    assert [row.state for row in requests(context.engine)] == ["succeeded"]
    assert len(at_stripe(context, payment)) == 1


def test_a_worker_that_asks_nobody_anew_would_be_seen(console, context, lead, monkeypatch):
    monkeypatch.setattr(refund_authority, "lost", lambda *_given: None)
    payments = [paid(context, 1_000) for _ in range(2)]
    ask(context, lead, payments)
    disabled(console, lead)
    work_off(context)
    assert [len(at_stripe(context, one)) for one in payments] == [1, 1]
