"""Asking for a refund: what is sent at once, what waits, what is refused, what is repeated."""

from __future__ import annotations

import uuid

import pytest

from core.access.principals import Caller
from core.actions.refunds import ask as refunds
from core.errors import (
    IdempotencyKeyReused,
    InvalidAmount,
    InvalidInput,
    NotFound,
    NotPermitted,
    NotRefundable,
    NotSignedIn,
)
from tests.support.fixtures_access import audited
from tests.support.fixtures_actions import operations_kept
from tests.support.refunds import at_stripe, caller, mirror, paid, part, requests, whole


def test_all_of_a_payment_goes_back_at_once_within_the_limit(console, context):
    support, payment = caller(console, "support"), paid(context, 5_000)
    made = refunds.ask(context, support, whole(payment, note="late parcel"), livemode=False)
    assert (made.state, made.amount.minor, made.over) == ("succeeded", 5_000, None)
    (sent,) = at_stripe(context, payment)
    assert (sent["id"], sent["amount"], sent["reason"]) == (
        made.refund_id,
        5_000,
        "requested_by_customer",
    )
    assert sent["metadata"] == {"tillwatch_operation": made.request_id}
    assert [row.outcome for row in audited(console, "refund.ask")] == ["sending"]
    assert [row.outcome for row in audited(console, "refund.create")] == ["asked", "succeeded"]


def test_parts_go_back_until_nothing_is_left(console, context):
    support, payment = caller(console, "support"), paid(context, 1_000)
    for amount in ("4.00", "5.50"):
        assert refunds.ask(context, support, part(payment, amount), livemode=False).state
    with pytest.raises(InvalidAmount, match=r"at most 0\.50 USD"):
        refunds.ask(context, support, part(payment, "0.51"), livemode=False)
    assert refunds.ask(context, support, whole(payment), livemode=False).amount.minor == 50
    mirror(context, payment)
    with pytest.raises(NotRefundable, match="fully refunded"):
        refunds.ask(context, support, whole(payment), livemode=False)
    assert sorted(one["amount"] for one in at_stripe(context, payment)) == [50, 400, 550]


def test_the_same_request_again_answers_the_same_and_sends_nothing(console, context):
    support, payment = caller(console, "support"), paid(context, 5_000)
    key = str(uuid.uuid4())
    first = refunds.ask(context, support, part(payment, "10"), livemode=False, request_id=key)
    again = refunds.ask(context, support, part(payment, "10.00"), livemode=False, request_id=key)
    assert first == again
    assert len(at_stripe(context, payment)) == 1


@pytest.mark.parametrize(
    "change", [{"amount": "11"}, {"amount": None}, {"reason": "duplicate"}, {"note": "other"}]
)
def test_the_same_id_with_another_request_is_refused(console, context, change):
    support, payment = caller(console, "support"), paid(context, 5_000)
    key = str(uuid.uuid4())
    refunds.ask(context, support, part(payment, "10"), livemode=False, request_id=key)
    other = whole(payment, **({"amount": "10"} | change))
    with pytest.raises(IdempotencyKeyReused):
        refunds.ask(context, support, other, livemode=False, request_id=key)
    again, somebody = part(payment, "10"), caller(console, "support")
    with pytest.raises(IdempotencyKeyReused):
        refunds.ask(context, somebody, again, livemode=False, request_id=key)
    assert len(at_stripe(context, payment)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": 5}, "amount"),
        ({"amount": "50.01"}, "amount"),
        ({"reason": "expired_uncaptured_charge"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": ["duplicate"]}, "reason"),
        ({"note": ""}, "note"),
        ({"note": "x" * 501}, "note"),
        ({"note": 7}, "note"),
    ],
)
def test_bad_input_names_its_field_and_nothing_is_written_or_sent(console, context, change, field):
    support, payment = caller(console, "support"), paid(context, 5_000)
    with pytest.raises(InvalidInput) as caught:
        refunds.ask(context, support, whole(payment, **change), livemode=False)
    assert caught.value.field == field
    assert (requests(context.engine), operations_kept(console)) == ([], [])
    assert at_stripe(context, payment) == []


def test_a_payment_that_is_not_here_or_no_id_is_refused(console, context):
    support = caller(console, "support")
    for strange in ("re_1", "", None, 7, "pi_1' OR 1"):
        with pytest.raises(InvalidInput) as caught:
            refunds.ask(context, support, whole(strange), livemode=False)
        assert caught.value.field == "payment_intent_id"
    with pytest.raises(NotFound):
        refunds.ask(context, support, whole("pi_unknown"), livemode=False)


def test_the_id_of_a_request_is_a_uuid(console, context):
    support, payment = caller(console, "support"), paid(context, 1_000)
    for strange in ("one", "", 7, "x" * 36):
        with pytest.raises(InvalidInput) as caught:
            refunds.ask(context, support, whole(payment), livemode=False, request_id=strange)
        assert caught.value.field == "request_id"


def test_yen_have_no_decimals_and_dinars_end_in_zero(console, context):
    support = caller(console, "support")
    yen, dinars = paid(context, 5_000, "jpy"), paid(context, 12_340, "kwd")
    with pytest.raises(InvalidAmount):
        refunds.ask(context, support, part(yen, "10.5"), livemode=False)
    with pytest.raises(InvalidAmount):
        refunds.ask(context, support, part(dinars, "1.234"), livemode=False)
    assert refunds.ask(context, support, part(yen, "10"), livemode=False).amount.minor == 10
    assert (
        refunds.ask(context, support, part(dinars, "1.230"), livemode=False).amount.minor == 1_230
    )


def test_what_was_not_captured_is_not_refunded(console, context):
    payment = paid(context, 5_000, capture_method="manual")
    with pytest.raises(NotRefundable, match="cancel it instead"):
        refunds.ask(context, caller(console, "support"), whole(payment), livemode=False)
    context.gateway(False).post(
        f"/v1/payment_intents/{payment}/capture", idempotency_key=payment, amount_to_capture=3_000
    )
    mirror(context, payment)
    support = caller(console, "support")
    with pytest.raises(InvalidAmount, match=r"at most 30\.00"):
        refunds.ask(context, support, part(payment, "30.01"), livemode=False)
    assert refunds.ask(context, support, whole(payment), livemode=False).amount.minor == 3_000


def test_only_those_with_the_right_ask_and_risk_for_fraud_alone(console, context):
    payment = paid(context, 5_000)
    for role in ("viewer", "finance", "developer", "admin"):
        with pytest.raises(NotPermitted):
            refunds.ask(context, caller(console, role), whole(payment), livemode=False)
    with pytest.raises(NotSignedIn):
        refunds.ask(context, Caller("nobody"), whole(payment), livemode=False)
    risk = caller(console, "risk")
    with pytest.raises(NotPermitted):
        refunds.ask(context, risk, whole(payment), livemode=False)
    assert [row.outcome for row in audited(console, "refund.ask")] == ["refused"] * 5
    made = refunds.ask(context, risk, part(payment, "20", reason="fraudulent"), livemode=False)
    assert made.state == "succeeded"
