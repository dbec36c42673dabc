"""What was received stands beside each score: whoever comes first, and however often."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from core import clock
from core.actions.payments import payments
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import payments as mirror
from core.db.tables import risk_assessments
from core.gateway.objects import read_object
from core.mirror.apply import apply
from core.risk import captured_amounts, mirror_scoring
from tests.support.fixtures_access import make_console
from tests.support.fixtures_actions import ASKED

AMOUNT = 1234


@pytest.fixture
def console(database_url):
    engine = open_engine(database_url)
    upgrade(engine)
    engine.dispose()
    made = make_console(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def held(context, backend):
    """A payment that is authorized and not captured yet."""
    made = payments.create(context, backend, replace(ASKED, manual_capture=True), livemode=False)
    payments.confirm(
        context, backend, made.payment_intent_id, livemode=False, payment_method="pm_card_visa"
    )
    return made.payment_intent_id


def score(context):
    return mirror_scoring.score_arrivals(
        context.engine, context.books.scope.zone, since=clock.EPOCH
    )


def kept(context):
    """What stands beside the score, and what the mirror says."""
    with reading(context.engine) as connection:
        beside = select(risk_assessments.c.paid_minor).where(risk_assessments.c.kind == "arrival")
        return connection.scalars(beside).one(), connection.scalars(
            select(mirror.c.amount_received_minor)
        ).one()


def test_a_score_follows_what_is_captured_later(context, backend, held):
    score(context)
    assert kept(context) == (0, 0)
    payments.capture(context, backend, held, livemode=False)
    assert kept(context) == (AMOUNT, AMOUNT)


def test_scored_later_it_says_the_same(context, backend, held):
    payments.capture(context, backend, held, livemode=False)
    score(context)
    assert kept(context) == (AMOUNT, AMOUNT)
    with reading(context.engine) as connection:
        row = connection.execute(
            select(risk_assessments).where(risk_assessments.c.kind == "arrival")
        ).one()
        day = connection.scalars(select(mirror.c.day)).one()
    assert row.month == day.year * 100 + day.month


def test_captured_between_weighing_and_keeping_is_not_lost(context, backend, held, monkeypatch):
    weigh = mirror_scoring.weigh

    def slow(*given):
        found = weigh(*given)
        captured.append(payments.capture(context, backend, held, livemode=False))
        return found

    captured = []
    monkeypatch.setattr(mirror_scoring, "weigh", slow)
    score(context)
    assert len(captured) == 1
    assert kept(context) == (AMOUNT, AMOUNT)


def test_an_older_state_that_comes_late_changes_nothing(context, backend, held):
    old = context.gateway(False).get(f"/v1/payment_intents/{held}")
    seen = read_object(old, as_of=clock.now(), confirmed=True, livemode=False)
    score(context)
    payments.capture(context, backend, held, livemode=False)
    for _ in range(2):
        with writing(context.engine) as connection:
            apply(connection, [seen], context.books)
        assert kept(context) == (AMOUNT, AMOUNT)


def test_a_score_that_is_not_followed_would_be_seen(context, backend, held, monkeypatch):
    monkeypatch.setattr(captured_amounts, "follow_captures", lambda *_: None)
    score(context)
    payments.capture(context, backend, held, livemode=False)
    assert kept(context) == (0, AMOUNT)
