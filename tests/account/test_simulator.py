"""Whatever goes wrong, a shop that is let rest is right; and what is planted is found."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.simulator.planted import PLANTED
from tests.support.simulator.run import run
from tests.support.simulator.shop import Site

#: By `make torture` alone: a seed takes a third of a second, and one run in three was red for a
#: reason that nobody knows yet.
pytestmark = pytest.mark.torture

SEEDS, TORTURE = 60, 10_000
#: Seeds of one test: files are shared out among processes, tests are told apart by the first.
STRETCH = 20
#: So many seeds may pass before a planted fault is found.
WITHIN = 100


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("simulator"))
    yield made
    made.close()


def wrong(site, seeds):
    return [str(outcome) for outcome in (run(seed, site) for seed in seeds) if outcome.broken]


@pytest.mark.parametrize("first", range(0, SEEDS, STRETCH))
def test_a_shop_at_rest_is_right(site, first):
    found = wrong(site, range(first, first + STRETCH))
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("first", range(0, TORTURE, 500))
def test_a_shop_at_rest_is_right_after_any_storm(site, first):
    found = wrong(site, range(first, first + 500))
    assert not found, "\n\n".join(found)


def test_a_seed_is_one_story(site):
    assert [str(run(7, site)) for _ in range(2)] == [str(run(7, site))] * 2


def test_runs_pass_and_die_at_every_kind_of_place(site):
    passed, deaths = Counter(), 0
    for seed in range(6):
        outcome = run(seed, site)
        passed, deaths = passed + Counter(outcome.passed), deaths + outcome.crashes
    assert deaths >= 6
    assert set(passed) == {
        *("statement", "before commit", "after commit", "before request", "after request"),
        "after reading",
    }


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(site, fault, monkeypatch):
    PLANTED[fault](monkeypatch)
    assert any(run(seed, site).broken for seed in range(WITHIN))
