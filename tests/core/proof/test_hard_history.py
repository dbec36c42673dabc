"""A history of every hard case, which nobody touched, agrees over each stretch of it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, func, insert, select

from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.tables import balance_transactions, charges, disputes
from core.emulator.server import start_emulator
from core.emulator.simulation.hard_cases import CASES
from core.mirror import rollups
from core.proof.pairs import PAIRS
from core.proof.reconcile import Reconciled, reconcile
from core.proof.span import Span
from tests.support.account_mirror import connect

DAYS = 64
#: With it charges in pounds, settled in dollars, are captured in parts and let go in part.
SEED = 127
ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("America/Los_Angeles")]
B = balance_transactions.c
SHANGHAI = ZONES[0]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An account of two months and its mirror. A category that nobody mapped is a break by itself,
    and is not in it."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        hard = [case for case in CASES if case != "unknown_category"]
        emulator.history(days=DAYS, per_day=4, seed=SEED, hard=hard)
        spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}", zone=str(SHANGHAI))
        spine.sync(DAYS + 2)
        spine.drain()
        spine.engine.dispose()
        yield SimpleNamespace(gateway=spine.gateway, mirror=folder / "mirror.db")


@pytest.fixture
def engine(account: Any, tmp_path: Path) -> Iterator[Engine]:
    """The mirror, to be changed."""
    made = tmp_path / "mirror.db"
    shutil.copy(account.mirror, made)
    found = open_engine(f"sqlite:///{made}")
    yield found
    found.dispose()


def spans(zone: ZoneInfo) -> Iterator[Span]:
    """The whole history, each calendar month of it, and a few stretches at random."""
    today = clock.business_day(clock.now(), zone)
    first = today - timedelta(days=DAYS + 1)
    yield Span(False, first, today, zone)
    month = first.replace(day=1)
    while month <= today:
        following = (month + timedelta(days=32)).replace(day=1)
        yield Span(False, month, min(today, following - timedelta(days=1)), zone)
        month = following
    dice = random.Random(SEED)
    for _ in range(6):
        since, until = sorted(dice.sample(range(DAYS + 1), 2), reverse=True)
        yield Span(False, today - timedelta(days=since), today - timedelta(days=until), zone)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_each_stretch_of_a_hard_history_agrees(account: Any, engine: Engine, zone: ZoneInfo):
    if zone != SHANGHAI:
        rollups.rebuild_all(engine, zone)
    for span in spans(zone):
        found = reconcile(engine, account.gateway, span, asked_by="test")
        # What is expected would be open two days later.
        assert (span.first, span.last, found.open, found.expected) == (
            span.first,
            span.last,
            (),
            (),
        )


def test_the_history_has_what_is_hard(engine: Engine):
    with reading(engine) as connection:
        categories = set(connection.scalars(select(B.reporting_category).distinct()))
        parted = connection.scalars(
            select(func.count())
            .join_from(charges, balance_transactions, B.source_id == charges.c.stripe_id)
            .where(charges.c.currency == "gbp", B.currency == "usd")
            .group_by(charges.c.stripe_id)
        ).all()
        statuses = set(connection.scalars(select(disputes.c.status)))
    assert {name for pair in PAIRS.values() for name in pair} <= categories
    assert {"partial_capture_reversal", "payout_reversal", "topup", "tax"} <= categories
    assert max(parted) > 1
    assert "prevented" in statuses


@pytest.mark.parametrize("name", PAIRS)
def test_a_row_too_many_is_told_of_each_pair(account: Any, engine: Engine, name: str):
    """By its pair where Stripe is not asked; by itself where Stripe's list does not have it."""
    whole = next(spans(SHANGHAI))
    day = whole.last - timedelta(days=20)
    with writing(engine) as connection:
        known = select(balance_transactions).where(B.reporting_category == PAIRS[name][-1])
        row = dict(connection.execute(known.limit(1)).mappings().one())
        row |= {"stripe_id": "txn_planted", "amount_minor": 1, "net_minor": 1, "payout_id": None}
        row |= {"created_at": clock.first_moment(day, SHANGHAI), "business_day": day}
        row |= {"currency": "jpy", "balance_type": "payments"}
        connection.execute(insert(balance_transactions).values(**row))
    told = {("unexplained", name, "jpy")}
    assert pairs_of(reconcile(engine, None, whole, asked_by="test")) == told
    assert pairs_of(reconcile(engine, account.gateway, whole, asked_by="test")) == set()
    for span, keys in ((Span(False, day, day, SHANGHAI), told), (after(whole, day), set())):
        assert pairs_of(reconcile(engine, None, span, asked_by="test")) == keys


def after(whole: Span, day: date) -> Span:
    return Span(False, day + timedelta(days=1), whole.last, whole.zone)


def pairs_of(found: Reconciled) -> set[tuple[str, str, str]]:
    return {one.key for one in found.open if one.identity == "pairs"}
