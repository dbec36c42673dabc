"""Above a limit a second person decides: never the asker, not too late, and only once."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from core import clock
from core.access.principals import Caller
from core.access.sessions import key_of
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import cancel as refund_cancel
from core.db.engine import writing
from core.db.tables import refund_requests
from core.domain.versions import changes
from core.errors import (
    AlreadyDecided,
    NotFound,
    NotPermitted,
    NotRefundable,
    ProofNeeded,
    TillwatchError,
)
from core.states import RefundState
from tests.support.fixtures_access import audited, give, make_console, session_of
from tests.support.fixtures_actions import make_context, operations_kept, with_token
from tests.support.refunds import at_stripe, caller, mirror, paid, part, requests, whole

LARGE = 50_000


@pytest.fixture
def lead(console):
    return caller(console, "support_lead")


@pytest.fixture
def waiting(console, context):
    """A request of somebody in support that waits for a second person."""
    return refunds.ask(
        context, caller(console, "support"), whole(paid(context, LARGE)), livemode=False
    )


def test_above_the_limit_nothing_is_sent_until_somebody_else_approves(
    console, context, lead, waiting
):
    assert (waiting.state, waiting.over, waiting.refund_id) == (
        "awaiting_approval",
        "per_refund",
        None,
    )
    assert waiting.expires_at - waiting.created_at == timedelta(hours=72)
    assert (at_stripe(context, waiting.payment_id), operations_kept(console)) == ([], [])
    done = refund_approvals.approve(context, lead, waiting.request_id)
    assert (done.state, done.approved_by) == ("succeeded", lead.user_id)
    (sent,) = at_stripe(context, waiting.payment_id)
    assert (sent["id"], sent["amount"]) == (done.refund_id, LARGE)
    assert len(audited(console, "refund.approve")) == 1


def test_a_stale_session_approves_nothing(console, context, lead, waiting):
    asking = replace(context, step_up=timedelta(minutes=10))
    old = session_of(console, lead.user_id, clock.now() - timedelta(minutes=11))
    with pytest.raises(ProofNeeded):
        refund_approvals.approve(asking, replace(lead, session=key_of(old)), waiting.request_id)
    assert operations_kept(console) == []
    fresh = replace(lead, session=key_of(session_of(console, lead.user_id)))
    assert refund_approvals.approve(asking, fresh, waiting.request_id).state == "succeeded"


def test_what_waits_keeps_its_amount(console, context):
    support, payment = caller(console, "support"), paid(context, LARGE)
    refunds.ask(context, support, part(payment, "450"), livemode=False)
    with pytest.raises(TillwatchError, match=r"at most 50\.00"):
        refunds.ask(context, support, part(payment, "50.01"), livemode=False)
    assert refunds.ask(context, support, part(payment, "50"), livemode=False).state == "succeeded"
    with pytest.raises(NotRefundable, match="reserved by other requests"):
        refunds.ask(context, support, whole(payment), livemode=False)


def test_nobody_approves_or_refuses_their_own_not_even_by_a_token(console, context):
    lead = caller(console, "support_lead")
    own = refunds.ask(context, lead, whole(paid(context, 200_000)), livemode=False)
    token = with_token(console, lead.user_id, "support_lead")
    by_token = refunds.ask(context, token, whole(paid(context, 200_000)), livemode=False)
    for who in (lead, token):
        for request in (own, by_token):
            with pytest.raises(NotPermitted):
                refund_approvals.approve(context, who, request.request_id)
            with pytest.raises(NotPermitted):
                refund_approvals.refuse(context, who, request.request_id, "no")
    assert operations_kept(console) == []
    assert {row.outcome for row in audited(console, "refund.approve")} == {"refused"}


def test_a_right_that_was_taken_away_approves_nothing(console, context, lead, waiting):
    give(console, lead.user_id, "support")
    with pytest.raises(NotPermitted):
        refund_approvals.approve(context, lead, waiting.request_id)
    assert operations_kept(console) == []


def test_after_its_time_it_is_not_approved_and_frees_its_amount(console, context, lead, waiting):
    with writing(context.engine) as connection:
        connection.execute(refund_requests.update().values(expires_at=clock.now()))
    with pytest.raises(AlreadyDecided, match="expired"):
        refund_approvals.approve(context, lead, waiting.request_id)
    assert (refund_approvals.expire(context), refund_approvals.expire(context)) == (1, 0)
    (row,) = requests(context.engine)
    assert (row.state, row.why) == ("expired", refund_approvals.NOBODY)
    with pytest.raises(AlreadyDecided):
        refund_approvals.approve(context, lead, waiting.request_id)
    support = caller(console, "support")
    assert refunds.ask(context, support, whole(waiting.payment_id), livemode=False).amount.minor
    assert operations_kept(console) == []


def test_refused_with_a_reason_it_is_over(context, console, lead, waiting):
    done = refund_approvals.refuse(context, lead, waiting.request_id, "the parcel has arrived")
    assert (done.state, done.why) == ("refused", "the parcel has arrived")
    for decide in (
        lambda: refund_approvals.approve(context, lead, waiting.request_id),
        lambda: refund_approvals.refuse(context, lead, waiting.request_id, "again"),
    ):
        with pytest.raises(AlreadyDecided):
            decide()
    assert operations_kept(console) == []


def test_only_its_asker_takes_back_what_waits(console, context, lead, waiting):
    with pytest.raises(NotPermitted):
        refund_cancel.cancel(context, lead, waiting.request_id)
    with pytest.raises(NotPermitted):
        refund_cancel.cancel(context, caller(console, "support"), waiting.request_id)
    asker = Caller(waiting.asked_user_id)
    assert refund_cancel.cancel(context, asker, waiting.request_id).state == "canceled"
    with pytest.raises(AlreadyDecided):
        refund_approvals.approve(context, lead, waiting.request_id)


def test_what_changed_meanwhile_is_seen_at_the_approval(console, context, lead, waiting):
    gateway = context.gateway(False)
    gateway.post("/v1/refunds", idempotency_key="x", payment_intent=waiting.payment_id, amount=1)
    mirror(context, waiting.payment_id)
    with pytest.raises(NotRefundable, match="less left"):
        refund_approvals.approve(context, lead, waiting.request_id)
    assert requests(context.engine)[0].state == "awaiting_approval"
    assert len(at_stripe(context, waiting.payment_id)) == 1


def test_there_is_no_request_of_that_name(context, lead):
    with pytest.raises(NotFound):
        refund_approvals.approve(context, lead, str(uuid.uuid4()))


@pytest.mark.usefixtures("within_a_day")
def test_a_day_has_a_limit_too(console, context):
    support = caller(console, "support")
    for _ in range(5):
        made = refunds.ask(context, support, whole(paid(context, 10_000)), livemode=False)
        assert made.state == "succeeded"
    sixth = refunds.ask(context, support, whole(paid(context, 100)), livemode=False)
    assert (sixth.state, sixth.over) == ("awaiting_approval", "per_day")
    in_yen = refunds.ask(context, support, whole(paid(context, 100, "jpy")), livemode=False)
    assert in_yen.state == "succeeded"
    somebody = caller(console, "support")
    assert (
        refunds.ask(context, somebody, whole(paid(context, 100)), livemode=False).state
        == "succeeded"
    )


def decide_at_once(contexts, lead_ids, request_id):
    """Each context's person approves at the same moment; what each was told."""
    gate, told = threading.Barrier(len(contexts)), []

    def decide(context, user_id):
        gate.wait()
        try:
            told.append(refund_approvals.approve(context, Caller(user_id), request_id).state)
        except AlreadyDecided:
            told.append("decided")

    threads = [
        threading.Thread(target=decide, args=pair) for pair in zip(contexts, lead_ids, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def test_two_who_approve_at_once_send_once(database_url, action_emulator):
    console = make_console(database_url)
    context = make_context(console, action_emulator)
    leads = [caller(console, "support_lead").user_id for _ in range(4)]
    for _ in range(3):
        support = caller(console, "support")
        asked = refunds.ask(context, support, whole(paid(context, LARGE)), livemode=False)
        told = decide_at_once([context] * 4, leads, asked.request_id)
        assert told == ["decided"] * 3 + [RefundState.SUCCEEDED]
        assert len(at_stripe(context, asked.payment_id)) == 1
    console.engine.dispose()


def test_screens_are_told_of_each_decision(console, context, lead, waiting):
    seen = [changes(context.engine)]
    refund_approvals.refuse(context, lead, waiting.request_id, "no")
    seen.append(changes(context.engine))
    support = caller(console, "support")
    again = refunds.ask(context, support, whole(waiting.payment_id), livemode=False)
    seen.append(changes(context.engine))
    refund_cancel.cancel(context, support, again.request_id)
    seen.append(changes(context.engine))
    assert len(set(seen)) == 4
