"""Whatever goes wrong, a shop that is let rest is right; and what is planted is found."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.actions.refunds.ask import NewRefund
from tests.support.simulator import shop as shops
from tests.support.simulator.invariants import broken
from tests.support.simulator.planted import PLANTED
from tests.support.simulator.run import run
from tests.support.simulator.shop import Shop, Site
from tests.support.simulator.storm import Asked, Storm, calm
from tests.support.simulator.times import simulated

ROOT = Path(__file__).parents[2]
#: Seeds of every change: a third of a second each, where others work too. Seeds of `make torture`.
SEEDS, TORTURE = 300, int(os.environ.get("TILLWATCH_SEEDS", "1000"))
#: So many seeds may pass before a planted fault is found.
WITHIN = 100
#: Faults that the first seeds find.
QUICK = (
    "leases_are_ignored",
    "an_older_reading_overwrites_a_newer",
    "a_limit_is_checked_before_the_turn",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("simulator"))
    yield made
    made.close()


def is_right(seed, site):
    outcome = run(seed, site)
    assert not outcome.broken, f"{outcome}\nagain: python -m tests.support.simulator.run {seed}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_shop_at_rest_is_right(site, seed):
    is_right(seed, site)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(TORTURE))
def test_a_shop_at_rest_is_right_after_any_storm(site, seed):
    is_right(seed, site)


def test_a_seed_is_one_story(site):
    assert str(run(7, site)) == str(run(7, site))


@pytest.mark.torture
@pytest.mark.parametrize("hashes", ["1", "2"])
def test_a_seed_is_one_story_in_every_process(site, hashes):
    told = subprocess.run(
        [sys.executable, "-m", "tests.support.simulator.run", "7"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hashes},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"{run(7, site)}\n"


def test_a_first_run_is_the_story_of_its_seed(site, tmp_path):
    second = str(run(3, site))
    shops._people.cache_clear()
    another = Site(tmp_path)
    try:
        assert str(run(3, another)) == second
    finally:
        another.close()


def test_a_refusal_that_stripe_saved_as_a_500_ends_with_its_key(site):
    """Nobody can tell it from a refund that is still to come, until its key has ended."""
    with simulated(0) as times:
        shop = Shop(site, 0, times)
        storm = Storm(shop, random.Random(0))
        storm.begin()
        shop.wire.trouble = 0
        paid = next(
            one
            for one in shop.outside.everything("payment_intents")
            if one["status"] == "succeeded"
        )
        shop.control.others.dispute({"charge": paid["latest_charge"]})
        shop.stripe.faults.order({"kind": "saved_500"})
        wanted = NewRefund(paid["id"], None, "requested_by_customer")
        storm.asked.append(Asked(shop.people.asking[0], wanted, f"{0:08}-0000-4000-8000-{0:012}"))
        storm.send_wish(storm.asked[0], shop.web)
        assert "unknown" in storm.told[-1]
        calm(storm)
        assert broken(storm) == []
        shop.close()


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


def is_found(fault, site, monkeypatch):
    PLANTED[fault](monkeypatch)
    return any(run(seed, site).broken for seed in range(WITHIN))


@pytest.mark.parametrize("fault", QUICK)
def test_a_planted_fault_is_found_at_once(site, fault, monkeypatch):
    assert is_found(fault, site, monkeypatch)


@pytest.mark.torture
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(site, fault, monkeypatch):
    assert is_found(fault, site, monkeypatch)
