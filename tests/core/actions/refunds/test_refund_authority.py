"""Who lost the right to a refund sends none of it any more: bulks stop, requests wait in vain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import tokens, users
from core.actions.operations import resolve
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import authority as refund_authority
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds.authority import APPROVER, ASKER
from core.db.engine import reading, writing
from core.errors import AskerLostRight
from core.reads.overview import attention
from tests.support.bulk_refunds import ask, kept, states, work_off
from tests.support.fixtures_access import audited, email_of, give, make_console
from tests.support.fixtures_actions import make_desk, with_token
from tests.support.refund_crashes import cut_off
from tests.support.refunds import at_stripe, caller, paid, part, requests, whole

_NOW = clock.now


@pytest.fixture
def console(database_url):
    made = make_console(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def desk(console, action_emulator):
    action_emulator.control("DELETE", "faults")
    return make_desk(console, action_emulator)


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


def needs(desk):
    with reading(desk.engine) as connection:
        found = attention.needs_you(connection, livemode=False, now=clock.now())
    return {one.kind: (one.count, one.right) for one in found if "refund" in one.right}


def test_a_running_bulk_stops_when_its_asker_loses_the_right(console, desk, asker, lose):
    payments = [paid(desk, 1_000) for _ in range(5)]
    made = ask(desk, asker, payments)
    for _ in range(2):
        assert bulk_refunds.work(desk)
    lose(asker)
    work_off(desk)
    bulk = kept(desk, made.bulk_id)
    assert (bulk.state, bulk.why, bulk.stopped_by) == ("stopped", ASKER, None)
    assert states(desk) == {"succeeded": 2, "canceled": 3}
    assert sum(len(at_stripe(desk, one)) for one in payments) == 2
    assert {row.why for row in requests(desk.engine) if row.state == "canceled"} == {ASKER}
    (noted,) = audited(console, "bulk_refund.stop")
    assert (noted.actor, noted.target, noted.outcome) == ("worker", made.bulk_id, "ok")
    assert needs(desk) == {"bulks_stopped": (1, "bulk_refund")}


def test_an_approved_bulk_stops_when_who_approved_it_loses_the_right(console, desk, lead, other):
    waiting = ask(desk, lead, [paid(desk, 100_100), paid(desk, 500), paid(desk, 500)])
    assert needs(desk) == {"bulks_to_approve": (1, "approve_refund")}
    bulk_refund_approvals.approve(desk, other, waiting.bulk_id)
    assert needs(desk) == {}
    assert bulk_refunds.work(desk)
    disabled(console, other)
    work_off(desk)
    bulk = kept(desk, waiting.bulk_id)
    assert (bulk.state, bulk.why) == ("stopped", APPROVER)
    assert states(desk) == {"succeeded": 1, "canceled": 2}


def test_what_a_stopped_bulk_did_not_send_may_be_asked_for_anew(console, desk, lead, other):
    payment = paid(desk, 1_000)
    ask(desk, lead, [payment])
    disabled(console, lead)
    work_off(desk)
    assert at_stripe(desk, payment) == []
    assert refunds.ask(desk, other, whole(payment), livemode=False).state == "succeeded"


def test_a_bulk_whose_asker_lost_the_right_is_not_approved(console, desk, lead, other):
    waiting = ask(desk, lead, [paid(desk, 100_100)])
    disabled(console, lead)
    with pytest.raises(AskerLostRight):
        bulk_refund_approvals.approve(desk, other, waiting.bulk_id)
    assert kept(desk, waiting.bulk_id).state == "awaiting_approval"
    assert bulk_refund_approvals.refuse(desk, other, waiting.bulk_id, "left").state == "refused"


def test_a_request_whose_asker_lost_the_right_is_not_approved(console, desk, asker, other, lose):
    payment = paid(desk, 200_000)
    waiting = refunds.ask(desk, asker, whole(payment), livemode=False)
    assert waiting.state == "awaiting_approval"
    lose(asker)
    with pytest.raises(AskerLostRight):
        refund_approvals.approve(desk, other, waiting.request_id)
    assert (at_stripe(desk, payment), audited(console, "refund.approve")) == ([], [])
    assert refund_approvals.refuse(desk, other, waiting.request_id, "left").state == "refused"


def test_who_asks_for_fraud_alone_now_is_not_approved_for_anything_else(console, desk, other):
    support = caller(console, "support")
    waiting = refunds.ask(desk, support, whole(paid(desk, 50_000)), livemode=False)
    give(console, support.user_id, "risk")
    with pytest.raises(AskerLostRight):
        refund_approvals.approve(desk, other, waiting.request_id)


@pytest.fixture
def later(desk, action_emulator, monkeypatch):
    """Move the clock on and let the worker look."""
    moved = timedelta()

    def move(**step):
        nonlocal moved
        moved += timedelta(**step)
        ahead = moved
        monkeypatch.setattr(clock, "now", lambda: _NOW() + ahead)
        resolve.resolve(desk)

    return move


def left_unsent(desk, lead, other, payment):
    """A request that was approved, and whose process ended before Stripe heard of it."""
    waiting = refunds.ask(desk, lead, whole(payment), livemode=False)
    with cut_off("before the call"):
        refund_approvals.approve(desk, other, waiting.request_id)


@pytest.mark.parametrize("who", ["asker", "approver"])
def test_what_never_left_is_looked_for_and_not_sent_again(console, desk, lead, other, later, who):
    payment = paid(desk, 200_000)
    left_unsent(desk, lead, other, payment)
    disabled(console, lead if who == "asker" else other)
    later(minutes=4)
    assert [row.state for row in requests(desk.engine)] == ["unknown"]
    for _ in range(3):
        later(minutes=11)
    (row,) = requests(desk.engine)
    assert (row.state, row.why) == ("failed", ASKER if who == "asker" else APPROVER)
    assert at_stripe(desk, payment) == []
    # Somebody has to see to it: its customer waits.
    assert needs(desk) == {"refunds_failed": (1, "ask_refund")}


def test_who_got_the_right_back_in_time_has_it_sent(console, desk, lead, other, later):
    payment = paid(desk, 200_000)
    left_unsent(desk, lead, other, payment)
    disabled(console, lead)
    later(minutes=4)
    disabled(console, lead, shut=False)
    later(minutes=4)
    assert [row.state for row in requests(desk.engine)] == ["succeeded"]
    assert len(at_stripe(desk, payment)) == 1


def test_what_had_left_is_found_and_stays(console, desk, lead, later):
    payment = paid(desk, 1_000)
    with cut_off("after the call"):
        refunds.ask(desk, lead, part(payment, "5"), livemode=False)
    disabled(console, lead)
    later(minutes=4)
    assert [row.state for row in requests(desk.engine)] == ["succeeded"]
    assert len(at_stripe(desk, payment)) == 1


def test_a_worker_that_asks_nobody_anew_would_be_seen(console, desk, lead, monkeypatch):
    monkeypatch.setattr(refund_authority, "lost", lambda *_given: None)
    payments = [paid(desk, 1_000) for _ in range(2)]
    ask(desk, lead, payments)
    disabled(console, lead)
    work_off(desk)
    assert [len(at_stripe(desk, one)) for one in payments] == [1, 1]
