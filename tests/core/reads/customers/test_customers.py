"""Customers are listed and found without a walk, and one is shown with all that hangs on it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event

from core.db.engine import reading, writing
from core.db.tables import (
    customer_notes,
    customers,
    disputes,
    early_fraud_warnings,
    list_entries,
    refunds,
)
from core.errors import InvalidInput, NotFound
from core.money import Money
from core.reads.customers import detail, notes
from core.reads.customers import list as reads
from core.reads.search import totals
from tests.support.factories import NOON, fresh_engine, paid

MARIA, GUEST = "maria@shop.example", "guest@shop.example"
LATER = NOON + timedelta(days=2)


def customer(connection, stripe_id, *, days, **given):
    made = {"livemode": False, "confirmed": True, "as_of": NOON, "deleted": False}
    made["created_at"] = NOON - timedelta(days=days)
    connection.execute(customers.insert().values(stripe_id=stripe_id, **made | given))


def hung(connection, table, stripe_id, payment, **given):
    """Something at Stripe that hangs on a payment."""
    own = {"livemode": False, "confirmed": True, "as_of": LATER, "created_at": LATER}
    values = own | given | {"stripe_id": stripe_id, "payment_id": payment["stripe_id"]}
    connection.execute(table.insert().values(values))


def filled(url):
    """Maria with dollars, euros and a failure; a guest; another customer; one of live mode."""
    engine = fresh_engine(url)
    with writing(engine) as connection:
        customer(connection, "cus_maria", days=9, email="Maria@shop.example", name="Maria Silva")
        customer(connection, "cus_old", days=30, email=MARIA)
        customer(connection, "cus_none", days=1, name="Nobody Yet")
        customer(connection, "cus_live", days=0, livemode=True)
        mine = {"customer_id": "cus_maria", "email": MARIA, "customer_name": "Maria Silva"}
        given = {"card_fingerprint": "fp_1", "risk_score": 74, "created_at": NOON}
        first = paid(connection, amount_minor=5000, amount_refunded_minor=500, **mine, **given)
        second = paid(connection, amount_minor=6400, disputed=True, **mine)
        paid(connection, amount_minor=12000, currency="eur", card_last4="5454", **mine)
        paid(connection, status="requires_payment_method", failure_code="card_declined", **mine)
        paid(connection, email=GUEST, customer_name="Gus Guest", amount_minor=700)
        paid(connection, email=MARIA, amount_minor=900)
        hung(
            connection, refunds, "re_1", first, amount_minor=500, currency="usd", status="succeeded"
        )
        lost = {"amount_minor": 6400, "currency": "usd", "status": "lost", "past_due": False}
        lost |= {"has_evidence": False, "submission_count": 0}
        hung(connection, disputes, "du_1", second, **lost)
        hung(connection, early_fraud_warnings, "issfr_1", second, actionable=True)
        blocked = {"kind": "block", "reason": "", "added_by": "ada", "created_at": NOON}
        for field, value in (("email", "@shop.example"), ("card", "fp_1")):
            connection.execute(list_entries.insert().values(field=field, value=value, **blocked))
        for author, about in (("ada", {"customer_id": "cus_maria"}), ("gil", {"email": MARIA})):
            connection.execute(
                customer_notes.insert().values(
                    livemode=False, author=author, text="called", created_at=NOON, **about
                )
            )
    return engine


@pytest.fixture
def conn(database_url):
    engine = filled(database_url)
    with reading(engine) as connection:
        yield connection
    engine.dispose()


def found(conn, search):
    return [row.customer for row in reads.page(conn, livemode=False, search=search).rows]


def test_customers_of_a_mode_are_listed_newest_first_in_pages(conn):
    first = reads.page(conn, livemode=False, limit=2)
    assert [row.customer for row in first.rows] == ["cus_none", "cus_maria"]
    assert (first.newer, first.more) == (None, False)
    second = reads.page(conn, livemode=False, limit=2, cursor=first.older)
    assert [row.customer for row in second.rows] == ["cus_old"]
    assert second.older is None
    back = reads.page(conn, livemode=False, limit=2, cursor=second.newer, older=False)
    assert back.rows == first.rows
    assert [row.customer for row in reads.page(conn, livemode=True).rows] == ["cus_live"]


def test_the_head_is_the_sum_of_all_pages(conn):
    for livemode in (False, True):
        rows, cursor = [], None
        while True:
            page = reads.page(conn, livemode=livemode, limit=1, cursor=cursor)
            rows, cursor = [*rows, *page.rows], page.older
            if cursor is None:
                break
        head = reads.head(conn, livemode=livemode)
        assert (head.customers, head.exact, head.paid.exact) == (len(rows), True, True)
        paid = Counter()
        for total in (one for row in rows for one in row.sums.totals):
            paid[total.currency] += total.paid.minor
        assert {one.amount.currency: one.amount.minor for one in head.paid.sums} == paid
    assert reads.head(conn, livemode=True).paid.sums == ()


def test_more_than_can_be_summed_is_not_half_a_sum(conn, monkeypatch):
    monkeypatch.setattr(totals, "MOST", 2)
    head = reads.head(conn, livemode=False)
    assert (head.customers, head.exact, head.paid.exact, head.paid.sums) == (2, False, False, ())
    monkeypatch.setattr(totals, "MOST", 3)
    paid(conn, customer_id="cus_old", email=MARIA, amount_minor=1)
    head = reads.head(conn, livemode=False)
    assert (head.customers, head.exact, head.paid.exact, head.paid.sums) == (3, True, False, ())


def test_a_row_sums_each_currency_by_itself(conn):
    (row,) = reads.page(conn, livemode=False, search="cus_maria").rows
    assert (row.name, row.email) == ("Maria Silva", "Maria@shop.example")
    assert (row.sums.payments, row.sums.failed, row.sums.whole) == (4, 1, True)
    dollars, euros = row.sums.totals
    assert (dollars.paid, dollars.given_back) == (Money(11400, "usd"), Money(500, "usd"))
    assert dollars.payments == 3
    assert (euros.paid, euros.disputed) == (Money(12000, "eur"), Money(0, "eur"))
    assert row.sums.last_at > NOON
    (none,) = reads.page(conn, livemode=False, search="cus_none").rows
    assert (none.sums.payments, none.sums.totals, none.sums.last_at) == (0, (), None)


@pytest.mark.parametrize(
    ("search", "customers_found"),
    [
        ("cus_maria", ["cus_maria"]),
        ("cus_live", []),
        ("maria silva", ["cus_maria"]),
        ("SILVA", ["cus_maria"]),
        ("silva gus", []),
        ("guest", [GUEST]),
        (GUEST, [GUEST]),
        ("guest@*", [GUEST]),
        ("5454", ["cus_maria"]),
        ("0000", []),
        ("nobody@", []),
    ],
)
def test_a_customer_is_found_by_name_address_id_and_card(conn, search, customers_found):
    assert found(conn, search) == customers_found


def test_an_address_finds_its_customers_and_its_guest(conn):
    assert sorted(found(conn, MARIA)) == ["cus_maria", "cus_old", MARIA]
    assert sorted(found(conn, "4242")) == ["cus_maria", GUEST, MARIA]


def test_half_a_character_is_no_search(conn):
    with pytest.raises(InvalidInput, match="search"):
        reads.page(conn, livemode=False, search="a\ud800")


def test_one_customer_is_shown_with_all_that_hangs_on_it(conn):
    one = detail.by_id(conn, customer="cus_maria", livemode=False, now=LATER)
    assert (one.name, one.email, one.guest) == ("Maria Silva", "Maria@shop.example", True)
    assert one.same_address == ("cus_old",)
    assert [total.paid for total in one.sums.totals] == [Money(11400, "usd"), Money(12000, "eur")]
    assert [way.last4 for way in one.ways] == ["4242", "5454", "4242"]
    assert [(way.payments, way.paid) for way in one.ways] == [(2, 1), (1, 1), (1, 1)]
    assert [refund.amount for refund in one.refunds] == [Money(500, "usd")]
    assert [dispute.status for dispute in one.disputes] == ["lost"]
    assert one.risk.blocked == ("card", "email")
    assert (one.risk.stripe_score, one.risk.our_score) == (74, None)
    assert (one.risk.warnings, one.risk.disputes_lost) == (1, 1)
    assert one.first_at == NOON
    # The ledger rows of the factory are not summed into the payments.
    assert (one.fees, one.unsettled) == ((), 3)


def test_an_address_stands_for_all_payments_with_it(conn):
    one = detail.by_id(conn, customer="Maria@Shop.example", livemode=False, now=LATER)
    assert (one.customer, one.customer_id) == (MARIA, None)
    assert one.sums.payments == 5
    assert one.same_address == ("cus_old",)
    guest = detail.by_id(conn, customer=GUEST, livemode=False, now=LATER)
    assert (guest.name, guest.created_at, guest.sums.payments) == ("Gus Guest", None, 1)
    assert guest.risk.blocked == ("email",)


def test_nobody_is_not_found(conn):
    for name in ("cus_live", "none@shop.example", "cus_x"):
        with pytest.raises(NotFound):
            detail.by_id(conn, customer=name, livemode=False, now=LATER)


def test_notes_of_a_customer_and_of_its_address_are_shown_together(conn):
    asked = {"customer": "cus_maria", "email": "Maria@shop.example", "livemode": False}
    assert [note.author for note in notes.notes(conn, **asked)] == ["gil", "ada"]
    by_address = notes.notes(conn, customer=MARIA, email=MARIA, livemode=False)
    assert [note.author for note in by_address] == ["gil"]
    assert notes.notes(conn, customer="cus_none", email=None, livemode=False) == ()


def test_no_read_of_customers_walks_a_table(tmp_path):
    engine = filled(f"sqlite:///{tmp_path}/tillwatch.db")
    plans = []

    def explain(_connection, cursor, statement, parameters, _context, _many):
        if statement.startswith(("SELECT", "WITH")):
            plans.extend(cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    with reading(engine) as connection:
        event.listen(engine, "before_cursor_execute", explain)
        for search in ("", "cus_maria", "maria silva", "guest@", "4242"):
            reads.page(connection, livemode=False, search=search)
        for name in ("cus_maria", MARIA):
            detail.by_id(connection, customer=name, livemode=False, now=LATER)
            notes.notes(connection, customer=name, email=MARIA, livemode=False)
    # What is gone through whole is a bounded part of a table, by its name in the statement.
    walked = {step.split()[1] for *_, step in plans if step.startswith("SCAN")}
    assert plans
    assert {re.sub(r"\d", "", name) for name in walked} <= {"newest", "named", "n"}
    engine.dispose()
