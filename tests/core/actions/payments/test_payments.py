"""Payments by a shop and by developers: what is asked, what is kept, what is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.access.principals import Caller
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.db.engine import reading, writing
from core.db.tables import payments as payments_table
from core.db.tables import stale_objects
from core.errors import InvalidInput, NotPermitted, NotSignedIn, StripeRefused
from tests.support.fixtures_access import audited, give, person
from tests.support.fixtures_actions import ASKED, operations_kept, pay, with_token


def payments_kept(console):
    with reading(console.engine) as connection:
        return connection.execute(select(payments_table)).all()


def at_stripe(context, payment_intent_id):
    return context.gateway(False).get(f"/v1/payment_intents/{payment_intent_id}")


def test_a_payment_is_created_with_its_metadata_and_shown_at_once(console, context, backend):
    made = payments.create(context, backend, ASKED, livemode=False)
    assert made.status == "requires_payment_method"
    assert (made.amount.minor, made.amount.currency) == (1234, "usd")
    assert made.client_secret.startswith(f"{made.payment_intent_id}_secret_")
    notes = at_stripe(context, made.payment_intent_id)["metadata"]
    assert notes == {
        "basket": "7",
        "email": "ada@shop.example",
        "order_id": "42",
        "tillwatch_operation": made.operation_id,
    }
    (row,) = payments_kept(console)
    assert (row.stripe_id, row.order_id, row.status) == (
        made.payment_intent_id,
        "42",
        "requires_payment_method",
    )


def test_the_client_secret_is_kept_nowhere(console, context, backend):
    made = pay(context, backend, "pm_card_threeDSecure2Required")
    assert made.next_action["type"] == "redirect_to_url"
    with reading(console.engine) as connection:
        for table in payments_table.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                assert "_secret_" not in repr(tuple(row)), table.name


def test_a_confirmed_payment_is_shown_as_paid_before_any_event(console, context, backend):
    paid = pay(context, backend, "pm_card_visa")
    assert paid.status == "succeeded"
    (row,) = payments_kept(console)
    assert (row.status, row.card_last4, row.confirmed) == ("succeeded", "4242", True)
    assert [r.outcome for r in audited(console, "payment.confirm")] == ["asked", "succeeded"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1.5", "currency": "jpy"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": 12.34}, "amount"),
        ({"amount": "1000000"}, "amount"),
        ({"amount": "0.10"}, "amount"),
        ({"currency": "chf"}, "currency"),
        ({"currency": "usdollar"}, "currency"),
        ({"currency": 7}, "currency"),
        ({"order_id": "42"}, "order_id"),
        ({"order_id": True}, "order_id"),
        ({"order_id": 0}, "order_id"),
        ({"order_id": 2**63}, "order_id"),
        ({"email": "nobody"}, "email"),
        ({"ip_address": "1.2.3"}, "ip_address"),
        ({"ip_address": "fe80::1%" + "a" * 600}, "ip_address"),
        ({"ip_address": "fe80::1%a\nb"}, "ip_address"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": 0}, "user_id"),
        ({"user_id": True}, "user_id"),
        ({"user_id": 7.0}, "user_id"),
        ({"user_id": 2**63}, "user_id"),
        ({"metadata": {"order_id": "1"}}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a[b]": "1"}}, "metadata"),
        ({"metadata": {str(n): "x" for n in range(41)}}, "metadata"),
        ({"metadata": [1]}, "metadata"),
    ],
)
def test_bad_input_names_its_field_and_nothing_is_written_or_sent(
    console, context, backend, change, field
):
    before = len(context.gateway(False).get("/v1/payment_intents", limit=100)["data"])
    asked = NewPayment(**(vars(ASKED) | change))
    with pytest.raises(InvalidInput) as caught:
        payments.create(context, backend, asked, livemode=False)
    assert caught.value.field == field
    assert operations_kept(console) == []
    after = context.gateway(False).get("/v1/payment_intents", limit=100)["data"]
    assert len(after) == before


def test_capture_takes_what_is_held_and_cancel_lets_it_go(context, backend):
    asked = NewPayment("12.34", "usd", 42, manual_capture=True)
    ids = [
        payments.create(context, backend, asked, livemode=False).payment_intent_id for _ in range(2)
    ]
    for one in ids:
        held = payments.confirm(
            context, backend, one, livemode=False, payment_method="pm_card_visa"
        )
        assert held.status == "requires_capture"
    assert payments.capture(context, backend, ids[0], livemode=False).status == "succeeded"
    assert payments.cancel(context, backend, ids[1], livemode=False).status == "canceled"
    with pytest.raises(StripeRefused):
        payments.cancel(context, backend, ids[0], livemode=False)


def test_only_those_with_the_right_take_payments(console, context):
    for role in ("viewer", "support", "support_lead", "finance", "risk", "admin"):
        caller = Caller(person(console, role))
        with pytest.raises(NotPermitted):
            payments.create(context, caller, ASKED, livemode=False)
    with pytest.raises(NotSignedIn):
        payments.create(context, Caller("nobody"), ASKED, livemode=False)
    assert operations_kept(console) == []
    assert {row.outcome for row in audited(console, "payment.create")} == {"refused"}
    developer = Caller(person(console, "developer"))
    assert payments.create(context, developer, ASKED, livemode=False).status
    with pytest.raises(NotPermitted):
        payments.create(context, developer, ASKED, livemode=True)


def test_a_role_that_is_taken_away_closes_its_tokens(console, context):
    owner = person(console, "developer")
    caller = with_token(console, owner, "developer")
    assert payments.create(context, caller, ASKED, livemode=False).status
    give(console, owner, "viewer")
    with pytest.raises(NotPermitted):
        payments.create(context, caller, ASKED, livemode=False)


def test_a_payment_is_retrieved_from_the_cache_until_something_changes_it(
    console, context, backend
):
    made = payments.create(context, backend, ASKED, livemode=False)

    seen = []
    gateway = context.gateways[False]
    original = gateway.get
    gateway.get = lambda path, **params: (seen.append(path), original(path, **params))[1]
    first = payments.retrieve(context, backend, made.payment_intent_id, livemode=False)
    assert first.status == "requires_payment_method"
    with writing(console.engine) as connection:
        connection.execute(stale_objects.delete())
    payments.retrieve(context, backend, made.payment_intent_id, livemode=False)
    known = len(seen)
    assert payments.retrieve(context, backend, made.payment_intent_id, livemode=False) == first
    assert len(seen) == known
    payments.confirm(
        context, backend, made.payment_intent_id, livemode=False, payment_method="pm_card_visa"
    )
    now = payments.retrieve(context, backend, made.payment_intent_id, livemode=False)
    assert now.status == "succeeded"
