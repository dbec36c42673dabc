"""The life of a request: whatever happens, and in whatever order it is told.

The rules of this machine know nothing of the table of states: they hold for any life.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import payments, refund_requests
from core.domain import refund_states as states
from core.domain.refundable import refundable_balance
from core.gateway.snapshots import RefundSnapshot
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext, apply
from core.mirror.refund_requests import follow_operation, move
from tests.support.factories import UTC_ZONE, fresh_engine, payment_row

pytestmark = pytest.mark.long

CAPTURED, AMOUNT = 10_000, 4_000
OVER = {"refused", "expired", "failed", "canceled"}
#: A life goes on and never back.
AGE = {
    "requested": 0,
    "awaiting_approval": 1,
    "sending": 2,
    "unknown": 3,
    "pending": 4,
    "succeeded": 5,
} | dict.fromkeys(OVER, 6)
BOOKS = BookingContext(Scope(UTC_ZONE, 0))
#: What the bank may do next to a refund.
BANK = {
    "pending": ["requires_action", "succeeded", "failed"],
    "requires_action": ["succeeded", "failed", "canceled"],
    "succeeded": ["failed"],
    "failed": [],
    "canceled": [],
}


class Life(RuleBasedStateMachine):
    """One request, its refund at Stripe (if one was made) and what was told of it."""

    engine = None

    def __init__(self):
        super().__init__()
        self.id, self.payment = str(uuid.uuid4()), f"pi_{uuid.uuid4().hex}"
        self.told, self.truth, self.now = [], None, clock.now()
        self.ever, self.sent, self.may_be_made = ["awaiting_approval"], False, False
        paid = payment_row(
            stripe_id=self.payment, amount_minor=CAPTURED, latest_charge_id=None, email=None
        )
        with writing(self.engine) as connection:
            connection.execute(payments.insert().values(**paid))
            connection.execute(
                refund_requests.insert().values(
                    id=self.id,
                    payment_id=self.payment,
                    livemode=False,
                    amount_minor=AMOUNT,
                    currency="usd",
                    reason="duplicate",
                    state="awaiting_approval",
                    asked_by="ada",
                    asked_user_id="ada",
                    created_at=self.now,
                    updated_at=self.now,
                )
            )

    def row(self):
        with reading(self.engine) as connection:
            return connection.execute(
                select(refund_requests).where(refund_requests.c.id == self.id)
            ).one()

    def snapshot(self, status, at, *, confirmed):
        return RefundSnapshot(
            stripe_id=f"re_{self.id}",
            livemode=False,
            created_at=self.now,
            as_of=at,
            confirmed=confirmed,
            payment_id=self.payment,
            charge_id=None,
            status=status,
            amount_minor=AMOUNT,
            currency="usd",
            reason=None,
            failure_reason="declined" if status == "failed" else None,
            pending_reason=None,
            balance_transaction_id="txn_1",
            operation_id=self.id,
        )

    def tell(self, snapshot):
        with writing(self.engine) as connection:
            apply(connection, [snapshot], BOOKS)

    @rule(state=st.sampled_from(["sending", "refused", "expired", "canceled"]))
    def somebody_decides(self, state):
        with writing(self.engine) as connection:
            done = move(connection, self.id, state, at=clock.now())
        if state == "sending" and done:
            assert not self.sent, "sent twice"
            self.sent = self.may_be_made = True

    @precondition(lambda self: self.may_be_made)
    @rule(outcome=st.sampled_from(["unknown", "refused", "failed"]))
    def the_operation_ends_without_a_refund(self, outcome):
        self.may_be_made = outcome == "unknown"
        with writing(self.engine) as connection:
            follow_operation(connection, self.id, outcome, "said so", clock.now())

    @precondition(lambda self: self.may_be_made)
    @rule(status=st.sampled_from(["pending", "succeeded"]))
    def stripe_makes_the_refund(self, status):
        self.truth, self.may_be_made = status, False
        self.happened()

    @precondition(lambda self: self.truth is not None and BANK[self.truth])
    @rule(data=st.data())
    def the_bank_goes_on(self, data):
        self.truth = data.draw(st.sampled_from(BANK[self.truth]))
        self.happened()

    def happened(self):
        """An event of whole seconds, as Stripe's are: several may have the same time."""
        self.now += timedelta(milliseconds=600)
        self.told.append(
            self.snapshot(self.truth, self.now.replace(microsecond=0), confirmed=False)
        )

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def an_event_is_delivered_late_or_again(self, data):
        self.tell(data.draw(st.sampled_from(self.told)))

    @precondition(lambda self: self.truth is not None)
    @rule()
    def the_refund_is_read(self):
        self.tell(self.snapshot(self.truth, self.now + timedelta(seconds=1), confirmed=True))

    @invariant()
    def it_goes_on_and_never_back(self):
        state = self.row().state
        before = self.ever[-1]
        if state == before:
            return
        assert before not in OVER, f"{before} was over and became {state}"
        assert AGE[state] > AGE[before]
        assert (state in ("refused", "expired")) <= (before == "awaiting_approval")
        self.ever.append(state)

    @invariant()
    def no_more_is_available_than_has_not_left(self):
        gone = AMOUNT if self.truth not in (None, "failed", "canceled") else 0
        assert self.available() <= CAPTURED - gone

    @invariant()
    def only_what_was_sent_has_a_refund(self):
        assert (self.row().refund_id is not None) <= self.sent

    def available(self):
        with reading(self.engine) as connection:
            row = connection.execute(
                select(payments).where(payments.c.stripe_id == self.payment)
            ).one()
            return refundable_balance(connection, row).available_minor

    def teardown(self):
        if self.truth is not None:
            self.the_refund_is_read()
            row = self.row()
            assert row.state == states.OF_STRIPE[self.truth]
            assert row.refund_id == f"re_{self.id}"
        state = self.row().state
        assert self.available() == CAPTURED - (0 if state in OVER else AMOUNT)


def lives(tmp_path, examples, **more):
    Life.engine = fresh_engine(f"sqlite:///{tmp_path / 'lives.db'}")
    found = Life.TestCase()
    found.settings = settings(max_examples=examples, stateful_step_count=12, deadline=None, **more)
    try:
        found.runTest()
    finally:
        Life.engine.dispose()


def first_found(tmp_path):
    """The first life that breaks a rule; what makes it short is of no interest."""
    lives(tmp_path, 200, phases=[Phase.generate], derandomize=True, report_multiple_bugs=False)


def test_any_life_keeps_the_rules(tmp_path):
    lives(tmp_path, 40)


def test_a_person_who_cancels_what_stripe_may_have_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(states, "HERE", states.HERE | states.AT_STRIPE)
    with pytest.raises(AssertionError):
        first_found(tmp_path)


def test_an_end_that_may_be_left_again_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(states.AFTER, "refused", frozenset({"sending"}))
    with pytest.raises(AssertionError):
        first_found(tmp_path)


def test_an_unknown_that_frees_its_amount_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(states, "HELD", ("awaiting_approval", "sending"))
    with pytest.raises(AssertionError):
        first_found(tmp_path)


@pytest.mark.torture
def test_many_lives(tmp_path):
    lives(tmp_path, 500)
