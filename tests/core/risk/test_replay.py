"""A backtest is live scoring replayed payment by payment: for any rules, exactly."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import early_fraud_warnings, risk_assessments
from core.risk import backtest
from core.risk.backtest import Question
from core.risk.rules import read
from tests.support.factories import NOON
from tests.support.risk_samples import assessment, rule_sets, signal_sets

#: A payment: its signals, what was received, whether its issuer warned, and its month.
payments = st.tuples(
    signal_sets,
    st.sampled_from([None, 0, 1, 250, 9_000]),
    st.booleans(),
    st.sampled_from([202610, 202611]),
)
QUESTION = Question(False, NOON - timedelta(days=1), NOON + timedelta(days=1))


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = open_engine(f"sqlite:///{tmp_path_factory.mktemp('replay') / 'risk.db'}")
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def maria_engine(mariadb):
    made = open_engine(mariadb())
    upgrade(made)
    yield made
    made.dispose()


def warning(payment_id):
    row = {"stripe_id": f"issfr_{payment_id}", "payment_id": payment_id, "actionable": True}
    return row | {"livemode": False, "confirmed": True, "created_at": NOON, "as_of": NOON}


def in_one_scan(engine, tried, now, every):
    rows = [
        assessment(number, signals, paid_minor=received, month=month)
        for number, (signals, received, _, month) in enumerate(every)
    ]
    warned = [warning(row["payment_id"]) for row, one in zip(rows, every, strict=True) if one[2]]
    with writing(engine) as connection:
        connection.execute(risk_assessments.delete())
        connection.execute(early_fraud_warnings.delete())
        connection.execute(risk_assessments.insert(), rows)
        if warned:
            connection.execute(early_fraud_warnings.insert(), warned)
    with reading(engine) as connection:
        cells = backtest.run(connection, QUESTION, tried, now)
    return {
        (c.month, c.currency, c.fraud, c.points, c.before): (c.count, c.amount_minor) for c in cells
    }


def one_by_one(tried, now, every):
    found = defaultdict(lambda: (0, 0))
    for signals, received, fraud, month in every:
        if not received:
            continue
        currency = signals["currency"]
        points, before = (one.score(signals, currency).points for one in (tried, now))
        key = (date(*divmod(month, 100), 1), currency, fraud, points, before)
        count, amount = found[key]
        found[key] = (count + 1, amount + received)
    return dict(found)


EVERY = st.lists(payments, min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(tried=rule_sets, now=rule_sets, every=EVERY)
def test_one_scan_says_what_scoring_one_by_one_says(engine, tried, now, every):
    tried, now = read(tried), read(now)
    assert in_one_scan(engine, tried, now, every) == one_by_one(tried, now, every)


@pytest.mark.torture
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(tried=rule_sets, now=rule_sets, every=EVERY)
def test_it_says_so_a_thousand_times(engine, tried, now, every):
    tried, now = read(tried), read(now)
    assert in_one_scan(engine, tried, now, every) == one_by_one(tried, now, every)


@pytest.mark.mariadb
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(tried=rule_sets, now=rule_sets, every=EVERY)
def test_the_same_on_mariadb(maria_engine, tried, now, every):
    tried, now = read(tried), read(now)
    assert in_one_scan(maria_engine, tried, now, every) == one_by_one(tried, now, every)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(tried=rule_sets, every=EVERY)
def test_the_set_in_force_beside_itself(engine, tried, every):
    tried = read(tried)
    assert in_one_scan(engine, tried, tried, every) == one_by_one(tried, tried, every)
