"""What an event spoke of and Stripe does not have leaves the mirror, and its sums, again."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import charges, disputes, payments, payments_daily, refunds, stale_objects
from core.mirror import refresh
from core.mirror.rollups import differences
from tests.support.stripe_account import StripeAccount, console_of, payment_kept, served


@pytest.fixture
def account():
    return StripeAccount()


@pytest.fixture
def console(account, engine, books):
    with served(account) as base:
        yield console_of(account, base, engine, books)


def count(console, table):
    with reading(console.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))


def ask_until_it_rests(console):
    """Each miss is put off: the next one is asked for at once here."""
    for _ in range(refresh.MISSES + 1):
        console.drain()
        with writing(console.engine) as connection:
            connection.execute(update(stale_objects).values(next_attempt_at=clock.now()))


def test_a_test_webhooks_payment_is_none(console, account):
    intent = account.intent()
    charge = account.charge(intent)
    alone = account.charge(None)
    console.deliver(
        [
            account.event("payment_intent.succeeded", intent),
            account.event("charge.succeeded", charge),
            account.event("charge.succeeded", alone),
        ]
    )
    ask_until_it_rests(console)
    assert [count(console, table) for table in (payments, charges, stale_objects)] == [0, 0, 0]
    with reading(console.engine) as connection:
        assert not connection.scalar(select(func.sum(payments_daily.c.count)))
    assert differences(console.engine) == []


def test_a_dispute_and_a_refund_that_are_not_there_hold_nothing(console, account):
    intent = account.intent()
    charge = account.charge(intent)
    account.put(intent, charge)
    console.deliver(
        [
            account.event("payment_intent.succeeded", intent),
            account.event("charge.dispute.created", account.dispute(charge, 900, "needs_response")),
            account.event("refund.created", account.refund(charge, 500)),
        ]
    )
    ask_until_it_rests(console)
    row = payment_kept(console.engine, intent)
    assert (row.state, row.amount_refunded_minor, row.amount_disputed_minor) == ("succeeded", 0, 0)
    assert [count(console, table) for table in (refunds, disputes)] == [0, 0]
    assert differences(console.engine) == []


def test_what_has_a_ledger_row_stays(console, account):
    intent = account.intent()
    charge = account.charge(intent)
    account.put(intent, charge, account.row(charge, 10_000, 320))
    console.deliver([account.event("payment_intent.succeeded", intent)])
    console.drain()
    del account.objects[intent["id"]]
    late = account.event("payment_intent.succeeded", intent | {"description": "late"})
    late["created"] += 60
    console.deliver([late])
    ask_until_it_rests(console)
    assert payment_kept(console.engine, intent).net_minor == 9_680
    assert differences(console.engine) == []


def test_a_mirror_that_keeps_them_would_be_seen(console, account, monkeypatch):
    monkeypatch.setattr(refresh, "take_out", lambda *_args: 0)
    with pytest.raises(AssertionError):
        test_a_dispute_and_a_refund_that_are_not_there_hold_nothing(console, account)
