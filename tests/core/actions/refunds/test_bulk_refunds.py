"""Bulk refunds: tried out, asked for as one decision, decided by a second person, stopped."""

from __future__ import annotations

import uuid

import pytest

from core.access.principals import Caller
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds import bulk_plan, bulk_worker
from core.actions.refunds.bulk_ask import NewBulk
from core.actions.refunds.bulk_plan import Target
from core.errors import (
    AlreadyDecided,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from tests.support.bulk_refunds import FULL, ask, bulk, fixed, kept, percent, states, work_off
from tests.support.fixtures_access import audited
from tests.support.fixtures_actions import operations_kept
from tests.support.refunds import at_stripe, caller, mirror, paid, requests, whole


@pytest.fixture
def lead(console):
    return caller(console, "support_lead")


@pytest.fixture
def other(console):
    return caller(console, "support_lead")


def test_a_dry_run_says_of_each_row_what_would_come_of_it(context, lead):
    good, held = paid(context, 1_000), paid(context, 2_000, capture_method="manual")
    yen = paid(context, 700, "jpy")
    asked = bulk([good, held, "pi_unknown", good, yen, "re_1"], percent("33.33"))
    found = bulk_refunds.try_out(context, lead, asked, livemode=False)
    told = [str(one.amount or getattr(one.error, "rule", one.error)) for one in found.verdicts]
    assert told == [
        "3.33 USD",
        "is not captured: cancel it instead",
        "There is no payment pi_unknown here",
        "stands in the list twice",
        "233 JPY",
        "must be an id that begins with pi_, ch_, py_",
    ]
    assert {code: (n, str(total)) for code, (n, total) in found.totals.items()} == {
        "jpy": (1, "233 JPY"),
        "usd": (1, "3.33 USD"),
    }
    assert found.over is None
    assert found.possible() == (Target(good, "3.33"), Target(yen, "233"))
    assert (requests(context.engine), operations_kept(context)) == ([], [])


def test_a_fixed_amount_is_one_of_its_currency(context, lead):
    dollars, euros = paid(context, 1_000), paid(context, 1_000, "eur")
    small = paid(context, 400)
    asked = bulk([dollars, euros, small], fixed("5.00"))
    found = bulk_refunds.try_out(context, lead, asked, livemode=False)
    assert [str(one.amount or one.error.rule) for one in found.verdicts] == [
        "5.00 USD",
        "was paid in EUR, and the amount is in USD",
        "must be at most 4.00 USD: more is not available",
    ]


def test_within_the_limits_the_worker_sends_every_row_once(console, context, lead):
    payments = [paid(context, 1_000) for _ in range(5)]
    made = ask(context, lead, payments, percent("50"))
    assert (made.state, made.over, made.total) == ("running", None, 5)
    assert all(at_stripe(context, one) == [] for one in payments)
    work_off(context)
    assert kept(context, made.bulk_id).state == "done"
    assert states(context) == {"succeeded": 5}
    assert [[r["amount"] for r in at_stripe(context, one)] for one in payments] == [[500]] * 5
    assert [row.outcome for row in audited(console, "bulk_refund.ask")] == ["running"]
    assert len(audited(console, "refund.create")) == 10
    assert len(audited(console, "bulk_refund.done")) == 1
    assert bulk_worker.send_waiting_rows(context) is False


def test_amounts_of_the_list_go_before_the_rule(context, lead):
    payment, rest = paid(context, 1_000), paid(context, 1_000)
    targets = (Target(payment, "1.25"), Target(rest))
    asked = NewBulk(targets, FULL, "duplicate")
    bulk_refunds.ask(context, lead, asked, livemode=False)
    work_off(context)
    assert [at_stripe(context, one)[0]["amount"] for one in (payment, rest)] == [125, 1_000]


def test_the_same_bulk_asked_for_twice_is_one(context, lead, other):
    key, asked = str(uuid.uuid4()), bulk([paid(context, 1_000)], percent("10"))
    first = bulk_refunds.ask(context, lead, asked, livemode=False, bulk_id=key)
    assert bulk_refunds.ask(context, lead, asked, livemode=False, bulk_id=key) == first
    with pytest.raises(IdempotencyKeyReused):
        bulk_refunds.ask(context, other, asked, livemode=False, bulk_id=key)
    changed = bulk([asked.targets[0].payment_id], percent("11"))
    with pytest.raises(IdempotencyKeyReused):
        bulk_refunds.ask(context, lead, changed, livemode=False, bulk_id=key)
    work_off(context)
    assert len(at_stripe(context, asked.targets[0].payment_id)) == 1


def test_a_list_that_changed_since_it_was_tried_is_not_written(context, lead):
    good, gone = paid(context, 1_000), paid(context, 1_000)
    refunds.ask(context, lead, whole(gone), livemode=False)
    with pytest.raises(InvalidInput, match="check the list again"):
        ask(context, lead, [good, gone])
    assert len(requests(context.engine)) == 1
    assert bulk_worker.send_waiting_rows(context) is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payments": []}, "list"),
        ({"payments": ["pi_1"] * 1001}, "list"),
        ({"how": percent("0")}, "percent"),
        ({"how": percent("100.01")}, "percent"),
        ({"how": percent("1e1")}, "percent"),
        ({"how": percent("٣")}, "percent"),
        ({"how": fixed("0")}, "amount"),
        ({"how": fixed("1.001")}, "amount"),
        ({"how": fixed("1", "xxx")}, "currency"),
        ({"how": bulk_plan.How("most")}, "kind"),
        ({"reason": "other"}, "reason"),
        ({"note": ""}, "note"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(context, lead, change, field):
    asked = bulk(**({"payments": ["pi_1"]} | change))
    for act in (bulk_refunds.try_out, bulk_refunds.ask):
        with pytest.raises(InvalidInput) as caught:
            act(context, lead, asked, livemode=False)
        assert caught.value.field == field
    assert requests(context.engine) == []


def test_stopped_it_leaves_the_rest_unsent(console, context, lead, other):
    payments = [paid(context, 1_000) for _ in range(6)]
    made = ask(context, lead, payments)
    for _ in range(2):
        assert bulk_worker.send_waiting_rows(context)
    assert bulk_refunds.stop(context, other, made.bulk_id).state == "stopped"
    assert bulk_worker.send_waiting_rows(context) is False
    assert states(context) == {"succeeded": 2, "canceled": 4}
    assert sum(len(at_stripe(context, one)) for one in payments) == 2
    left = next(row for row in requests(context.engine) if row.state == "canceled")
    assert left.why == bulk_refunds.STOPPED
    assert refunds.ask(context, lead, whole(left.payment_id), livemode=False).state == "succeeded"
    with pytest.raises(AlreadyDecided):
        bulk_refunds.stop(context, lead, made.bulk_id)
    assert len(audited(console, "bulk_refund.stop")) == 1


def test_a_row_that_became_impossible_fails_alone(context, lead):
    payments = [paid(context, 1_000) for _ in range(4)]
    ask(context, lead, payments)
    gateway = context.gateway(False)
    gateway.post("/v1/refunds", idempotency_key="y", payment_intent=payments[1], amount=1)
    mirror(context, payments[1])
    work_off(context)
    found = {row.payment_id: (row.state, row.why) for row in requests(context.engine)}
    assert found.pop(payments[1]) == ("failed", "has less left than this request asks for")
    assert set(found.values()) == {("succeeded", None)}
    assert [len(at_stripe(context, one)) for one in payments] == [1, 1, 1, 1]


def test_a_row_that_stripe_refuses_fails_and_the_others_go_on(context, lead, action_emulator):
    payments = [paid(context, 1_000) for _ in range(3)]
    ask(context, lead, payments)
    action_emulator.fault("error", status=400, path="/v1/refunds", method="POST", count=1)
    work_off(context)
    assert states(context) == {"succeeded": 2, "failed": 1}


def test_a_stripe_that_does_not_answer_holds_the_rest_back(context, lead, action_emulator):
    ask(context, lead, [paid(context, 1_000) for _ in range(12)])
    action_emulator.fault("reset", path="/v1/refunds", method="POST", count=100)
    work_off(context)
    assert states(context) == {"unknown": 8, "queued": 4}


def test_only_those_with_the_right(console, context, lead):
    payment = paid(context, 1_000)
    made = ask(context, lead, [payment])
    for role in ("viewer", "support", "finance", "risk", "developer", "admin"):
        somebody = caller(console, role)
        for act in (
            lambda who: ask(context, who, [payment]),
            lambda who: bulk_refunds.try_out(context, who, bulk([payment]), livemode=False),
            lambda who: bulk_refunds.stop(context, who, made.bulk_id),
            lambda who: bulk_refund_approvals.approve(context, who, made.bulk_id),
            lambda who: bulk_refund_approvals.refuse(context, who, made.bulk_id, "no"),
            lambda who: bulk_refund_approvals.withdraw(context, who, made.bulk_id),
        ):
            with pytest.raises(NotPermitted):
                act(somebody)
    assert states(context) == {"queued": 1}


def test_there_is_no_bulk_of_that_name(context, lead):
    for act in (bulk_refunds.stop, bulk_refund_approvals.approve):
        for name in (str(uuid.uuid4()), "x", "'"):
            with pytest.raises(NotFound):
                act(context, Caller(lead.user_id), name)
