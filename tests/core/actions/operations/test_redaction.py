"""A day after an operation has ended nothing in it tells whom it was about; it still answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from core import clock
from core.actions.operations import redaction
from core.actions.operations.redaction import KEPT_WHOLE, forget
from core.actions.operations.resolve import SENT_AGAIN_FOR
from core.actions.payments import payments
from core.actions.refunds import ask as refunds
from core.clock import NEVER
from core.db.engine import writing
from core.db.tables import operations
from core.errors import IdempotencyKeyReused, StripeBusy, StripeRefused
from core.mirror.fill_readings import fill
from dashboard.process import worker
from tests.support.fixtures_access import make_console
from tests.support.fixtures_actions import ASKED, make_context, operations_kept
from tests.support.refund_crashes import cut_off
from tests.support.refunds import caller, paid, part, requests

EMAIL, IP = "ada.lovelace@shop.example", "203.0.113.77"
ABOUT = replace(ASKED, email=EMAIL, ip_address=IP)
KEY = "7b0f2a52-6a0e-4f2c-9a53-6c1a6a3c2f11"
_PATH = {"path": "/v1/payment_intents", "method": "POST"}


@pytest.fixture
def console(database_url):
    made = make_console(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def context(console, action_emulator):
    action_emulator.control("DELETE", "faults")
    return make_context(console, action_emulator)


def create(context, backend, asked=ABOUT, key=KEY):
    return payments.create(context, backend, asked, livemode=False, operation_id=key)


def later(**more):
    return clock.now() + KEPT_WHOLE + timedelta(**more or {"seconds": 1})


def told(console):
    """Everything that stands in the operations."""
    return " ".join(f"{row.params} {row.outcome}" for row in operations_kept(console))


def test_a_day_after_its_end_nobody_is_told_of(console, context, backend):
    made = create(context, backend)
    assert (EMAIL in told(console), IP in told(console)) == (True, True)
    assert forget(context.engine, at=clock.now() + SENT_AGAIN_FOR) == 0
    assert EMAIL in told(console)
    assert [forget(context.engine, at=later()) for _ in range(2)] == [1, 0]
    assert (EMAIL in told(console), IP in told(console)) == (False, False)
    (row,) = operations_kept(console)
    assert json.loads(row.params).keys() == {"path", "sha256", "target"}
    assert (row.state, row.stripe_id) == ("succeeded", made.payment_intent_id)
    # It still answers who asks again, and nobody who asks for something else under its key.
    assert create(context, backend).payment_intent_id == made.payment_intent_id
    with pytest.raises(IdempotencyKeyReused):
        create(context, backend, replace(ABOUT, email="other@shop.example"))


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_what_has_not_ended_is_kept_whole_however_old(console, context, backend, state):
    with cut_off("before the call"):
        create(context, backend)
    with writing(context.engine) as connection:
        connection.execute(operations.update().values(state=state))
    assert forget(context.engine, at=later(days=30)) == 0
    assert EMAIL in told(console)


def test_what_was_not_sent_is_reduced_and_whole_again_when_it_is_sent(
    console, context, backend, action_emulator
):
    action_emulator.fault("rate_limit", count=3, **_PATH)
    with pytest.raises(StripeBusy):
        create(context, backend)
    assert forget(context.engine, at=later()) == 1
    assert EMAIL not in told(console)
    made = create(context, backend)
    (row,) = operations_kept(console)
    assert (row.state, row.stripe_id) == ("succeeded", made.payment_intent_id)
    assert json.loads(row.params)["body"]["metadata"]["ip_address"] == IP
    assert row.next_attempt_at < NEVER


def test_what_stripe_said_no_to_is_told_again_without_the_address(
    console, context, backend, action_emulator
):
    said = f"Invalid email address: {EMAIL}, from {IP}"
    action_emulator.fault("error", status=400, count=1, **_PATH)
    with pytest.raises(StripeRefused):
        create(context, backend)
    with writing(context.engine) as connection:
        outcome = json.loads(operations_kept(console)[0].outcome)
        outcome["error"]["message"] = said
        connection.execute(operations.update().values(outcome=json.dumps(outcome)))
    assert forget(context.engine, at=later()) == 1
    assert (EMAIL in told(console), IP in told(console)) == (False, False)
    with pytest.raises(StripeRefused, match="Invalid email address"):
        create(context, backend)


def test_notes_of_refunds_stay(console, context):
    support, payment = caller(console, "support"), paid(context, 1_000)
    refunds.ask(context, support, part(payment, "1", note="rang twice, was told"), livemode=False)
    assert forget(context.engine, at=later()) == 1
    (row,) = requests(context.engine)
    assert (row.note, row.state) == ("rang twice, was told", "succeeded")


def test_it_goes_in_small_parts_that_the_worker_takes_one_after_another(
    console, context, backend, monkeypatch
):
    assert redaction.CHUNK <= 500
    for _ in range(5):
        create(context, backend, key=None)
    monkeypatch.setattr(redaction, "CHUNK", 2)
    now = later()
    monkeypatch.setattr(worker.clock, "now", lambda: now)
    # What else is done once in a database's life, stretch by stretch.
    while fill(context.engine, at=now):
        pass
    assert [worker._retain(console, context) for _ in range(3)] == [True, True, False]
    assert EMAIL not in told(console)
