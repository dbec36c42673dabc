"""One refund for one decision at Stripe, wherever the process ends and whatever reply is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import clock
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.db.engine import reading, writing
from core.db.tables import operations, payments
from core.domain.refundable import refundable_balance
from core.errors import OperationUndone, StripeRefused
from tests.support.refund_crashes import ACTED, PLACES, UNWRITTEN, cut_off
from tests.support.refunds import paid, part, requests

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[4]
#: Sent twice, this would fit twice into the payment.
PAID, PART = 90_000, "30.00"
LATE = timedelta(hours=25)


def later(till, time):
    """Let so much time pass at Stripe and here, and the lease of whoever was sending."""
    till.emulator.advance(int(time.total_seconds()))
    with writing(till.context.engine) as connection:
        kept = operations.c
        for row in connection.execute(select(operations)).all():
            connection.execute(
                operations.update()
                .where(kept.id == row.id)
                .values(
                    next_attempt_at=clock.now() - timedelta(seconds=1),
                    created_at=row.created_at - time,
                    updated_at=row.updated_at - time,
                )
            )


def resolve_by_two(till):
    """Two workers resolve at once, until neither finds anything due."""
    workers = [
        threading.Thread(target=resolve.resolve, args=(context, KINDS))
        for context in (till.context, till.second)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def at_rest(till, payment, expected):
    """Stripe has so many refunds, and everything here says the same."""
    assert till.count(payment) == expected
    with reading(till.context.engine) as connection:
        row = connection.execute(select(payments).where(payments.c.stripe_id == payment)).one()
        stands = refundable_balance(connection, row)
    assert stands.reserved_minor == 0
    assert stands.available_minor == PAID - 3_000 * expected
    assert {one.state for one in requests(till.context.engine, payment)} <= {"succeeded", "failed"}


def asked_again(till, ask):
    """The caller tries again with the same id, as a client does whose connection broke."""
    try:
        return ask().state
    except OperationUndone:
        return "undone"


@pytest.mark.parametrize("time", [timedelta(seconds=5), LATE], ids=["soon", "a day later"])
@pytest.mark.parametrize("place", PLACES)
def test_a_refund_that_was_cut_off_is_made_once(till, place, time):
    payment, key = paid(till.context, PAID), str(uuid.uuid4())

    def ask():
        return refunds.ask(
            till.context, till.support, part(payment, PART), livemode=False, request_id=key
        )

    with cut_off(place):
        ask()
    assert till.count(payment) == (1 if place in ACTED else 0)
    later(till, time)
    resolve_by_two(till)
    state = asked_again(till, ask)
    # After a day the key has ended: what did not reach Stripe by then is given up, and said so.
    given_up = time == LATE and place not in ACTED + UNWRITTEN
    assert state == ("undone" if given_up else "succeeded")
    at_rest(till, payment, 0 if given_up else 1)


@pytest.mark.parametrize("place", PLACES)
def test_an_approval_that_was_cut_off_is_carried_out_once(till, place):
    payment = paid(till.context, PAID)
    asked = refunds.ask(till.context, till.support, part(payment, "300"), livemode=False)
    assert asked.state == "awaiting_approval"
    with cut_off(place):
        refund_approvals.approve(till.context, till.lead, asked.request_id)
    later(till, timedelta(seconds=5))
    resolve_by_two(till)
    if place in UNWRITTEN:
        assert till.count(payment) == 0
        refund_approvals.approve(till.context, till.lead, asked.request_id)
    assert till.count(payment) == 1
    assert requests(till.context.engine, payment)[0].state == "succeeded"


@pytest.mark.parametrize(
    ("fault", "count"),
    [("lost_reply", 3), ("lost_reply", 1), ("saved_500", 1), ("reset", 3), ("rate_limit", 3)],
)
@pytest.mark.parametrize("time", [timedelta(seconds=5), LATE], ids=["soon", "a day later"])
def test_an_answer_that_did_not_come_is_found_out(till, fault, count, time):
    payment = paid(till.context, PAID)
    till.emulator.fault(fault, path="/v1/refunds", method="POST", count=count)
    made = refunds.ask(till.context, till.support, part(payment, PART), livemode=False)
    assert made.state == ("succeeded" if (fault, count) == ("lost_reply", 1) else "unknown")
    later(till, time)
    resolve_by_two(till)
    given_up = time == LATE and fault in ("reset", "rate_limit")
    assert requests(till.context.engine, payment)[0].state == (
        "failed" if given_up else "succeeded"
    )
    at_rest(till, payment, 0 if given_up else 1)


def test_what_stripe_refuses_is_said_and_frees_the_amount(till):
    payment = paid(till.context, PAID)
    till.emulator.fault("error", status=400, path="/v1/refunds", method="POST")
    key = str(uuid.uuid4())
    for _ in range(2):
        with pytest.raises(StripeRefused):
            refunds.ask(
                till.context, till.support, part(payment, PART), livemode=False, request_id=key
            )
    assert requests(till.context.engine, payment)[0].why
    at_rest(till, payment, 0)


def test_a_worker_that_sends_anew_without_looking_would_be_seen(till, monkeypatch):
    blind = replace(KINDS["refund.create"], find=lambda gateway, one: None)
    monkeypatch.setitem(KINDS, "refund.create", blind)
    monkeypatch.setattr(resolve, "SENT_AGAIN_FOR", timedelta(days=9))
    payment = paid(till.context, PAID)
    with cut_off("after the call"):
        refunds.ask(till.context, till.support, part(payment, PART), livemode=False)
    later(till, LATE)
    resolve_by_two(till)
    assert till.count(payment) == 2


def kill_there(till, place, payment, key):
    """A process that asks for a refund and is killed at a place."""
    url = till.console.settings.database_url.get_secret_value()
    given = [place, url, till.emulator.base_url, till.support.user_id, payment, PART, key]
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.refund_crashes", *given],
        cwd=ROOT,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]


def killed_and_resolved(till, place, time):
    payment, key = paid(till.context, PAID), str(uuid.uuid4())
    kill_there(till, place, payment, key)
    assert till.count(payment) == (1 if place in ACTED else 0)
    later(till, time)
    resolve_by_two(till)
    given_up = time == LATE and place not in ACTED
    at_rest(till, payment, 0 if given_up or place in UNWRITTEN else 1)


@pytest.mark.parametrize("place", ["in it, after the operation", "after it", "during the call"])
def test_kill_9_leaves_one_refund_or_none(till, place):
    killed_and_resolved(till, place, timedelta(seconds=5))


@pytest.mark.torture
@pytest.mark.parametrize("time", [timedelta(seconds=5), LATE], ids=["soon", "a day later"])
@pytest.mark.parametrize("place", PLACES)
def test_kill_9_at_every_place(till, place, time):
    for _ in range(3):
        killed_and_resolved(till, place, time)
