"""Many creates at once are let through exactly as one after the other, whoever sees them late."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from core import clock
from core.access.principals import Caller
from core.actions.payments import checkout_sessions, payments, risk_gate
from core.actions.payments.checkout_order import AskedItem, AskedOrder, read
from core.actions.payments.operation_kinds import CREATE_SESSION
from core.actions.payments.validation import NewPayment
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import operations, risk_assessments, rule_sets
from core.db.tables import payments as mirror
from core.errors import OutcomeUnknown, RequestRepeated, RiskRefused, StripeRefused, TillwatchError
from core.risk import inflight_approvals, velocity
from tests.core.actions.refunds.test_refund_races import together
from tests.support import factories
from tests.support.fixtures_access import audited, make_console, person
from tests.support.fixtures_actions import make_context, with_token

AT_ONCE = 12
#: The sixth is one attempt too many, and large: 70 points.
LET_THROUGH = 5
LARGE = NewPayment("10000.01", "usd", 7, user_id="u1")
VELOCITY = """{"rules": [
    {"name": "address", "when": "attempts_hour_email >= 3", "points": 70},
    {"name": "ip", "when": "attempts_day_ip >= 3", "points": 70}]}"""


@pytest.fixture
def console(database_url):
    engine = open_engine(database_url)
    upgrade(engine)
    engine.dispose()
    made = make_console(database_url)
    yield made
    made.engine.dispose()


def tried(context, caller, asked):
    try:
        return payments.create(context, caller, asked, livemode=False)
    except RiskRefused:
        return None


def let_through(console):
    """How many scores allow it, and how many operations were written down."""
    with reading(console.engine) as connection:
        scores = connection.scalars(select(risk_assessments.c.allowed)).all()
        written = connection.execute(select(operations.c.id)).all()
    return scores.count(True), len(written), len(scores)


def scores(console):
    with reading(console.engine) as connection:
        return connection.execute(select(risk_assessments).order_by(risk_assessments.c.id)).all()


def desk_of(console, emulator):
    backend = with_token(console, person(console, "viewer"), "service")
    return make_context(console, emulator), backend


def by_rules(console, body):
    with writing(console.engine) as connection:
        row = {"version": 1, "body": body, "author": "test", "reason": "try"}
        connection.execute(rule_sets.insert().values(**row, created_at=clock.now()))


def forget_mirror(console):
    """The mirror knows nothing of what was made: it has not followed yet."""
    with writing(console.engine) as connection:
        connection.execute(mirror.delete())


def test_twelve_at_once_are_as_twelve_in_turn(console, context, backend):
    together(AT_ONCE, lambda _number: tried(context, backend, LARGE))
    assert let_through(console) == (LET_THROUGH, LET_THROUGH, AT_ONCE)


def test_in_turn_it_is_the_same_whether_the_mirror_follows_or_not(console, context, backend):
    for _ in range(7):
        tried(context, backend, LARGE)
    assert let_through(console)[0] == LET_THROUGH
    forget_mirror(console)
    assert tried(context, backend, LARGE) is None
    assert tried(context, backend, replace(LARGE, user_id="u2")) is not None


@pytest.mark.parametrize(
    "who",
    [
        {"email": "ada@shop.example"},
        {"ip_address": "192.0.2.7"},
        {"email": "ada@shop.example", "ip_address": "192.0.2.7"},
    ],
)
def test_an_address_and_an_ip_are_counted_across_users(console, context, backend, who):
    by_rules(console, VELOCITY)

    def ask(number):
        tried(context, backend, NewPayment("1.00", "usd", 1, user_id=f"u{number}", **who))

    together(8, ask)
    assert let_through(console)[0] == 3


def test_an_address_is_the_same_in_capitals(console, context, backend):
    by_rules(console, VELOCITY)
    for written in ("ada@shop.example", "Ada@Shop.Example", "ADA@SHOP.EXAMPLE"):
        assert tried(context, backend, NewPayment("1.00", "usd", 1, email=written))
    assert tried(context, backend, NewPayment("1.00", "usd", 1, email="aDa@shop.example")) is None


@pytest.mark.mariadb
def test_without_standing_in_line_more_would_pass(mariadb, action_emulator, monkeypatch):
    """The planted fault: each looks before any other has written down that it passed."""
    gate = threading.Barrier(8)
    weigh = risk_gate.scoring.weigh

    def all_look(connection, subject, zone):
        weighed = weigh(connection, subject, zone)
        gate.wait(20)
        return weighed

    # Not on SQLite, whose one writer stands in line whatever we do.
    console = make_console(mariadb())
    context, backend = desk_of(console, action_emulator)
    monkeypatch.setattr(inflight_approvals, "lines", lambda *_: [])
    monkeypatch.setattr(risk_gate.scoring, "weigh", all_look)
    together(8, lambda _number: tried(context, backend, LARGE))
    assert let_through(console)[0] == 8
    console.engine.dispose()


def test_counting_the_mirror_alone_would_let_more_pass(console, context, backend, monkeypatch):
    monkeypatch.setattr(velocity, "_is_new", lambda _where: False)
    for _ in range(7):
        forget_mirror(console)
        tried(context, backend, LARGE)
    assert let_through(console)[0] == 7


def test_what_stripe_refused_is_no_attempt_and_no_money(console, context, backend, action_emulator):
    fault = {"kind": "error", "status": 400, "path": "/v1/payment_intents", "count": 8}
    action_emulator.control("POST", "faults", fault | {"method": "POST"})
    for _ in range(8):
        with pytest.raises(StripeRefused):
            payments.create(context, backend, LARGE, livemode=False)
    action_emulator.control("DELETE", "faults")
    assert payments.create(context, backend, LARGE, livemode=False)
    last = scores(console)[-1]
    assert (last.attempts_hour_user, last.day_total) == (0, 1_000_001)


def test_what_nobody_knows_the_outcome_of_counts(console, context, backend, action_emulator):
    fault = {"kind": "lost_reply", "path": "/v1/payment_intents", "method": "POST", "count": 6}
    action_emulator.control("POST", "faults", fault)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            payments.create(context, backend, LARGE, livemode=False)
    action_emulator.control("DELETE", "faults")
    payments.create(context, backend, LARGE, livemode=False)
    last = scores(console)[-1]
    assert (last.attempts_hour_user, last.day_total) == (2, 1_000_001)


def test_the_same_request_twice_at_once_is_asked_about_once(console, context, backend):
    """At the last free place: the slower one must not be refused for the faster one's sake."""
    for _ in range(LET_THROUGH - 1):
        tried(context, backend, LARGE)
    key, errors = "00000000-0000-4000-8000-000000000001", []

    def ask(_number):
        try:
            payments.create(context, backend, LARGE, livemode=False, operation_id=key)
        except TillwatchError as error:
            errors.append(error)

    together(4, ask)
    assert {type(error) for error in errors} <= {RequestRepeated}
    assert let_through(console) == (LET_THROUGH, LET_THROUGH, LET_THROUGH)


