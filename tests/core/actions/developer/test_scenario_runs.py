"""Scenario runs asked for on the page: one at a time, by a worker, even after another died."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from core import clock, errors
from core.access.principals import Caller
from core.actions.developer import scenario_runs, scenarios
from core.db.engine import reading, writing
from core.db.tables import scenario_runs as table
from core.errors import LeaseLost, NotPermitted, StripeBusy
from core.reads.developer import scenarios as reads
from tests.support.fixtures_access import audited, give, person
from tests.support.fixtures_actions import operations_kept


@pytest.fixture
def developer(console):
    return Caller(person(console, "developer"))


@pytest.fixture
def few(monkeypatch):
    """Two scenarios are a whole suite."""
    known = scenarios.known
    monkeypatch.setattr(
        scenarios, "known", lambda answered, only=(): known(answered=answered, only=FEW)
    )


FEW = ("visa", "declined")


def latest(console):
    with reading(console.engine) as connection:
        return reads.latest(connection, livemode=False)


def test_what_is_asked_for_is_run_once_and_kept(console, context, developer, few):
    assert latest(console) is None
    run_id = scenario_runs.ask(context, developer)
    assert scenario_runs.ask(context, developer) == run_id
    assert latest(console).under_way
    assert scenario_runs.run_waiting(context, None) is True
    assert scenario_runs.run_waiting(context, None) is False
    run = latest(console)
    assert (run.run_id, run.state, run.done, run.total) == (run_id, "done", 2, 2)
    assert {one["scenario"]: one["ok"] for one in run.results} == dict.fromkeys(FEW, True)
    assert [row.outcome for row in audited(console, scenarios.KIND)] == ["asked", "succeeded"]


def test_after_one_ended_another_may_be_asked_for(console, context, developer, few):
    first = scenario_runs.ask(context, developer)
    scenario_runs.run_waiting(context, None)
    assert scenario_runs.ask(context, developer) != first


def test_a_run_whose_worker_died_is_gone_on_with_and_pays_nothing_twice(
    console, context, developer, few, monkeypatch
):
    run_id = scenario_runs.ask(context, developer)

    class Died(BaseException):
        pass

    def dies(*_args):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(scenario_runs, "_end", dies)
        with pytest.raises(Died):
            scenario_runs.run_waiting(context, None)
    assert scenario_runs.run_waiting(context, None) is False
    with writing(console.engine) as connection:
        connection.execute(table.update().values(lease_until=clock.now() - timedelta(seconds=1)))
    assert scenario_runs.run_waiting(context, None) is True
    assert latest(console).run_id == run_id
    assert latest(console).state == "done"
    assert len(operations_kept(console)) == 4


def test_who_lost_the_run_writes_nothing_more(console, context, developer, few, monkeypatch):
    scenario_runs.ask(context, developer)
    real = scenarios.run

    def taken_over(*args):
        results = real(*args)
        with writing(console.engine) as connection:
            connection.execute(table.update().values(fence="another"))
        return results

    monkeypatch.setattr(scenarios, "run", taken_over)
    with pytest.raises(LeaseLost):
        scenario_runs.run_waiting(context, None)
    assert latest(console).state == "running"


def test_two_workers_take_one_run(console, context, developer, few):
    scenario_runs.ask(context, developer)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(scenario_runs.run_waiting(context, None)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False, False, False, True]
    assert len(operations_kept(console)) == 4


def test_a_developer_who_is_none_any_more_has_nothing_run(console, context, developer, few):
    scenario_runs.ask(context, developer)
    give(console, developer.user_id, "viewer")
    scenario_runs.run_waiting(context, None)
    run = latest(console)
    assert (run.state, run.results) == ("failed", ())
    assert "roles" in run.why
    assert operations_kept(console) == []


def test_a_run_that_stripe_stops_says_why(console, context, developer, few, monkeypatch):
    scenario_runs.ask(context, developer)

    def busy(*_args):
        raise StripeBusy

    monkeypatch.setattr(scenarios, "run", busy)
    scenario_runs.run_waiting(context, None)
    assert latest(console).why == StripeBusy().message


@pytest.mark.parametrize("role", ["viewer", "support", "finance", "risk", "admin"])
def test_others_than_developers_ask_for_nothing(console, context, role):
    with pytest.raises(NotPermitted):
        scenario_runs.ask(context, Caller(person(console, role)))
    assert latest(console) is None


def test_without_a_test_key_nothing_is_asked_for(console, context, developer):
    live = replace(context, gateways={})
    with pytest.raises(errors.TestModeOnly):
        scenario_runs.ask(live, developer)
    assert latest(console) is None
