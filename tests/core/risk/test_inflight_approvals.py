"""What was let through counts as an attempt until the mirror shows it, and is no money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import gate_passes, operations, risk_assessments
from core.risk import inflight_approvals
from core.risk.scoring_worker import Watch
from core.risk.signals import Subject, signals_of
from core.risk.values import KINDS
from tests.support import factories
from tests.support.risk_samples import assessment

ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHO = {"user_id": "u1", "email": "u1@shop.example", "ip": "192.0.2.1"}
AMOUNT = 500


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    upgrade(made)
    yield made
    made.dispose()


def let_through(engine, number=1, state="succeeded", at=NOON, payment=None, **given):
    """A pass and its operation."""
    operation = {
        "id": f"op{number}",
        "idempotency_key": f"op{number}",
        "kind": "payment.create",
        "livemode": False,
        "params": "{}",
        "actor": "test",
        "state": state,
        "stripe_id": payment,
        "attempts": 1,
        "next_attempt_at": at,
        "created_at": at,
        "updated_at": at,
    }
    row = {"operation_id": f"op{number}", "assessment_id": number, "livemode": False, **WHO}
    row |= {"order_id": None, "amount_minor": AMOUNT, "currency": "usd", "created_at": at} | given
    with writing(engine) as connection:
        connection.execute(operations.insert().values(**operation))
        inflight_approvals.keep_approval(connection, **row)


def mirrored(engine, payment="pi_1", at=NOON, **given):
    with writing(engine) as connection:
        factories.paid(
            connection, stripe_id=payment, created_at=at, amount_minor=AMOUNT, **WHO | given
        )


def asked(engine, at=NOON + timedelta(minutes=1), **given):
    """Attempts in the hour and the day by user, the hour by address and IP, and the day's sum."""
    subject = Subject(False, at, 100, "usd", **WHO | given)
    with reading(engine) as connection:
        found = signals_of(connection, subject, ZONE)
    names = ("attempts_hour_user", "attempts_day_user", "attempts_hour_email", "attempts_hour_ip")
    return tuple(found[name] for name in names), found["day_total"]


NOTHING = ((0, 0, 0, 0), 100)
ONCE = ((1, 1, 1, 1), 100)
PAID = ((1, 1, 1, 1), 100 + AMOUNT)


@pytest.mark.parametrize("state", ["sending", "unknown", "not_sent", "succeeded"])
def test_what_may_lead_to_a_payment_counts(engine, state):
    let_through(engine, state=state)
    assert asked(engine) == ONCE


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_what_came_to_nothing_does_not(engine, state):
    let_through(engine, state=state)
    assert asked(engine) == NOTHING


def test_in_the_mirror_it_is_counted_there_and_once(engine):
    let_through(engine, payment="pi_1")
    mirrored(engine)
    assert asked(engine) == PAID


def test_a_payment_whose_clock_is_ahead_is_not_lost(engine):
    let_through(engine, payment="pi_1")
    mirrored(engine, at=NOON + timedelta(minutes=2))
    assert asked(engine) == ONCE


def test_each_counts_for_its_own_window_and_mode(engine):
    let_through(engine, 1, at=NOON - timedelta(hours=2))
    let_through(engine, 2, at=NOON - timedelta(hours=13))
    let_through(engine, 3, at=NOON - timedelta(hours=25))
    let_through(engine, 4, livemode=True)
    let_through(engine, 5, currency="eur")
    assert asked(engine) == ((1, 3, 1, 1), 100)


def test_somebody_else_has_no_part_in_it(engine):
    let_through(engine)
    assert asked(engine, user_id="u2", email=None) == ((0, 0, None, 1), 100)
    assert asked(engine, user_id=None)[1] is None


def test_a_payment_from_stripe_is_weighed_without_them(engine):
    """Its signals are of its own time, whenever it is scored: what is open is not."""
    let_through(engine)
    assert asked(engine, payment_id="pi_9") == NOTHING


def test_a_lost_answer_is_linked_to_its_score_by_the_watch(engine):
    with writing(engine) as connection:
        row = assessment(1, dict.fromkeys(KINDS) | {"currency": "usd", "amount": AMOUNT})
        row |= {"payment_id": None, "kind": "create"}
        made = connection.execute(risk_assessments.insert().values(**row)).inserted_primary_key
    let_through(engine, payment="pi_1", assessment_id=made[0])
    mirrored(engine)
    Watch(engine, ZONE).step()
    with reading(engine) as connection:
        found = connection.execute(select(risk_assessments).order_by(risk_assessments.c.id)).all()
    assert [(one.kind, one.payment_id) for one in found] == [
        ("create", "pi_1"),
        ("arrival", "pi_1"),
    ]


def test_old_ones_go(engine):
    let_through(engine, 1, at=NOON - timedelta(days=3))
    let_through(engine, 2, at=NOON)
    with writing(engine) as connection:
        assert inflight_approvals.prune(connection, at=NOON) == 1
        assert connection.scalar(select(func.count()).select_from(gate_passes)) == 1
