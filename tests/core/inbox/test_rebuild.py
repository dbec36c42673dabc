"""The mirror made anew from the inbox and the readings equals the one that stands."""

import random
import shutil
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, update

from core import clock
from core.db import tables
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.emulator.server import start_emulator
from core.errors import InvalidInput
from core.inbox.rebuild import rebuild
from core.mirror.rollups import differences
from tests.support.account_mirror import connect, do_business, kept_sums

UTC = ZoneInfo("UTC")
#: What is compared, and what a planted difference changes in it.
PLANTED = {
    "payments": {"amount_refunded_minor": 77},
    "charges": {"risk_score": 3},
    "refunds": {"amount_minor": 1},
    "disputes": {"reason": "planted"},
    "payouts": {"arrival_at": clock.EPOCH},
    "customers": {"name": "Planted"},
    "early_fraud_warnings": {"actionable": None},
    "reviews": {"reason": "planted"},
    "balance_transactions": {"net_minor": 1},
    "balance_transaction_fees": {"type": "planted"},
    "revenue_daily": {"gross_minor": 1},
    "revenue_country_daily": {"fee_minor": 1},
    "revenue_fee_parts_daily": {"amount_minor": 1},
    "payments_daily": {"captured_minor": 1},
    "amount_hist": {"n": 1},
    "email_prefix": {"n": 9},
    "payment_words": {"amount_minor": 1},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A mirror of every kind of object, told of it by events in any order, twice each."""
    folder = tmp_path_factory.mktemp("rebuild")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.traffic(60, seed=5)
        spine = connect(emulator, f"sqlite:///{folder}/standing.db")
        do_business(spine, seed=5)
        emulator.settle()
        every = spine.events() * 2
        random.Random(5).shuffle(every)
        for start in range(0, len(every), 90):
            spine.deliver(every[start : start + 90])
            spine.drain()
        spine.sync()
        spine.drain()
        yield spine
        spine.engine.dispose()


@pytest.fixture
def standing(shop, tmp_path):
    """A copy of that mirror, to be changed."""
    with writing(shop.engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    shop.engine.dispose()
    path = shop.engine.url.database
    for end in ("", "-wal"):
        source = f"{path}{end}"
        try:
            shutil.copy(source, tmp_path / f"copy.db{end}")
        except FileNotFoundError:
            continue
    engine = open_engine(f"sqlite:///{tmp_path}/copy.db")
    yield engine
    engine.dispose()


def compared(engine, url):
    return rebuild(engine, url, UTC, compared=True)


def unlike(found):
    return {one.name: one.first for one in found.tables if not one.equal}


def test_it_equals_the_standing_mirror(standing, empty_url):
    found = compared(standing, empty_url)
    assert unlike(found) == {}
    assert found.equal
    assert found.unread == {}
    counts = {one.name: one.standing for one in found.tables}
    assert set(counts) == set(PLANTED)
    lacking = {"customers", "reviews", "early_fraud_warnings"}
    assert all(count for name, count in counts.items() if name not in lacking), counts
    made = open_engine(empty_url)
    assert kept_sums(made) == kept_sums(standing)
    assert differences(made) == []
    made.dispose()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_difference_is_named(standing, tmp_path, name):
    ...
