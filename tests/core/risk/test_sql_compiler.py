"""The score in SQL is the score in Python: for every rule set and every payment, exactly."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import risk_assessments
from core.risk import sql_compiler
from core.risk.rules import DEFAULT, read
from core.risk.sql_compiler import score_of
from tests.support.risk_samples import assessment, rule_sets, signal_sets


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = open_engine(f"sqlite:///{tmp_path_factory.mktemp('risk') / 'risk.db'}")
    upgrade(made)
    yield made
    made.dispose()


def in_sql(engine, rules, every):
    rows = [assessment(number, signals) for number, signals in enumerate(every)]
    with writing(engine) as connection:
        connection.execute(risk_assessments.delete())
        connection.execute(risk_assessments.insert(), rows)
    with reading(engine) as connection:
        scored = select(score_of(rules)).select_from(risk_assessments)
        query = scored.order_by(risk_assessments.c.payment_id)
        return list(connection.scalars(query))


def in_python(rules, every):
    return [rules.score(signals, signals["currency"]).points for signals in every]


EXAMPLES = [40, pytest.param(1000, marks=pytest.mark.torture)]


def agree(engine, examples):
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rules=rule_sets, every=st.lists(signal_sets, min_size=1, max_size=12))
    def check(rules, every):
        rules = read(rules)
        assert in_sql(engine, rules, every) == in_python(rules, every)

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_one_score_in_two_languages(engine, examples):
    agree(engine, examples)


@pytest.mark.mariadb
@pytest.mark.parametrize("examples", EXAMPLES)
def test_one_score_on_mariadb_too(maria_engine, examples):
    agree(maria_engine, examples)


@pytest.fixture(scope="module")
def maria_engine(mariadb):
    made = open_engine(mariadb())
    upgrade(made)
    yield made
    made.dispose()


def test_a_compiler_that_takes_null_as_unknown_is_shown_up(engine, monkeypatch):
    """The planted fault: `not (x > 5)` of an unknown x would be unknown too."""
    rules = read({"rules": [{"name": "r", "when": "not radar_score > 5", "points": 7}]})
    nobody = dict.fromkeys(signal_names()) | {"amount": 1, "currency": "usd"}
    assert in_sql(engine, rules, [nobody]) == in_python(rules, [nobody]) == [7]
    monkeypatch.setattr(sql_compiler, "_known", lambda condition: condition)
    assert in_sql(engine, rules, [nobody]) == [0]


def signal_names():
    from core.risk.values import KINDS

    return list(KINDS)


def test_the_default_rules_by_sql(engine):
    busy = dict.fromkeys(signal_names()) | {
        "amount": 1_000_001,
        "currency": "usd",
        "attempts_hour_user": 5,
        "day_total": 5_000_001,
        "blocked_ip": True,
    }
    assert in_sql(engine, read(DEFAULT), [busy]) == [140]
