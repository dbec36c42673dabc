"""Two objects at Stripe with one operation's tag are an alert, whoever is seen first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.operations.kinds import TAG
from core.actions.payments import payments
from core.actions.refunds import ask
from core.db.engine import reading, writing
from core.db.tables import operation_objects, operations
from tests.support.alerts import add_rule, found, look
from tests.support.fixtures_access import make_console
from tests.support.fixtures_actions import ASKED, make_context, operations_kept
from tests.support.refunds import caller, mirror, paid, part, requests

KEY = "7b0f2a52-6a0e-4f2c-9a53-6c1a6a3c2f13"


@pytest.fixture
def console(database_url):
    made = make_console(database_url)
    add_rule(made.engine, "doubled_operation")
    yield made
    made.engine.dispose()


@pytest.fixture
def context(console, action_emulator):
    action_emulator.control("DELETE", "faults")
    return make_context(console, action_emulator)


def refunded(console, context):
    """A payment, and the operation that gave some of it back."""
    payment = paid(context)
    ask.ask(context, caller(console, "finance", "support"), part(payment, "10.00"), livemode=False)
    (request,) = requests(console.engine, payment)
    return payment, request.id


def twice(context, payment, operation, amount=1000):
    """A second refund with the same tag, under another key; its id."""
    return context.gateway(False).post(
        "/v1/refunds",
        idempotency_key=f"again-{operation}-{clock.micros_now()}",
        payment_intent=payment,
        amount=amount,
        metadata={TAG: operation},
    )["id"]


def lose(engine, operation):
    """As after a crash: nobody knows what came of it."""
    lost = {"state": "unknown", "stripe_id": None, "outcome": None, "fence": None}
    lost |= {"next_attempt_at": clock.now() - timedelta(seconds=1)}
    with writing(engine) as connection:
        connection.execute(operations.update().where(operations.c.id == operation).values(lost))


def told(engine):
    look(engine)
    return [one for one in found(engine) if one.closed_at is None]


def carriers(engine):
    with reading(engine) as connection:
        return set(connection.scalars(select(operation_objects.c.stripe_id)))


def test_one_operation_with_its_own_object_is_none(console, context, backend):
    payment, _ = refunded(console, context)
    mirror(context, payment)
    for refund in context.gateway(False).get("/v1/refunds", payment_intent=payment)["data"]:
        mirror(context, refund["id"], "refund")
    payments.create(context, backend, ASKED, livemode=False)
    assert told(console.engine) == []
    assert carriers(console.engine) == set()


def test_a_second_refund_with_the_tag_is_an_alert(console, context):
    payment, operation = refunded(console, context)
    second = twice(context, payment, operation)
    mirror(context, second, "refund")
    (alert,) = told(console.engine)
    assert (alert.kind, alert.subject) == ("doubled_operation", operation)
    assert second in alert.facts
    assert payment in alert.facts
    # It stays told of, however often the objects are read again.
    mirror(context, second, "refund")
    assert [one.id for one in told(console.engine)] == [alert.id]


def test_a_second_payment_with_the_tag_is_an_alert(console, context, backend):
    payments.create(context, backend, ASKED, livemode=False, operation_id=KEY)
    second = context.gateway(False).post(
        "/v1/payment_intents",
        idempotency_key=f"again-{KEY}-{clock.micros_now()}",
        amount=1234,
        currency="usd",
        metadata={TAG: KEY, "order_id": "42"},
    )["id"]
    mirror(context, second)
    (alert,) = told(console.engine)
    assert alert.subject == KEY
    assert second in alert.facts


def test_two_that_are_seen_before_the_outcome_is_known_are_an_alert(console, context):
    payment, operation = refunded(console, context)
    second = twice(context, payment, operation)
    lose(console.engine, operation)
    assert resolve.resolve(context, KINDS) == 1
    (kept,) = [one for one in operations_kept(console) if one.id == operation]
    # The first that was made is the operation's own.
    assert kept.state == "succeeded"
    assert kept.stripe_id != second
    (alert,) = told(console.engine)
    assert second in alert.facts
    assert kept.stripe_id in alert.facts


def test_a_tag_that_is_no_operations_says_nothing(console, context):
    payment = paid(context)
    for number in range(2):
        other = f"00000000-0000-4000-8000-{number:012}"
        mirror(context, twice(context, payment, other), "refund")
    mirror(context, twice(context, payment, "x" * 36), "refund")
    assert told(console.engine) == []
    assert carriers(console.engine) == set()


def test_an_answer_that_was_lost_and_found_is_none(console, context):
    payment, operation = refunded(console, context)
    lose(console.engine, operation)
    for refund in context.gateway(False).get("/v1/refunds", payment_intent=payment)["data"]:
        mirror(context, refund["id"], "refund")
        assert carriers(console.engine) == {refund["id"]}
    assert told(console.engine) == []
    assert resolve.resolve(context, KINDS) == 1
    assert told(console.engine) == []
    assert carriers(console.engine) == set()
