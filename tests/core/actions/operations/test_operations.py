"""An operation: the same id never acts twice, and answers what it answered before."""

from __future__ import annotations

import json

import pytest

from core.access.principals import Caller
from core.actions.operations.operations import id_for
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.errors import CardDeclined, IdempotencyKeyReused, OutcomeUnknown
from tests.support.fixtures_actions import ASKED, operations_kept


def test_a_decline_is_kept_with_its_codes_and_answers_the_same_again(console, context, backend):
    made = payments.create(context, backend, ASKED, livemode=False)
    key = id_for(backend, "confirm", "abc")
    for _ in range(2):
        with pytest.raises(CardDeclined) as caught:
            payments.confirm(
                context,
                backend,
                made.payment_intent_id,
                livemode=False,
                payment_method="pm_card_chargeDeclinedInsufficientFunds",
                operation_id=key,
            )
        assert caught.value.decline_code == "insufficient_funds"
        assert caught.value.request_id
    charges = context.gateway(False).get("/v1/charges", payment_intent=made.payment_intent_id)
    assert len(charges["data"]) == 1


def test_the_same_key_creates_once_and_answers_the_same(console, context, backend):
    key = id_for(backend, "create", "order-42")
    first = payments.create(context, backend, ASKED, livemode=False, operation_id=key)
    again = payments.create(context, backend, ASKED, livemode=False, operation_id=key)
    assert first == again
    assert len(operations_kept(console)) == 1


def test_the_same_key_with_another_request_is_refused(context, backend):
    key = id_for(backend, "create", "order-42")
    payments.create(context, backend, ASKED, livemode=False, operation_id=key)
    other = NewPayment("12.35", "usd", 42)
    with pytest.raises(IdempotencyKeyReused):
        payments.create(context, backend, other, livemode=False, operation_id=key)


def test_two_callers_with_one_key_are_two_operations(console, backend):
    assert id_for(backend, "create", "k") != id_for(Caller("another"), "create", "k")
    assert id_for(backend, "create", "k") != id_for(backend, "confirm", "k")
    assert id_for(backend, "create", None) != id_for(backend, "create", None)


def test_a_reply_that_is_lost_is_unknown_and_not_sent_by_hand_again(
    console, context, backend, action_emulator
):
    action_emulator.control(
        "POST", "faults", {"kind": "lost_reply", "path": "/v1/payment_intents", "count": 3}
    )
    key = id_for(backend, "create", "lost")
    with pytest.raises(OutcomeUnknown):
        payments.create(context, backend, ASKED, livemode=False, operation_id=key)
    (row,) = operations_kept(console)
    assert row.state == "unknown"
    with pytest.raises(OutcomeUnknown):
        payments.create(context, backend, ASKED, livemode=False, operation_id=key)
    assert "_secret_" not in json.dumps(row.outcome)
