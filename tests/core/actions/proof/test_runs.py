"""A reconciliation that is asked for is made by a worker, once, and its end is kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.access.principals import Caller
from core.actions.proof import runs as actions
from core.db.engine import reading, writing
from core.db.tables import reconcile_runs
from core.domain import cursors
from core.errors import InvalidInput
from core.proof import reconcile
from core.reads.proof import runs as reads
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_proof import span_of

TEST = {"livemode": False}


@pytest.fixture
def finance(console):
    return Caller(person(console, "finance"))


def ask(context, caller, days=3):
    span = span_of(days)
    return actions.run(context, caller, **TEST, first=span.first, last=span.last, zone=span.zone)


def asked(console):
    with reading(console.engine) as connection:
        return reads.asked(connection, **TEST)


def runs_kept(console):
    with reading(console.engine) as connection:
        return connection.execute(select(reconcile_runs)).all()


def kept(console, **changed):
    """Write another position of the request."""
    name = cursors.reconcile_request(False)
    with writing(console.engine) as connection:
        where = cursors.position(connection, name) | changed
        cursors.keep_position(connection, name, where, at=clock.now())


def test_the_worker_makes_what_was_asked_for(context, console, finance):
    assert ask(context, finance)
    waiting = asked(console)
    assert (waiting.began, waiting.ended) == (False, False)
    assert actions.run_asked(context, False)
    (run,) = runs_kept(console)
    assert (run.asked_by, run.first_day, run.last_day) == (
        finance.actor,
        span_of(3).first,
        span_of(3).last,
    )
    ended = asked(console)
    assert (ended.ended, ended.error) == (True, None)
    (noted,) = audited(console, "proof.run")
    assert (noted.actor, noted.outcome) == (finance.actor, "asked")
    assert json.loads(noted.details)["first"] == span_of(3).first.isoformat()


def test_nothing_is_run_that_nobody_asked_for(context, console, finance):
    assert not actions.run_asked(context, False)
    ask(context, finance)
    assert not actions.run_asked(context, True)
    assert actions.run_asked(context, False)
    assert not actions.run_asked(context, False)
    assert len(runs_kept(console)) == 1


def test_what_is_under_way_is_not_asked_for_twice(context, console, finance):
    assert ask(context, finance)
    assert not ask(context, finance)
    assert len(audited(console, "proof.run")) == 1
    assert actions.run_asked(context, False)
    assert ask(context, finance)


@pytest.mark.parametrize("days", [range(5, 8), range(-3, -5, -1), range(-2000, 0)])
def test_days_that_have_not_begun_or_are_too_many_are_refused(context, console, finance, days):
    today, zone = span_of().last, span_of().zone
    first, last = (today + timedelta(days=one) for one in (days[0], days[-1]))
    with pytest.raises(InvalidInput):
        actions.run(context, finance, **TEST, first=first, last=last, zone=zone)
    assert asked(console) is None


def test_a_worker_that_lives_is_left_alone_and_a_dead_one_is_replaced(context, console, finance):
    ask(context, finance)
    now = clock.now()
    kept(console, fence="other", until=(now + timedelta(seconds=60)).isoformat())
    assert not actions.run_asked(context, False)
    kept(console, until=(now - timedelta(seconds=1)).isoformat())
    assert actions.run_asked(context, False)
    assert asked(console).ended


def test_a_time_of_a_clock_that_was_put_back_is_not_waited_for(context, console, finance):
    ask(context, finance)
    kept(console, fence="other", until=(clock.now() + timedelta(days=9)).isoformat())
    assert actions.run_asked(context, False)


def test_progress_is_told_and_an_end_that_is_not_ours_is_not_written(
    context, console, finance, monkeypatch
):
    seen = []

    def taken_over(*_args, report, **_more):
        report("list", 3, 10)
        seen.append(asked(console))
        kept(console, fence="another")
        report("list", 4, 10)

    ask(context, finance)
    monkeypatch.setattr(reconcile, "reconcile", taken_over)
    assert actions.run_asked(context, False)
    assert [(one.began, one.done, one.whole) for one in seen] == [(True, 3, 10)]
    assert not asked(console).ended


def test_a_run_that_fails_says_why(context, console, finance, monkeypatch):
    def fails(*_args, **_more):
        raise InvalidInput("month", "cannot be read")

    ask(context, finance)
    monkeypatch.setattr(reconcile, "reconcile", fails)
    assert actions.run_asked(context, False)
    assert (asked(console).ended, asked(console).error) == (True, "month: cannot be read")
