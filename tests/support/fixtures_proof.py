"""An account of two weeks whose mirror was reconciled, and copies of it to be changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from core import clock
from core.bootstrap import Console
from core.db.engine import open_engine, writing
from core.db.tables import breaks
from core.emulator.server import start_emulator
from core.proof.reconcile import reconcile
from core.proof.span import Span
from tests.support.account_mirror import Spine, connect
from tests.support.factories import UTC_ZONE

DAYS = 14


def span_of(days: int = DAYS) -> Span:
    """The last days, today among them."""
    today = clock.business_day(clock.now(), UTC_ZONE)
    return Span(False, today - timedelta(days=days - 1), today, UTC_ZONE)


@pytest.fixture(scope="module")
def proof_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spine]:
    """The account, reconciled once: nothing differs."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "history", {"days": DAYS, "per_day": 20, "seed": 3})
        spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}")
        spine.sync(DAYS + 2)
        spine.drain()
        assert reconcile(spine.engine, spine.gateway, span_of(), asked_by="test").open == ()
        spine.engine.dispose()
        yield spine


@pytest.fixture
def proof_copy(proof_account: Spine, tmp_path: Path) -> Iterator[Engine]:
    """Its mirror, to be changed."""
    made = tmp_path / "mirror.db"
    shutil.copy(str(proof_account.engine.url.database), made)
    engine = open_engine(f"sqlite:///{made}")
    yield engine
    engine.dispose()


def difference(console: Console, **given: object) -> int:
    """Write a difference of a dollar, found an hour ago; its number."""
    now = clock.now()
    row: dict[str, object] = {
        "livemode": False,
        "identity": "list",
        "kind": "amount",
        "object_id": "txn_1",
        "currency": "usd",
        "day": date(2026, 11, 2),
        "ours_minor": 1100,
        "theirs_minor": 1000,
        "cause": "edited",
        "state": "open",
        "first_run": 1,
        "last_run": 1,
        "found_at": now - timedelta(hours=1),
    }
    with writing(console.engine) as connection:
        made = connection.execute(insert(breaks).values(**row | given)).inserted_primary_key
    assert made is not None
    return int(made[0])