def test_a_session_counts_until_its_payment_is_there_and_then_once(console, context):
    developer = Caller(person(console, "developer"))
    order = read(AskedOrder("usd", [AskedItem("Pen", 1, "9")]))
    given = {"name": "Ada", "email": "ada@shop.example"}
    for number in (1, 2):
        checkout_sessions.create(context, developer, order, order_id=number, **given)
    with writing(console.engine) as connection:
        whose = {"user_id": developer.user_id, "order_id": "1", "email": given["email"]}
        factories.paid(connection, created_at=clock.now(), amount_minor=900, **whose)
    checkout_sessions.create(context, developer, order, order_id=3, **given)
    counted = [(one.attempts_hour_user, one.attempts_hour_email) for one in scores(console)]
    assert counted == [(0, 0), (1, 1), (2, 2)]
    assert [one.day_total for one in scores(console)] == [900, 900, 1800]


def test_a_session_is_refused_before_stripe_hears_of_it(console, context):
    by_rules(console, VELOCITY)
    developer = Caller(person(console, "developer"))
    order = read(AskedOrder("usd", [AskedItem("Pen", 1, "9")]))

    def ask(number):
        checkout_sessions.create(
            context, developer, order, order_id=number, name="Ada", email="ada@shop.example"
        )

    for number in (1, 2, 3):
        ask(number)
    with pytest.raises(RiskRefused):
        ask(4)
    assert let_through(console) == (3, 3, 4)
    assert [row.outcome for row in audited(console, CREATE_SESSION.name)][-1] == ("refused by risk")
