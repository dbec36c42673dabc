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
def held(desk, backend):
    """A payment that is authorized and not captured yet."""
    made = payments.create(desk, backend, replace(ASKED, manual_capture=True), livemode=False)
    payments.confirm(
        desk, backend, made.payment_intent_id, livemode=False, payment_method="pm_card_visa"
    )
    return made.payment_intent_id


def score(desk):
    return mirror_scoring.score_arrivals(desk.engine, desk.books.scope.zone, since=clock.EPOCH)


def kept(desk):
    """What stands beside the score, and what the mirror says."""
    with reading(desk.engine) as connection:
        beside = select(risk_assessments.c.paid_minor).where(risk_assessments.c.kind == "arrival")
        return connection.scalars(beside).one(), connection.scalars(
            select(mirror.c.amount_received_minor)
        ).one()


def test_a_score_follows_what_is_captured_later(desk, backend, held):
    score(desk)
    assert kept(desk) == (0, 0)
    payments.capture(desk, backend, held, livemode=False)
    assert kept(desk) == (AMOUNT, AMOUNT)


def test_scored_later_it_says_the_same(desk, backend, held):
    payments.capture(desk, backend, held, livemode=False)
    score(desk)
    assert kept(desk) == (AMOUNT, AMOUNT)
    with reading(desk.engine) as connection:
        row = connection.execute(
            select(risk_assessments).where(risk_assessments.c.kind == "arrival")
        ).one()
        day = connection.scalars(select(mirror.c.day)).one()
    assert row.month == day.year * 100 + day.month


def test_captured_between_weighing_and_keeping_is_not_lost(desk, backend, held, monkeypatch):
    weigh = mirror_scoring.weigh

    def slow(*given):
        found = weigh(*given)
        captured.append(payments.capture(desk, backend, held, livemode=False))
        return found

    captured = []
    monkeypatch.setattr(mirror_scoring, "weigh", slow)
    score(desk)
    assert len(captured) == 1
    assert kept(desk) == (AMOUNT, AMOUNT)


def test_an_older_state_that_comes_late_changes_nothing(desk, backend, held):
    old = desk.gateway(False).get(f"/v1/payment_intents/{held}")
    seen = read_object(old, as_of=clock.now(), confirmed=True, livemode=False)
    score(desk)
    payments.capture(desk, backend, held, livemode=False)
    for _ in range(2):
        with writing(desk.engine) as connection:
            apply(connection, [seen], desk.books)
        assert kept(desk) == (AMOUNT, AMOUNT)


def test_a_score_that_is_not_followed_would_be_seen(desk, backend, held, monkeypatch):
    monkeypatch.setattr(captured_amounts, "follow", lambda *_: None)
    score(desk)
    payments.capture(desk, backend, held, livemode=False)
    assert kept(desk) == (0, AMOUNT)
