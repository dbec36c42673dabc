"""Many at once on one payment: what goes back never passes what was captured.

The emulator runs without its own limit here, so that ours is what holds.
"""

from __future__ import annotations

import random
import threading
from functools import partial

import pytest
from sqlalchemy import select

from core.access.principals import Caller
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import validation as rules
from core.db.engine import reading
from core.db.migrate import upgrade
from core.db.tables import payments
from core.domain import refundable
from core.domain.refundable import refundable_balance
from core.errors import AlreadyDecided, InvalidInput
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import make_context
from tests.support.planted_turns import without_turns
from tests.support.refunds import paid, part, requests, whole

AGENTS = 8
CAPTURED = 100_000


@pytest.fixture
def unlimited(till):
    till.emulator.control("POST", "settings", {"refund_limit": False})
    yield till
    till.emulator.control("POST", "settings", {"refund_limit": True})


def together(count, work):
    """Run `work(number)` in threads that start at once; raises what one of them raised."""
    gate, failures = threading.Barrier(count), []

    def run(number):
        try:
            gate.wait()
            work(number)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def ask_for_parts(context, callers, lead, payment, seed, rounds, number):
    """One agent: parts and wholes, within the limit and above it; the lead approves at once."""
    dice = random.Random(f"{seed}-{number}")
    for _ in range(rounds):
        minor = dice.choice([700, 2_500, 9_900, 15_000])
        wanted = whole(payment) if dice.random() < 0.1 else part(payment, f"{minor // 100}")
        try:
            made = refunds.ask(context, callers[number], wanted, livemode=False)
            if made.state == "awaiting_approval":
                refund_approvals.approve(context, lead, made.request_id)
        except (InvalidInput, AlreadyDecided):
            continue


def agents_of(till, count=AGENTS):
    return [Caller(person(till.console, "support")) for _ in range(count)]


def storm(till, payment, seed, rounds):
    """Eight agents with contexts of their own on one payment."""
    contexts = [make_context(till.console, till.emulator) for _ in range(2)]
    callers = agents_of(till)
    together(
        AGENTS,
        lambda number: ask_for_parts(
            contexts[number % 2], callers, till.lead, payment, seed, rounds, number
        ),
    )


def books_agree(till, payment, captured):
    """No more left than was captured; each request has one refund, and it is Stripe's."""
    at_stripe = till.counted(payment)
    kept = [one for one in requests(till.context.engine, payment) if one.state == "succeeded"]
    assert at_stripe["amount"] == sum(one.amount_minor for one in kept)
    assert at_stripe["count"] == len(kept) == len({one.refund_id for one in kept})
    with reading(till.context.engine) as connection:
        row = connection.execute(select(payments).where(payments.c.stripe_id == payment)).one()
        stands = refundable_balance(connection, row)
    assert at_stripe["amount"] <= captured
    assert stands.available_minor == captured - at_stripe["amount"]


def test_partial_refunds_at_once_never_pass_what_was_captured(unlimited):
    seed = random.randrange(10**6)
    payment = paid(unlimited.context, CAPTURED)
    storm(unlimited, payment, seed, rounds=6)
    books_agree(unlimited, payment, CAPTURED)
    assert unlimited.amount(payment) > CAPTURED * 0.9, f"seed {seed}: too little was asked"


def test_all_of_a_payment_goes_back_once_however_many_ask(unlimited):
    payment, callers = paid(unlimited.context, 5_000), agents_of(unlimited)

    def ask(number):
        try:
            refunds.ask(unlimited.context, callers[number], whole(payment), livemode=False)
        except InvalidInput:
            return

    together(AGENTS, ask)
    assert (unlimited.count(payment), unlimited.amount(payment)) == (1, 5_000)


def test_one_person_at_eight_desks_stays_within_their_day(till):
    """Five times the limit of one refund: the sixth and later wait, whatever comes at once."""
    many = [paid(till.context, 9_000) for _ in range(AGENTS)]
    together(
        AGENTS,
        lambda number: refunds.ask(till.context, till.support, whole(many[number]), livemode=False),
    )
    states = [requests(till.context.engine, payment)[0].state for payment in many]
    assert sorted(states) == ["awaiting_approval"] * 3 + ["succeeded"] * 5


def test_the_same_request_from_eight_threads_is_one_refund(till):
    payment = paid(till.context, 9_000)
    key = "00000000-0000-4000-8000-" + payment[3:].encode().hex()[:12]
    ask = partial(
        refunds.ask, till.context, till.support, part(payment, "5"), livemode=False, request_id=key
    )
    together(AGENTS, lambda _number: ask())
    assert till.count(payment) == 1


def test_a_limit_that_forgets_what_is_under_way_would_be_seen(unlimited, monkeypatch):
    monkeypatch.setattr(refundable.states, "HELD", ())
    unlimited.emulator.fault("delay", seconds=0.3, path="/v1/refunds", method="POST", count=None)
    payment = paid(unlimited.context, 20_000)
    callers = agents_of(unlimited)

    def ask(number):
        try:
            refunds.ask(unlimited.context, callers[number], part(payment, "99"), livemode=False)
        except InvalidInput:
            return

    together(AGENTS, ask)
    assert unlimited.amount(payment) > 20_000


def test_a_limit_that_was_looked_up_before_would_be_seen(unlimited, monkeypatch):
    payment, callers = paid(unlimited.context, 10_000), agents_of(unlimited, 2)
    with reading(unlimited.context.engine) as connection:
        row = connection.execute(select(payments).where(payments.c.stripe_id == payment)).one()
        before = refundable_balance(connection, row)
    monkeypatch.setattr(refunds, "refundable_balance", lambda *_args: before)
    for one in callers:
        refunds.ask(unlimited.context, one, part(payment, "60"), livemode=False)
    assert unlimited.amount(payment) == 12_000


@pytest.mark.mariadb
def test_a_limit_without_a_lock_would_be_seen(mariadb, action_emulator, monkeypatch):
    """A writer on SQLite is alone from its BEGIN on: there is no lock to leave out."""
    console = make_console(mariadb())
    upgrade(console.engine)
    context, gate = make_context(console, action_emulator), threading.Barrier(2, timeout=60)
    callers = [Caller(person(console, "support")) for _ in range(2)]

    def unlocked(connection, payment_id, livemode):
        return connection.execute(select(payments).where(payments.c.stripe_id == payment_id)).one()

    def both_look(connection, payment):
        stands = refundable_balance(connection, payment)
        gate.wait()
        return stands

    without_turns(monkeypatch)
    monkeypatch.setattr(rules, "locked_payment", unlocked)
    monkeypatch.setattr(refunds, "refundable_balance", both_look)
    payment = paid(context, 10_000)
    action_emulator.control("POST", "settings", {"refund_limit": False})
    ask = partial(refunds.ask, context, asked=part(payment, "60"), livemode=False)
    together(2, lambda number: ask(callers[number]))
    action_emulator.control("POST", "settings", {"refund_limit": True})
    counted = action_emulator.control("GET", f"refunds?payment_intent={payment}")
    assert counted["amount"] == 12_000
    console.engine.dispose()


@pytest.mark.torture
def test_ten_thousand_rounds_of_eight_agents(unlimited):
    seed = random.randrange(10**6)
    for number in range(125):
        payment = paid(unlimited.context, CAPTURED)
        storm(unlimited, payment, f"{seed}-{number}", rounds=10)
        books_agree(unlimited, payment, CAPTURED)
