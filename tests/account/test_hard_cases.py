"""Any history with the hard cases: the console says what the account says, to the cent."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select

from core import clock
from core.db.engine import reading
from core.db.tables import balance_transaction_fees, balance_transactions, payments
from core.emulator.server import start_emulator
from core.gateway import ledger_entries
from core.gateway.balances import in_all, read_buckets
from core.mirror.rollups import differences
from core.reads.revenue import revenue
from tests.support.account_mirror import connect
from tests.support.hard_business import Shop, Sums, came_to, orders


def console_says(spine):
    """What the mirror says of each payment that has come to anything."""
    p = payments.c
    with reading(spine.engine) as connection:
        rows = connection.execute(
            select(
                p.stripe_id,
                p.amount_captured_minor,
                p.amount_refunded_minor,
                p.amount_disputed_minor,
                p.dispute_outcome,
                p.fee_minor,
                p.net_minor,
            )
        ).all()
    return {row[0]: Sums(*row[1:]) for row in rows}


def balances_of(spine):
    """Sum of net by currency and type of balance: ours, and Stripe's own word."""
    b = balance_transactions.c
    with reading(spine.engine) as connection:
        ours = connection.execute(
            select(b.currency, b.balance_type, func.sum(b.net_minor)).group_by(
                b.currency, b.balance_type
            )
        ).all()
    theirs = in_all(read_buckets(spine.gateway))
    return (
        {(currency, kind): int(net) for currency, kind, net in ours if net},
        {key: net for key, net in theirs.items() if net},
    )


def blocks_of(spine):
    """Revenue's two blocks together, by currency."""
    today = clock.now().date()
    days = {"since": today - timedelta(days=90), "until": today + timedelta(days=90)}
    mode = {"livemode": spine.gateway.livemode}
    with reading(spine.engine) as connection:
        found = {
            currency: revenue.summary(connection, currency=currency, **mode, **days).current
            for currency in revenue.currencies(connection, **mode)
        }
    return {
        currency: one.net_minor + one.other_minor
        for currency, one in found.items()
        if one.net_minor + one.other_minor
    }


def fees_of(spine):
    """Rows whose fee is not the sum of its parts."""
    b, f = balance_transactions.c, balance_transaction_fees.c
    parts = func.coalesce(func.sum(f.amount_minor), 0)
    query = (
        select(b.stripe_id)
        .outerjoin(balance_transaction_fees, f.transaction_id == b.stripe_id)
        .group_by(b.stripe_id, b.fee_minor)
        .having(parts != b.fee_minor)
    )
    with reading(spine.engine) as connection:
        return list(connection.scalars(query))


def live_through(emulator, url, history, *, live):
    """A console that hears of it all in any order, beside one that reads it from the lists."""
    spine = connect(emulator, url, live=live)
    shop = Shop(spine)
    for order in history:
        shop.order(order)
    emulator.settle()
    events = spine.events()
    random.Random(len(history)).shuffle(events)
    spine.deliver(events)
    spine.drain()
    spine.drain()
    return spine


def agrees(spine):
    expected = came_to(spine)
    said = console_says(spine)
    assert {key: said.get(key) for key in expected} == expected
    ours, theirs = balances_of(spine)
    assert ours == theirs
    whole = Counter()
    for (currency, _), net in theirs.items():
        whole[currency] += net
    assert blocks_of(spine) == {currency: net for currency, net in whole.items() if net}
    assert fees_of(spine) == []
    assert differences(spine.engine) == []


@pytest.mark.long
@pytest.mark.parametrize("live", [False, True], ids=["test", "live"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=orders)
def test_every_figure_of_any_history_is_the_accounts_own(tmp_path_factory, live, history):
    folder = tmp_path_factory.mktemp("any")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "settings", {"livemode": live})
        spine = live_through(emulator, f"sqlite:///{folder}/any.db", history, live=live)
        agrees(spine)
        spine.engine.dispose()


#: One of each kind, in an order in which all of it can happen.
EVERYTHING = [
    *(("movement", number, 7 * number) for number in range(10)), ("fees_have_parts", 0, 0),
    ("pay", 0, 3), ("pay", 1, 0), ("hold", 2, 40), ("capture", 2, 3), ("hold", 3, 80),
    ("cancel", 3, 0), ("hold_for_many", 0, 200), ("capture_one_of_many", 4, 2),
    ("capture", 4, 1), ("charge", 0, 7), ("charge", 1, 9), ("capture_charge", 5, 4),
    ("wallet", 0, 12), ("debit", 0, 30), ("end_debit", 8, 2), ("debit", 0, 31),
    ("end_debit", 9, 1), ("refund", 0, 40), ("refund", 5, 60), ("refund", 2, 5),
    ("refund_fails", 0, 0), ("dispute", 1, 0), ("bring_dispute", 0, 2), ("dispute", 5, 44),
    ("bring_dispute", 1, 3), ("dispute", 7, 1), ("older_version", 0, 0), ("hold", 0, 55),
    ("capture", 5, 4), ("hold", 1, 66), ("cancel", 6, 0), ("refund", 9, 8),
    ("older_version", 0, 1), ("days_pass", 0, 2), ("pay_out", 0, 0), ("payout_ends", 0, 1),
    ("days_pass", 0, 2), ("pay_out", 0, 0),
]  # fmt: skip


@pytest.mark.parametrize("live", [False, True], ids=["test", "live"])
def test_all_hard_cases_at_once_on_both_databases(database_url, tmp_path, live):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "settings", {"livemode": live})
        spine = live_through(emulator, database_url, EVERYTHING, live=live)
        agrees(spine)
        spine.sync()
        agrees(spine)
        spine.engine.dispose()


def test_a_row_that_is_counted_twice_would_be_seen(tmp_path, monkeypatch):
    """The planted fault: a fee that is read a cent too large."""
    real = ledger_entries.f.owed

    def owed(source, name):
        value = real(source, name)
        return value + 1 if name in ("fee",) and value else value

    monkeypatch.setattr(ledger_entries.f, "owed", owed)
    with start_emulator(state_path=tmp_path / "emulator.db", seed=5) as emulator:
        spine = live_through(emulator, f"sqlite:///{tmp_path}/w.db", EVERYTHING, live=False)
        with pytest.raises(AssertionError):
            agrees(spine)
        spine.engine.dispose()
