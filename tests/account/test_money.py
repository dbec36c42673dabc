"""To the cent: what the console shows equals Stripe's own ledger, whatever road it came by."""

import pytest
from sqlalchemy import select

from core.db.engine import reading
from core.db.tables import balance_transactions, events, payments
from core.emulator.server import start_emulator
from core.mirror.rollups import differences
from tests.support.account_mirror import (
    AMOUNTS,
    connect,
    do_business,
    kept_sums,
    picture,
    stripe_sums,
)


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=7) as running:
        yield running


def check_books(spine):
    ledger = spine.ledger_at_stripe()
    by_source = {row["source"]: row for row in ledger if row["reporting_category"] == "charge"}
    assert kept_sums(spine.engine) == stripe_sums(ledger)
    assert differences(spine.engine) == []
    with reading(spine.engine) as connection:
        rows = connection.execute(select(payments)).mappings().all()
    for row in rows:
        paid = by_source.get(row["latest_charge_id"])
        expected = (paid["fee"], paid["net"], paid["currency"]) if paid else (None, None, None)
        assert (row["fee_minor"], row["net_minor"], row["settlement_currency"]) == expected
        assert row["confirmed"]
    return rows


def test_payments_fees_and_sums_equal_stripes_ledger(emulator, database_url):
    spine = connect(emulator, database_url)
    do_business(spine, seed=1)
    spine.deliver(spine.events())
    spine.drain()
    rows = check_books(spine)
    assert {row["currency"] for row in rows} == set(AMOUNTS)
    assert {row["settlement_currency"] for row in rows} >= {"usd", "eur", "cny", "jpy", "kwd"}
    assert {"succeeded", "failed", "disputed"} <= {row["state"] for row in rows}
    for row in rows:
        at_stripe = spine.gateway.get(f"/v1/payment_intents/{row['stripe_id']}")
        assert (row["status"], row["amount_received_minor"]) == (
            at_stripe["status"],
            at_stripe["amount_received"],
        )


def test_backfill_and_events_arrive_at_the_same_mirror(emulator, tmp_path):
    live = connect(emulator, f"sqlite:///{tmp_path}/live.db", "Asia/Shanghai")
    late = connect(emulator, f"sqlite:///{tmp_path}/late.db", "Asia/Shanghai")
    do_business(live, seed=2)
    live.deliver(live.events())
    live.drain()
    late.sync()
    assert picture(late.engine) == picture(live.engine)
    check_books(late)


def test_backfill_twice_changes_nothing(emulator, database_url):
    spine = connect(emulator, database_url)
    do_business(spine, seed=3, count=12)
    spine.sync()
    before = picture(spine.engine)
    spine.sync()
    assert picture(spine.engine) == before
    check_books(spine)


def test_history_is_learned_through_the_lists(emulator, tmp_path):
    emulator.history(days=10, per_day=30, seed=5)
    spine = connect(emulator, f"sqlite:///{tmp_path}/console.db", "America/New_York")
    learned = spine.sync()
    assert learned.read["payment_intent"] >= 200
    rows = check_books(spine)
    assert len(rows) == learned.read["payment_intent"]


def test_every_event_is_settled(emulator, tmp_path):
    spine = connect(emulator, f"sqlite:///{tmp_path}/console.db")
    do_business(spine, seed=4, count=12)
    spine.deliver(spine.events())
    spine.drain()
    with reading(spine.engine) as connection:
        states = set(connection.scalars(select(events.c.state)))
    assert states <= {"applied", "skipped"}


def test_ledger_rows_know_their_payout(emulator, tmp_path):
    emulator.history(days=8, per_day=20, seed=9)
    spine = connect(emulator, f"sqlite:///{tmp_path}/console.db")
    spine.sync()
    spine.drain()
    listed = [p for page in spine.gateway.pages("/v1/payouts") for p in page if p["automatic"]]
    assert listed
    b = balance_transactions.c
    for payout in listed:
        rows = spine.gateway.get("/v1/balance_transactions", payout=payout["id"], limit=100)
        with reading(spine.engine) as connection:
            kept = set(connection.scalars(select(b.stripe_id).where(b.payout_id == payout["id"])))
        assert kept == {row["id"] for row in rows["data"]}
