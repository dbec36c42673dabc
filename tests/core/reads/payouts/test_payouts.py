"""Payouts are listed once, and what one is made of comes to its amount."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import balance_transactions, payouts
from core.errors import InvalidInput, NotFound
from core.reads.payouts import detail
from core.reads.payouts import list as reads

B, P = balance_transactions.c, payouts.c


@pytest.fixture
def conn(proof_account):
    with reading(proof_account.engine) as connection:
        yield connection


def walked(read, rows_of=lambda page: page.rows):
    """All rows over all pages."""
    found, cursor = [], None
    while True:
        page = read(cursor)
        found += rows_of(page)
        cursor = page.older
        if cursor is None:
            return found


def test_the_list_holds_each_payout_once_newest_first(conn):
    found = walked(lambda cursor: reads.page(conn, livemode=False, cursor=cursor, limit=7))
    ids = [row.stripe_id for row in found]
    assert len(ids) > 14
    assert sorted(ids) == sorted(conn.scalars(select(P.stripe_id)))
    assert [row.created_at for row in found] == sorted(
        (row.created_at for row in found), reverse=True
    )


def test_views_and_currencies_narrow_the_list(conn):
    paid = reads.page(conn, livemode=False, view="paid", currency="eur", limit=500).rows
    assert paid
    assert {(row.status, row.amount.currency) for row in paid} == {("paid", "eur")}
    assert reads.page(conn, livemode=True).rows == ()
    assert "eur" in reads.currencies(conn, livemode=False)
    with pytest.raises(InvalidInput, match="view"):
        reads.page(conn, livemode=False, view="late")


def test_what_is_on_the_way_is_the_sum_of_its_payouts(conn):
    for one in reads.unpaid(conn, livemode=False):
        code = one.on_the_way.currency
        query = select(func.coalesce(func.sum(P.amount_minor), 0), func.count()).where(
            P.currency == code, P.status.in_(("pending", "in_transit"))
        )
        assert tuple(conn.execute(query).one()) == (one.on_the_way.minor, one.count)
        # Its card opens these.
        asked = {"view": "on_the_way", "currency": code, "limit": 500}
        listed = [row.amount.minor for row in reads.page(conn, livemode=False, **asked).rows]
        assert (sum(listed), len(listed)) == (one.on_the_way.minor, one.count)
        assert one.available is not None
        assert one.pending is not None


def test_the_rows_of_an_automatic_payout_come_to_its_amount(conn):
    listed = [row for row in reads.page(conn, livemode=False, limit=500).rows if row.automatic]
    assert listed
    for row in listed:
        found = detail.by_id(conn, payout_id=row.stripe_id, livemode=False)
        assert found.difference_minor == 0
        assert found.sum_minor == row.amount.minor
        assert sum(part.gross_minor - part.fee_minor for part in found.parts) == row.amount.minor
        assert found.left.net_minor == -row.amount.minor


def test_its_rows_are_those_that_it_is_made_of_over_all_pages(conn):
    busiest = max(reads.page(conn, livemode=False, limit=500).rows, key=lambda row: row.payments)
    found = detail.by_id(conn, payout_id=busiest.stripe_id, livemode=False)
    rows = walked(
        lambda cursor: detail.rows(
            conn, livemode=False, payout_id=busiest.stripe_id, cursor=cursor, limit=4
        )
    )
    assert len(rows) == sum(part.count for part in found.parts)
    assert sum(row.net_minor for row in rows) == busiest.amount.minor
    assert len({row.payment_id for row in rows if row.payment_id}) == busiest.payments
    assert len({row.stripe_id for row in rows}) == len(rows)


def test_a_payout_that_failed_names_the_row_that_brought_it_back(console):
    now = clock.now().replace(microsecond=0)
    base = {"livemode": False, "created_at": now}
    row = base | {
        "type": "payout",
        "source_id": "po_1",
        "amount_minor": -500,
        "fee_minor": 0,
        "net_minor": -500,
        "currency": "usd",
        "status": "available",
        "business_day": now.date(),
        "available_on": now,
    }
    back = row | {
        "stripe_id": "txn_back",
        "reporting_category": "payout_reversal",
        "amount_minor": 500,
        "net_minor": 500,
        "created_at": now + timedelta(hours=1),
    }
    with writing(console.engine) as connection:
        connection.execute(
            insert(balance_transactions),
            [row | {"stripe_id": "txn_left", "reporting_category": "payout"}, back],
        )
        connection.execute(
            insert(payouts).values(
                **base,
                stripe_id="po_1",
                status="failed",
                amount_minor=500,
                currency="usd",
                automatic=False,
                failure_code="account_closed",
                balance_transaction_id="txn_left",
                failure_balance_transaction_id="txn_back",
                confirmed=True,
                as_of=now,
            )
        )
    with reading(console.engine) as conn:
        found = detail.by_id(conn, payout_id="po_1", livemode=False)
        (listed,) = reads.page(conn, livemode=False, view="failed").rows
        with pytest.raises(NotFound):
            detail.by_id(conn, payout_id="po_1", livemode=True)
    assert (found.left.stripe_id, found.returned.stripe_id) == ("txn_left", "txn_back")
    assert (found.left.net_minor, found.returned.net_minor) == (-500, 500)
    # Stripe lists no rows for a payout that was made by hand.
    assert found.difference_minor is None
    assert listed.failure_code == "account_closed"
