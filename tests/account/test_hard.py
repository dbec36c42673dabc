"""Rows that come late, rows that cannot be read, a backfill that was cut short: nothing is lost."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import clock, loop
from core.db.engine import reading
from core.db.tables import balance_transactions, charges
from core.emulator.server import start_emulator
from core.errors import OutcomeUnknown
from core.inbox.poll import poll
from core.mirror import backfill, rollups
from core.mirror.ledger_walk import catch_up, fill_gaps
from core.mirror.streams import Backfilling
from tests.support.account_mirror import connect, picture


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=3) as running:
        yield running


def count(engine, table):
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_a_ledger_row_that_is_listed_late_is_fetched_by_its_id(emulator, tmp_path):
    spine = connect(emulator, f"sqlite:///{tmp_path}/late.db")
    emulator.traffic(5, seed=1)
    emulator.settle()
    poll(spine.engine, spine.gateway)
    spine.drain()
    now = clock.to_unix(clock.now())
    emulator.control("POST", "clock", {"now": now - 3 * 86_400})
    emulator.traffic(5, seed=2)
    emulator.settle()
    emulator.control("POST", "clock", {"now": now})
    spine.deliver(spine.events())
    spine.drain()
    c, b = charges.c, balance_transactions.c
    unbooked = select(func.count()).where(
        c.balance_transaction_id.is_not(None), c.balance_transaction_id.not_in(select(b.stripe_id))
    )
    with reading(spine.engine) as connection:
        lost = connection.scalar(unbooked)
    assert lost > 0
    with Backfilling(spine.engine, False, clock.now()):
        assert fill_gaps(spine.engine, spine.gateway, spine.books) == 0
    assert fill_gaps(spine.engine, spine.gateway, spine.books) >= lost
    with reading(spine.engine) as connection:
        assert connection.scalar(unbooked) == 0
    assert rollups.differences(spine.engine) == []


def test_an_unreadable_ledger_row_stops_no_other(emulator, tmp_path, monkeypatch):
    spine = connect(emulator, f"sqlite:///{tmp_path}/odd.db")
    emulator.traffic(5, seed=1)
    emulator.settle()
    real = spine.gateway.get

    def odd(path, **params):
        answer = real(path, **params)
        if path == "/v1/balance_transactions":
            answer["data"][-1]["currency"] = "dollars"
        return answer

    monkeypatch.setattr(spine.gateway, "get", odd)
    stop = threading.Event()

    def step():
        stop.set()
        return catch_up(spine.engine, spine.gateway, spine.books).new > 0

    loop.run("ledger", step, stop, idle=0.01)
    assert count(spine.engine, balance_transactions) == len(spine.ledger_at_stripe()) - 1


def test_a_backfill_cut_short_and_gone_on_with_leaves_no_hole(emulator, tmp_path, monkeypatch):
    spine = connect(emulator, f"sqlite:///{tmp_path}/hole.db")
    emulator.traffic(5, seed=1)
    emulator.settle()
    real = backfill.read_page

    def stumble(gateway, kind, **options):
        if kind == "refund":
            raise OutcomeUnknown
        return real(gateway, kind, **options)

    monkeypatch.setattr(backfill, "read_page", stumble)
    with pytest.raises(OutcomeUnknown):
        spine.sync(30)
    monkeypatch.undo()
    emulator.traffic(20, seed=2)
    emulator.settle()
    # The worker starts for the first time an hour later; the sync is run again after it.
    moments = clock.now
    monkeypatch.setattr(clock, "now", lambda: moments() + timedelta(hours=1))
    poll(spine.engine, spine.gateway)
    spine.drain()
    spine.sync(30)
    monkeypatch.undo()
    there = {row["id"] for page in spine.gateway.pages("/v1/payment_intents") for row in page}
    assert {key for key in picture(spine.engine) if key.startswith("pi_")} == there
    assert count(spine.engine, balance_transactions) == len(spine.ledger_at_stripe())
