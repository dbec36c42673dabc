"""A bulk above a limit: one decision, by somebody else, in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_ask as bulk_refunds
from core.db.engine import writing
from core.db.tables import bulk_refunds as table
from core.errors import AlreadyDecided, NotPermitted, NotRefundable
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
def waiting(desk, lead):
    """A bulk whose largest row is above the lead's limit of 1,000.00 USD."""
    return ask(desk, lead, [paid(desk, 100_100), paid(desk, 500)])


def test_above_a_limit_nothing_is_sent_until_somebody_else_approves_all(desk, lead, other, waiting):
    assert (waiting.state, waiting.over) == ("awaiting_approval", "per_refund")
    assert waiting.expires_at - waiting.created_at == timedelta(hours=72)
    assert bulk_refunds.work(desk) is False
    for row in requests(desk.engine):
        for decide in (refund_approvals.approve, lambda *who: refund_approvals.refuse(*who, "no")):
            with pytest.raises(AlreadyDecided):
                decide(desk, other, row.id)
    with pytest.raises(NotPermitted):
        bulk_refund_approvals.approve(desk, lead, waiting.bulk_id)
    done = bulk_refund_approvals.approve(desk, other, waiting.bulk_id)
    assert (done.state, done.decided_by) == ("running", other.user_id)
    with pytest.raises(AlreadyDecided):
        bulk_refund_approvals.approve(desk, other, waiting.bulk_id)
    work_off(desk)
    assert states(desk) == {"succeeded": 2}
    assert {row.approved_by for row in requests(desk.engine)} == {other.user_id}


def test_the_sum_of_a_day_counts_with_what_is_still_queued(desk, lead):
    payments = [paid(desk, 100_000) for _ in range(5)]
    assert ask(desk, lead, payments[:3]).state == "running"
    assert ask(desk, lead, payments[3:]).state == "running"
    assert ask(desk, lead, [paid(desk, 100)]).over == "per_day"
    single = refunds.ask(desk, lead, whole(paid(desk, 100)), livemode=False)
    assert (single.state, single.over) == ("awaiting_approval", "per_day")


def test_nobody_approves_their_own_not_even_by_a_token(console, desk, lead, waiting):
    token = with_token(console, lead.user_id, "support_lead")
    for who in (lead, token):
        with pytest.raises(NotPermitted):
            bulk_refund_approvals.approve(desk, who, waiting.bulk_id)
        with pytest.raises(NotPermitted):
            bulk_refund_approvals.refuse(desk, who, waiting.bulk_id, "no")
    assert states(desk) == {"requested": 2}


def test_what_waits_keeps_its_amounts_and_refused_frees_them(desk, lead, other, waiting):
    large = max(requests(desk.engine), key=lambda row: row.amount_minor).payment_id
    with pytest.raises(NotRefundable, match="reserved"):
        refunds.ask(desk, lead, part(large, "1"), livemode=False)
    done = bulk_refund_approvals.refuse(desk, other, waiting.bulk_id, "wrong list")
    assert (done.state, done.why) == ("refused", "wrong list")
    assert states(desk) == {"refused": 2}
    assert refunds.ask(desk, lead, part(large, "1"), livemode=False).state == "succeeded"
    assert bulk_refunds.work(desk) is False


def test_only_its_asker_takes_it_back(desk, lead, other, waiting):
    with pytest.raises(NotPermitted):
        bulk_refund_approvals.withdraw(desk, other, waiting.bulk_id)
    assert bulk_refund_approvals.withdraw(desk, lead, waiting.bulk_id).state == "canceled"
    assert states(desk) == {"canceled": 2}
    with pytest.raises(AlreadyDecided):
        bulk_refund_approvals.approve(desk, other, waiting.bulk_id)


def test_after_its_time_it_is_not_approved(desk, other, waiting):
    with writing(desk.engine) as connection:
        connection.execute(table.update().values(expires_at=clock.now()))
    with pytest.raises(AlreadyDecided, match="expired"):
        bulk_refund_approvals.approve(desk, other, waiting.bulk_id)
    assert [bulk_refund_approvals.expire(desk) for _ in range(2)] == [1, 0]
    assert (kept(desk, waiting.bulk_id).state, states(desk)) == ("expired", {"expired": 2})
