"""Cases are opened once each, whoever looks, and closed when what opened them has ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import cases, early_fraud_warnings, payments, reviews, risk_assessments
from core.risk.cases import FRESH, follow_sources
from core.risk.scoring_worker import Watch
from tests.support import factories
from tests.support.risk_samples import assessment


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    upgrade(made)
    yield made
    made.dispose()


def flagged(engine, level="high", *, age=timedelta(hours=1), **given):
    """A payment with a score of this level."""
    at = clock.now() - age
    with writing(engine) as connection:
        row = factories.paid(connection, created_at=at, **given)
        signals = dict.fromkeys(("amount",), row["amount_minor"]) | {"currency": row["currency"]}
        connection.execute(
            risk_assessments.insert().values(
                assessment(
                    0, signals, payment_id=row["stripe_id"], level=level, created_at=at, score=70
                )
            )
        )
    return row["stripe_id"]


def mirrored(table, payment_id, **given):
    now = clock.now()
    row = dict.fromkeys(column.name for column in table.columns)
    return row | {
        "payment_id": payment_id,
        "livemode": False,
        "created_at": now,
        "as_of": now,
        "confirmed": True,
        **given,
    }


def warned(engine, payment_id, *, actionable=True):
    row = mirrored(
        early_fraud_warnings, payment_id, stripe_id=f"issfr_{payment_id}", actionable=actionable
    )
    with writing(engine) as connection:
        connection.execute(early_fraud_warnings.insert().values(**row))


def reviewed(engine, payment_id):
    row = mirrored(reviews, payment_id, stripe_id=f"prv_{payment_id}", open=True, reason="rule")
    with writing(engine) as connection:
        connection.execute(reviews.insert().values(**row))


def change(engine, table, **values):
    with writing(engine) as connection:
        connection.execute(table.update().values(**values))


def kept(engine):
    with reading(engine) as connection:
        return connection.execute(select(cases).order_by(cases.c.kind)).all()


def test_a_high_score_a_warning_and_a_review_open_a_case_each_and_once(engine):
    payment = flagged(engine, amount_minor=5000, currency="eur")
    warned(engine, payment)
    reviewed(engine, payment)
    follow_sources(engine)
    follow_sources(engine)
    found = kept(engine)
    assert [row.kind for row in found] == ["flag", "review", "warning"]
    assert {(row.payment_id, row.amount_minor, row.currency, row.state) for row in found} == {
        (payment, 5000, "eur", "open")
    }


def test_medium_old_failed_and_given_back_payments_open_none(engine):
    flagged(engine, "medium")
    flagged(engine, age=FRESH + timedelta(days=1))
    flagged(engine, status="requires_payment_method")
    flagged(engine, amount_refunded_minor=1000)
    warned(engine, flagged(engine, "low"), actionable=False)
    assert follow_sources(engine) is False
    assert kept(engine) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_workers_open_one_case_each_time(engine):
    for _ in range(5):
        flagged(engine)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: follow_sources(engine), range(8)))
    found = kept(engine)
    assert len(found) == len({row.source_id for row in found}) == 5


@pytest.mark.parametrize(
    ("reason", "state"),
    [("approved", "approved"), ("refunded_as_fraud", "refunded"), ("disputed", "dismissed")],
)
def test_a_review_that_is_closed_at_stripe_closes_its_case(engine, reason, state):
    reviewed(engine, flagged(engine, "low"))
    follow_sources(engine)
    change(engine, reviews, open=False, closed_reason=reason)
    follow_sources(engine)
    (row,) = kept(engine)
    assert (row.state, row.closed_by) == (state, "system")
    assert row.closed_at is not None


@pytest.mark.parametrize(("refunded", "state"), [(1000, "refunded"), (0, "dismissed")])
def test_a_warning_that_nothing_answers_any_more_closes_its_case(engine, refunded, state):
    warned(engine, flagged(engine, "low"))
    follow_sources(engine)
    change(engine, early_fraud_warnings, actionable=False)
    change(engine, payments, amount_refunded_minor=refunded)
    follow_sources(engine)
    (row,) = kept(engine)
    assert row.state == state


def test_a_flag_ends_with_all_money_given_back_and_not_before(engine):
    flagged(engine)
    follow_sources(engine)
    change(engine, payments, amount_refunded_minor=999)
    follow_sources(engine)
    assert [row.state for row in kept(engine)] == ["open"]
    change(engine, payments, amount_refunded_minor=1000)
    follow_sources(engine)
    assert [row.state for row in kept(engine)] == ["refunded"]


def test_the_watch_opens_cases_of_what_it_scored(engine):
    with writing(engine) as connection:
        for n in range(8):
            at = clock.now() - timedelta(minutes=30 - n)
            factories.paid(connection, created_at=at, user_id="u1", amount_minor=1_100_000)
    watch = Watch(engine, ZoneInfo("UTC"))
    while watch.step():
        pass
    found = kept(engine)
    assert found
    assert {row.kind for row in found} == {"flag"}
