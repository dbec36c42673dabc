"""A bulk above a limit: one decision, by somebody else, in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core import clock
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_worker
from core.db.engine import writing
from core.db.tables import bulk_refunds as table
from core.errors import AlreadyDecided, NotPermitted, NotRefundable, ProofNeeded
from tests.support.bulk_refunds import ask, kept, states, work_off
from tests.support.fixtures_actions import with_token
from tests.support.refunds import caller, paid, part, requests, whole


@pytest.fixture
def lead(console):
    return caller(console, "support_lead")


@pytest.fixture
def other(console):
    return caller(console, "support_lead")


@pytest.fixture
def waiting(context, lead):
    """A bulk whose largest row is above the lead's limit of 1,000.00 USD."""
    return ask(context, lead, [paid(context, 100_100), paid(context, 500)])


def test_above_a_limit_nothing_is_sent_until_somebody_else_approves_all(
    context, lead, other, waiting
):
    assert (waiting.state, waiting.over) == ("awaiting_approval", "per_refund")
    assert waiting.expires_at - waiting.created_at == timedelta(hours=72)
    assert bulk_worker.send_waiting_rows(context) is False
    for row in requests(context.engine):
        for decide in (refund_approvals.approve, lambda *who: refund_approvals.refuse(*who, "no")):
            with pytest.raises(AlreadyDecided):
                decide(context, other, row.id)
    with pytest.raises(NotPermitted):
        bulk_refund_approvals.approve(context, lead, waiting.bulk_id)
    done = bulk_refund_approvals.approve(context, other, waiting.bulk_id)
    assert (done.state, done.decided_by) == ("running", other.user_id)
    with pytest.raises(AlreadyDecided):
        bulk_refund_approvals.approve(context, other, waiting.bulk_id)
    work_off(context)
    assert states(context) == {"succeeded": 2}
    assert {row.approved_by for row in requests(context.engine)} == {other.user_id}


def test_a_stale_session_approves_no_bulk_and_may_refuse_it(context, other, waiting):
    asking = replace(context, step_up=timedelta(minutes=10))
    with pytest.raises(ProofNeeded):
        bulk_refund_approvals.approve(asking, other, waiting.bulk_id)
    assert states(context) == {"requested": 2}
    assert bulk_refund_approvals.refuse(asking, other, waiting.bulk_id, "no").state == "refused"


def test_the_sum_of_a_day_counts_with_what_is_still_queued(context, lead):
    payments = [paid(context, 100_000) for _ in range(5)]
    assert ask(context, lead, payments[:3]).state == "running"
    assert ask(context, lead, payments[3:]).state == "running"
    assert ask(context, lead, [paid(context, 100)]).over == "per_day"
    single = refunds.ask(context, lead, whole(paid(context, 100)), livemode=False)
    assert (single.state, single.over) == ("awaiting_approval", "per_day")


def test_nobody_approves_their_own_not_even_by_a_token(console, context, lead, waiting):
    token = with_token(console, lead.user_id, "support_lead")
    for who in (lead, token):
        with pytest.raises(NotPermitted):
            bulk_refund_approvals.approve(context, who, waiting.bulk_id)
        with pytest.raises(NotPermitted):
            bulk_refund_approvals.refuse(context, who, waiting.bulk_id, "no")
    assert states(context) == {"requested": 2}


def test_what_waits_keeps_its_amounts_and_refused_frees_them(context, lead, other, waiting):
    large = max(requests(context.engine), key=lambda row: row.amount_minor).payment_id
    with pytest.raises(NotRefundable, match="reserved"):
        refunds.ask(context, lead, part(large, "1"), livemode=False)
    done = bulk_refund_approvals.refuse(context, other, waiting.bulk_id, "wrong list")
    assert (done.state, done.why) == ("refused", "wrong list")
    assert states(context) == {"refused": 2}
    assert refunds.ask(context, lead, part(large, "1"), livemode=False).state == "succeeded"
    assert bulk_worker.send_waiting_rows(context) is False


def test_only_its_asker_takes_it_back(context, lead, other, waiting):
    with pytest.raises(NotPermitted):
        bulk_refund_approvals.withdraw(context, other, waiting.bulk_id)
    assert bulk_refund_approvals.withdraw(context, lead, waiting.bulk_id).state == "canceled"
    assert states(context) == {"canceled": 2}
    with pytest.raises(AlreadyDecided):
        bulk_refund_approvals.approve(context, other, waiting.bulk_id)


def test_after_its_time_it_is_not_approved(context, other, waiting):
    with writing(context.engine) as connection:
        connection.execute(table.update().values(expires_at=clock.now()))
    with pytest.raises(AlreadyDecided, match="expired"):
        bulk_refund_approvals.approve(context, other, waiting.bulk_id)
    assert [bulk_refund_approvals.expire(context) for _ in range(2)] == [1, 0]
    assert (kept(context, waiting.bulk_id).state, states(context)) == ("expired", {"expired": 2})
