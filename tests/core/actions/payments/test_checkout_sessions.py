"""Hosted Checkout of an order: the sums are ours to the minor unit, and one session is opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core import clock, errors
from core.access.principals import Caller
from core.actions.operation_kinds import KINDS
from core.actions.operations.resolve import resolve
from core.actions.payments import checkout_sessions
from core.actions.payments.checkout_order import AskedItem, AskedOrder, read
from core.db.engine import reading, writing
from core.db.tables import operations, stale_objects
from core.errors import InvalidInput, NotPermitted, OutcomeUnknown
from core.reads.developer import operation_calls
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import operations_kept

HOME = "/v1/checkout/sessions"
BUYER = {"order_id": 4711, "name": "Ada", "email": "ada@shop.example"}
ORDER = read(
    AskedOrder("usd", [AskedItem("Pen", 3, "1.25"), AskedItem("Ink", 1, "9")], "5", "8.25")
)


@pytest.fixture
def developer(console):
    return Caller(person(console, "developer"))


def at_stripe(context):
    return [one for page in context.gateway(False).pages(HOME) for one in page]


def of(context, session_id):
    return next(one for one in at_stripe(context) if one["id"] == session_id)


def test_a_session_asks_for_what_the_order_comes_to(console, context, developer):
    made = checkout_sessions.create(context, developer, ORDER, **BUYER)
    session = of(context, made.session_id)
    assert session["amount_total"] == ORDER.total.minor == 1880
    assert session["currency"] == "usd"
    assert session["customer_email"] == "ada@shop.example"
    assert made.url == session["url"]
    (row,) = operations_kept(console)
    assert (row.state, row.stripe_id) == ("succeeded", made.session_id)
    assert made.url not in f"{row.params} {row.outcome}"
    with reading(console.engine) as connection:
        assert connection.execute(stale_objects.select()).all() == []


@pytest.mark.parametrize(("currency", "price"), [("eur", "12.34"), ("cny", "0.10"), ("gbp", "7")])
def test_sums_are_the_same_at_stripe_in_each_currency(context, developer, currency, price):
    order = read(AskedOrder(currency, [AskedItem("Pen", 37, price)], "0", "19"))
    made = checkout_sessions.create(context, developer, order, **BUYER)
    assert of(context, made.session_id)["amount_total"] == order.total.minor


def test_asked_again_under_the_same_id_it_is_the_same_session(context, developer):
    before = len(at_stripe(context))
    given = BUYER | {"operation_id": "9f8b1d3e-0000-4000-8000-000000000001"}
    first = checkout_sessions.create(context, developer, ORDER, **given)
    again = checkout_sessions.create(context, developer, ORDER, **given)
    assert (again.session_id, again.url) == (first.session_id, first.url)
    assert len(at_stripe(context)) == before + 1


def test_a_lost_answer_is_found_at_stripe(console, context, developer, action_emulator):
    fault = {"kind": "lost_reply", "count": 3, "method": "POST", "path": HOME}
    action_emulator.control("POST", "faults", fault)
    with pytest.raises(OutcomeUnknown):
        checkout_sessions.create(context, developer, ORDER, **BUYER)
    action_emulator.control("DELETE", "faults")
    with writing(console.engine) as connection:
        past = clock.now() - timedelta(seconds=1)
        connection.execute(operations.update().values(next_attempt_at=past))
    before = len(at_stripe(context))
    resolve(context, KINDS)
    (row,) = operations_kept(console)
    assert row.state == "succeeded"
    assert of(context, row.stripe_id)["metadata"]["tillwatch_operation"] == row.id
    assert len(at_stripe(context)) == before


@pytest.mark.parametrize(
    ("field", "given"),
    [("email", {"email": "ada"}), ("name", {"name": ""}), ("order_id", {"order_id": 0})],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(console, context, developer, field, given):
    with pytest.raises(InvalidInput) as refused:
        checkout_sessions.create(context, developer, ORDER, **(BUYER | given))
    assert refused.value.field == field
    assert operations_kept(console) == []


def test_it_is_for_developers_and_test_mode_alone(console, context, developer):
    for role in ("viewer", "admin", "finance"):
        other = Caller(person(console, role))
        with pytest.raises(NotPermitted):
            checkout_sessions.create(context, other, ORDER, **BUYER)
    with pytest.raises(errors.TestModeOnly):
        checkout_sessions.create(replace(context, gateways={}), developer, ORDER, **BUYER)
    assert operations_kept(console) == []


def test_only_this_operations_calls_are_read(console, context, developer):
    made = checkout_sessions.create(context, developer, ORDER, **BUYER)
    with reading(console.engine) as connection:
        (found,) = operation_calls.states(
            connection, operation_ids=[made.operation_id], livemode=False
        )
        assert (found.kind, found.state) == ("checkout_session.create", "succeeded")
        assert (
            operation_calls.states(connection, operation_ids=[made.operation_id], livemode=True)
            == ()
        )
        assert operation_calls.of_operations(connection, operation_ids=["no"], livemode=False) == ()
