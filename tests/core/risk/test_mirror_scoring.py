"""Payments that come from Stripe are scored once each, as of their own time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import clock
from core.clock import EPOCH
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import risk_assessments
from core.domain import versions
from core.risk.mirror_scoring import score_arrivals
from core.risk.scoring_worker import Watch
from tests.support import factories

ZONE = ZoneInfo("UTC")


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    upgrade(made)
    yield made
    made.dispose()


def score_all(engine):
    total = 0
    while count := score_arrivals(engine, ZONE, since=EPOCH):
        total += count
    return total


def scored(engine):
    with reading(engine) as connection:
        rows = connection.execute(select(risk_assessments)).mappings().all()
    return {row["payment_id"]: row for row in rows}


def add(engine, count, **given):
    with writing(engine) as connection:
        return [
            factories.paid(
                connection,
                created_at=factories.NOON + timedelta(minutes=n),
                user_id="u1",
                **given,
            )["stripe_id"]
            for n in range(count)
        ]


def test_each_is_scored_once_by_what_came_before_it(engine):
    ids = add(engine, 8)
    assert score_all(engine) == 8
    assert score_all(engine) == 0
    found = scored(engine)
    assert [found[one]["attempts_hour_user"] for one in ids] == list(range(8))
    assert [found[one]["score"] for one in ids] == [0] * 5 + [50] * 3
    factors = json.loads(found[ids[-1]]["factors"])
    assert factors == [
        {"rule": "too_many_attempts", "points": 50, "values": {"attempts_hour_user": 7}}
    ]


def test_late_scoring_says_what_early_scoring_said(engine):
    ids = add(engine, 4)
    score_all(engine)
    early = scored(engine)
    with writing(engine) as connection:
        connection.execute(risk_assessments.delete())
    with writing(engine) as connection:
        for n in range(30):
            at = factories.NOON + timedelta(minutes=30 + n)
            factories.paid(connection, created_at=at, user_id="u1")
    score_all(engine)
    late = scored(engine)
    hidden = {"id", "scored_at"}
    for one in ids:
        same = [{k: v for k, v in rows[one].items() if k not in hidden} for rows in (early, late)]
        assert same[0] == same[1]


def test_without_an_attempt_there_is_no_score_yet(engine):
    row = factories.payment_row(status="requires_payment_method", latest_charge_id=None)
    with writing(engine) as connection:
        factories.add_payments(connection, [row])
    assert score_all(engine) == 0


def test_two_workers_score_each_once(engine):
    ids = add(engine, 120)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: score_all(engine), range(2)))
    assert sorted(scored(engine)) == sorted(ids)


def test_the_watch_scores_history_first_and_then_what_is_new(engine):
    watch = Watch(engine, ZONE)
    old = add(engine, 60)
    assert watch.step()
    assert not watch.step()
    assert sorted(scored(engine)) == sorted(old)
    with writing(engine) as connection:
        new = factories.paid(connection, created_at=clock.now())["stripe_id"]
        versions.bump(connection, {"payments"}, slot=0)
    watch.step()
    assert new in scored(engine)


def test_a_currency_that_is_new_at_stripe_holds_up_no_other(engine):
    add(engine, 1, currency="zzz")
    add(engine, 1)
    assert score_all(engine) == 2
    assert {row["currency"] for row in scored(engine).values()} == {"zzz", "usd"}
