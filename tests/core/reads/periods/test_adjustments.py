"""A closed month as closed and as known now: late rows, changed rows, and both sides of each."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import balance_transactions
from core.proof import periods
from core.reads.ledger import rows as row_reads
from core.reads.ledger.rows import Filters
from core.reads.periods import adjustments as reads

UTC = ZoneInfo("UTC")
FIRST = clock.now().date().replace(day=1)
LAST = FIRST - timedelta(days=1)
MONTH = f"{LAST:%Y-%m}"


def book(console, stripe_id, net, currency="usd", *, on=LAST, booked=None, category="fee"):
    at = clock.now().replace(year=on.year, month=on.month, day=on.day, hour=12)
    with writing(console.engine) as connection:
        connection.execute(
            insert(balance_transactions).values(
                stripe_id=stripe_id,
                livemode=False,
                type="stripe_fee",
                reporting_category=category,
                amount_minor=net,
                fee_minor=0,
                net_minor=net,
                currency=currency,
                status="available",
                business_day=on,
                booked_day=booked,
                created_at=at,
                available_on=at,
            )
        )


@pytest.fixture
def closed(console, monkeypatch):
    """A month of a fee in dollars and one in yen, closed by two."""
    monkeypatch.setattr(periods, "blockers", lambda *_args, **_named: [])
    book(console, "txn_usd", -250)
    book(console, "txn_jpy", -30, "jpy")
    with writing(console.engine) as connection:
        periods.ask(connection, periods.span_of(MONTH, False, UTC), asked_by="a", now=clock.now())
        periods.confirm(connection, MONTH, False, closed_by="b", now=clock.now())
    return console


def figures(console, month=MONTH, livemode=False):
    with reading(console.engine) as connection:
        found = reads.figures(connection, livemode=livemode, month=month)
    return {
        (one.currency, one.category): (
            one.closed_minor,
            one.now_minor,
            one.difference_minor,
            one.late,
        )
        for one in found
    }


def test_a_month_as_it_was_closed_differs_by_nothing(closed):
    assert figures(closed) == {
        ("jpy", "fee"): (-30, -30, 0, 0),
        ("usd", "fee"): (-250, -250, 0, 0),
    }
    assert figures(closed, livemode=True) == figures(closed, "2001-01") == {}


def test_a_late_row_is_known_now_and_was_not_closed(closed):
    book(closed, "txn_late", -1, "jpy", booked=FIRST)
    book(closed, "txn_new", 500, booked=FIRST, category="topup")
    found = figures(closed)
    assert found["jpy", "fee"] == (-30, -31, -1, 1)
    assert found["usd", "topup"] == (0, 500, 500, 1)
    assert found["usd", "fee"] == (-250, -250, 0, 0)
    with reading(closed.engine) as connection:
        page = row_reads.page(connection, livemode=False, zone=UTC, filters=Filters(late_of=MONTH))
    assert {(row.stripe_id, row.business_day, row.booked_day) for row in page.rows} == {
        ("txn_late", LAST, FIRST),
        ("txn_new", LAST, FIRST),
    }


def test_a_row_that_counts_in_the_month_stays_in_it_though_it_happened_before(console, monkeypatch):
    before = LAST.replace(day=1) - timedelta(days=1)
    book(console, "txn_before", -70, on=before, booked=LAST.replace(day=1))
    monkeypatch.setattr(periods, "blockers", lambda *_args, **_named: [])
    with writing(console.engine) as connection:
        periods.ask(connection, periods.span_of(MONTH, False, UTC), asked_by="a", now=clock.now())
        periods.confirm(connection, MONTH, False, closed_by="b", now=clock.now())
    assert figures(console) == {("usd", "fee"): (-70, -70, 0, 0)}


def test_a_changed_row_shows_as_a_difference_without_a_late_row(closed):
    mine = balance_transactions.c.stripe_id == "txn_usd"
    with writing(closed.engine) as connection:
        connection.execute(update(balance_transactions).where(mine).values(net_minor=-251))
    assert figures(closed)["usd", "fee"] == (-250, -251, -1, 0)


def test_nothing_is_said_of_a_month_that_is_open(console):
    book(console, "txn_usd", -250)
    assert figures(console) == {}
