"""Rules on a labelled history: found on one seed, tried on another that they were not tuned on."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.db.engine import reading
from core.emulator.server import start_emulator
from core.emulator.simulation import history
from core.risk import backtest, confusion_matrix
from core.risk.backtest import Question
from core.risk.mirror_scoring import score_arrivals
from core.risk.rules import DEFAULT, read
from tests.support.account_mirror import connect

pytestmark = pytest.mark.long

ZONE = ZoneInfo("UTC")
#: When the histories end, so that the same draws are made on any day.
END = clock.from_unix(1_788_782_400)
DAYS, PER_DAY = 30, 60
TUNED_ON, TRIED_ON = 11, 12
#: Of good payments, the most that may be refused, in hundredths of a percent.
MOST_GOOD = 90
#: The commission's rules, and what card testers and thieves do besides.
WITH_VELOCITY = {
    **DEFAULT,
    "rules": [
        *DEFAULT["rules"],
        {"name": "many_cards", "when": "cards_day_user >= 2", "points": 40},
        {"name": "many_from_ip", "when": "attempts_hour_ip >= 3", "points": 40},
        {"name": "radar", "when": "radar_score >= 65", "points": 40},
        {"name": "streak", "when": "decline_streak >= 2", "points": 30},
        {
            "name": "large_from_a_stranger",
            "when": "first_payment and percent_of_shop_usual > 300",
            "points": 40,
        },
    ],
}


def cells_of(folder, seed):
    """What a month of business with this seed comes to, under the rules with velocity."""
    with start_emulator(state_path=folder / f"{seed}.db", seed=seed) as emulator:
        emulator.control("POST", "clock", {"now": clock.to_unix(END), "frozen": True})
        for _ in history.write(emulator.engine, DAYS, PER_DAY, seed):
            pass
        labels = {one["label"] for one in emulator.control("GET", "labels")["labels"].values()}
        spine = connect(emulator, f"sqlite:///{folder / f'console{seed}.db'}")
        spine.sync((clock.now() - END).days + DAYS + 10)
    while score_arrivals(spine.engine, ZONE, since=clock.EPOCH):
        pass
    question = Question(False, END - timedelta(days=DAYS + 10), END)
    with reading(spine.engine) as connection:
        return labels, backtest.run(connection, question, read(WITH_VELOCITY), read(DEFAULT))


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    return {seed: cells_of(folder, seed) for seed in (TUNED_ON, TRIED_ON)}


def test_the_history_holds_every_kind_of_fraud(months):
    for labels, cells in months.values():
        assert labels >= {"card_testing", "stolen_card", "friendly_fraud"}
        assert sum(cell.count for cell in cells if cell.fraud) >= 10


def test_a_threshold_found_on_one_history_holds_on_another(months):
    found = confusion_matrix.best(months[TUNED_ON][1], MOST_GOOD)
    assert found is not None
    threshold, tuned = found
    tried = confusion_matrix.verdict(months[TRIED_ON][1], threshold)
    default = confusion_matrix.verdict(months[TRIED_ON][1], read(DEFAULT).high_at, before=True)
    told = f"at {threshold}: tuned {tuned}, tried {tried}, default {default}"
    assert (tried.recall or 0) >= 5000, told
    assert (tried.precision or 0) >= 4000, told
    assert (tried.false_positives or 0) <= MOST_GOOD, told
    # The four rules by themselves are about one user's haste and large sums: strangers pass.
    assert tried.caught > default.caught, told
    assert (tried.recall or 0) > (default.recall or 0), told
    assert tried.saved.get("usd", 0) > default.saved.get("usd", 0), told
