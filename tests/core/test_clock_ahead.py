"""A clock that ran a month ahead and was put back: nothing waits for it, or stays unflagged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import attempts, sessions
from core.actions.developer import scenario_runs
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.payments import payments
from core.db.engine import reading, retrying, writing
from core.db.tables import login_attempts, operations, refund_requests
from core.db.tables import scenario_runs as runs
from core.errors import TooManyAttempts
from core.reads.overview.attention import needs_you
from core.reads.overview.streams import stream_states
from tests.support import stream_rows
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import ASKED, make_context, operations_kept

AHEAD = timedelta(days=30)
KEY = "7b0f2a52-6a0e-4f2c-9a53-6c1a6a3c2f14"


@pytest.fixture
def console(database_url):
    made = make_console(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def context(console, action_emulator):
    action_emulator.control("DELETE", "faults")
    return make_context(console, action_emulator)


def at_stripe(context):
    pages = context.gateway(False).pages("/v1/payment_intents")
    return [one["id"] for page in pages for one in page]


def date_ahead(console, **more):
    """As a process wrote it that died in the call, while the clock was ahead."""
    then = clock.now() + AHEAD
    lost = {"state": "sending", "stripe_id": None, "outcome": None, "fence": "f" * 32}
    lost |= {"created_at": then, "updated_at": then, "next_attempt_at": then + resolve.LEASE}
    with writing(console.engine) as connection:
        connection.execute(operations.update().values(lost | more))


def only(console):
    (one,) = operations_kept(console)
    return one


def test_an_operation_that_acted_is_found_at_once(console, context, backend):
    made = payments.create(context, backend, ASKED, livemode=False, operation_id=KEY)
    date_ahead(console)
    assert resolve.resolve(context, KINDS) == 1
    assert (only(console).state, only(console).stripe_id) == (
        "succeeded",
        made.payment_intent_id,
    )


def test_one_that_did_not_act_is_not_sent_and_ends_within_15_minutes(
    console, context, backend, monkeypatch
):
    payments.create(context, backend, ASKED, livemode=False, operation_id=KEY)
    date_ahead(console)
    # Under another id: Stripe has nothing that carries this one.
    with writing(console.engine) as connection:
        other = KEY.replace("7b0f", "7b0e")
        connection.execute(operations.update().values(id=other, idempotency_key=other))
    before, begun = at_stripe(context), clock.now()
    now = [begun]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    while only(console).state != "failed":
        assert now[0] - begun < timedelta(minutes=15)
        resolve.resolve(context, KINDS)
        now[0] += timedelta(seconds=30)
    assert at_stripe(context) == before


def test_wrong_sign_ins_shut_nobody_out_until_then(console):
    now = clock.now()

    def guess(at):
        def work():
            with writing(console.engine) as connection:
                attempts.begin(connection, "a@shop.example", "192.0.2.1", at)

        retrying(work)

    for _ in range(attempts.PER_ACCOUNT):
        guess(now + AHEAD)
    with pytest.raises(TooManyAttempts):
        guess(now + AHEAD)
    guess(now)
    with writing(console.engine) as connection:
        attempts.forget(connection, now)
        assert len(connection.execute(login_attempts.select()).all()) == 1


@pytest.mark.parametrize("begun", [AHEAD, timedelta(hours=2)])
def test_a_session_lasts_no_longer(console, begun):
    user, now = person(console, "viewer"), clock.now()
    with writing(console.engine) as connection:
        token = sessions.start(connection, user, ip="", user_agent="", now=now + begun)
    with reading(console.engine) as connection:
        found = {
            later: sessions.find(connection, token, now=now + later, production=False)
            for later in (timedelta(), begun)
        }
    assert found[timedelta()] is None
    assert found[begun] is not None


def test_a_refund_without_an_end_is_flagged(console):
    now = clock.now()
    row = {"id": KEY, "payment_id": "pi_1", "livemode": False, "amount_minor": 100}
    row |= {"currency": "usd", "reason": "duplicate", "state": "unknown", "whole": False}
    row |= {"asked_by": "x", "asked_user_id": "x"}
    row |= {"created_at": now + AHEAD, "updated_at": now + AHEAD}
    with writing(console.engine) as connection:
        connection.execute(refund_requests.insert().values(row))
    with reading(console.engine) as connection:
        kinds = {need.kind for need in needs_you(connection, livemode=False, now=now)}
    assert "refunds_unresolved" in kinds


@pytest.mark.parametrize("column", ["checked_at", "fresh_as_of"])
def test_a_stream_is_not_fresh_as_of_a_time_that_was_not_yet(console, column):
    now = clock.now()
    stream_rows.write(console.engine)
    with reading(console.engine) as connection:
        assert not any(one.is_wrong for one in stream_states(connection, livemode=False, now=now))
    stream_rows.write(console.engine, **{column: now + AHEAD})
    with reading(console.engine) as connection:
        found = stream_states(connection, livemode=False, now=now)
    assert {one.name for one in found if one.is_wrong} >= {"inbox", "refresh", "ledger"}


def test_a_scenario_run_is_taken(console, context, monkeypatch):
    then = clock.now() + AHEAD
    row = {"id": KEY, "livemode": False, "state": "running", "asked_by": "x", "done": 0}
    row |= {"total": 0, "lease_until": then, "created_at": then, "updated_at": then, "fence": "f"}
    with writing(console.engine) as connection:
        connection.execute(runs.insert().values(row))
    monkeypatch.setattr(scenario_runs.scenarios, "run", lambda *_: [])
    assert scenario_runs.run_waiting(context, None)
