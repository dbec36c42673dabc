"""Whatever is changed in the database by hand is told, and nothing else is."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from core import clock
from core.db.engine import (
    ANSWER_SECONDS,
    LONG_SECONDS,
    long_statements,
    open_engine,
    silence_of,
    writing,
)
from core.emulator.server import start_emulator
from core.proof.reconcile import AGREES, UNKNOWN, reconcile
from core.proof.span import Span
from tests.support.account_mirror import connect
from tests.support.planted_breaks import PLANTS, Planter, plant

DAYS = 40


@pytest.fixture(scope="module", params=[18, pytest.param(45, marks=pytest.mark.torture)])
def per_day(request):
    """How many payments a day has."""
    return request.param


@pytest.fixture(scope="module")
def account(tmp_path_factory, per_day):
    """An account of forty days and its mirror, with every day of Stripe's list read once."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "history", {"days": DAYS, "per_day": per_day, "seed": 3})
        spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}", zone="Asia/Shanghai")
        spine.sync(DAYS + 2)
        spine.drain()
        spine.engine.dispose()
        yield spine


@pytest.fixture
def copy(account, tmp_path):
    """The mirror, to be changed."""
    made = tmp_path / "mirror.db"
    shutil.copy(account.engine.url.database, made)
    engine = open_engine(f"sqlite:///{made}")
    yield engine
    engine.dispose()


def span_of(days=DAYS):
    zone = ZoneInfo("Asia/Shanghai")
    today = clock.business_day(clock.now(), zone)
    return Span(False, today - timedelta(days=days - 1), today, zone)


def keys(found):
    return {one.key for one in found}


def planter(connection, seed):
    """Plants in days that are whole, and long enough ago that nothing of them is still to come."""
    now = clock.now()
    since, until = now - timedelta(days=DAYS - 3), now - timedelta(days=4)
    return Planter(connection, random.Random(seed), since, until)


def planted(engine, count, seed):
    with writing(engine) as connection:
        return plant(planter(connection, seed), count)


def test_a_history_that_nobody_touched_agrees(account, copy):
    first = reconcile(copy, account.gateway, span_of(), asked_by="test")
    assert (first.outcome, first.open, first.expected) == (AGREES, (), ())
    # What was not imported is not known, and no reason for another outcome.
    assert {one.name: one.why for one in first.identities if one.state == UNKNOWN} == {
        "bank": "no_statement",
        "report": "no_report",
    }
    again = reconcile(copy, account.gateway, span_of(), asked_by="test")
    assert (again.outcome, again.open, again.expected) == (AGREES, (), ())


@pytest.mark.parametrize(("seed", "percent"), [(1, 55), (2, 6), (3, 17)])
def test_what_was_planted_is_told_and_nothing_else(account, per_day, copy, seed, percent):
    count = DAYS * per_day * percent // 100
    meant = planted(copy, count, seed)
    assert len(meant) >= count * 0.9
    found = reconcile(copy, account.gateway, span_of(), asked_by="test")
    assert sorted(keys(found.open) ^ meant) == []
    assert found.expected == ()


@pytest.mark.parametrize("kind", PLANTS, ids=lambda kind: kind.__name__)
def test_each_kind_alone(account, copy, kind):
    with writing(copy) as connection:
        meant = set(kind(planter(connection, 4)))
    found = reconcile(copy, account.gateway, span_of(), asked_by="test")
    assert sorted(keys(found.open) ^ meant) == []


def test_a_proof_takes_its_time_on_each_of_its_threads(copy):
    waits = set()
    event.listen(copy, "checkout", lambda *_of: waits.add(silence_of(ANSWER_SECONDS)))
    with long_statements():
        reconcile(copy, None, span_of(), asked_by="test")
    assert waits == {LONG_SECONDS}


def test_without_stripe_what_it_alone_can_tell_is_unknown(account, copy):
    found = reconcile(copy, None, span_of(), asked_by="test")
    assert found.outcome == UNKNOWN
    states = {one.name: one.state for one in found.identities}
    assert states["list"] == states["balance"] == UNKNOWN
    assert states["row"] == states["bridge"] == AGREES
