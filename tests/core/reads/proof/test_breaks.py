"""Differences are listed by state, kind and currency, each once over all pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import balance_transactions
from core.errors import InvalidInput, NotFound
from core.reads.proof import breaks, runs
from tests.support import factories
from tests.support.fixtures_access import email_of, person
from tests.support.fixtures_proof import difference


@pytest.fixture
def conn(console):
    with reading(console.engine) as connection:
        yield connection


def numbers(page):
    return [row.number for row in page.rows]


def test_pages_hold_each_difference_once_in_both_directions(console):
    now = clock.now()
    made = [
        difference(console, object_id=f"txn_{n}", found_at=now - timedelta(minutes=n // 2))
        for n in range(7)
    ]
    with reading(console.engine) as conn:
        pages, cursor = [], None
        while True:
            page = breaks.page(conn, livemode=False, cursor=cursor, limit=3)
            pages.append(numbers(page))
            if page.older is None:
                break
            cursor = page.older
        back = breaks.page(conn, livemode=False, cursor=page.newer, older=False, limit=3)
    assert sorted(number for page in pages for number in page) == made
    assert [len(one) for one in pages] == [3, 3, 1]
    assert numbers(back) == pages[1]


def test_filters_find_states_kinds_and_currencies(console):
    fee = difference(console, kind="fee", currency="jpy")
    late = difference(console, kind="missing_here", state="expected")
    said = difference(console, object_id="txn_2", state="explained", reason="known")
    gone = difference(console, object_id="txn_3", state="closed")
    difference(console, object_id="txn_4", livemode=True)
    with reading(console.engine) as conn:

        def found(**asked):
            return numbers(breaks.page(conn, livemode=False, **asked))

        assert found() == [fee]
        assert found(view="expected") == [late]
        assert found(view="explained") == [said]
        assert found(view="closed") == [gone]
        assert sorted(found(view="all")) == [fee, late, said, gone]
        assert found(view="all", currency="jpy") == [fee]
        assert found(view="all", kind="missing_here") == [late]
        known = breaks.filters(conn, livemode=False)
        counts = runs.counts(conn, livemode=False)
    assert known.currencies == ("jpy", "usd")
    assert counts == {"list": {"open": 1, "expected": 1, "explained": 1}}


def test_an_unknown_state_is_named(conn):
    with pytest.raises(InvalidInput, match="view"):
        breaks.page(conn, livemode=False, view="old")


def test_a_difference_names_both_sides_and_its_payment(console):
    with writing(console.engine) as connection:
        payment = factories.paid(connection)
        row = connection.scalar(select(balance_transactions.c.stripe_id))
    finance = person(console, "finance")
    number = difference(console, object_id=row, owner=finance)
    with reading(console.engine) as conn:
        found = breaks.by_number(conn, number=number, livemode=False)
        workers = breaks.workers(conn)
    assert (found.row.ours_minor, found.row.theirs_minor) == (1100, 1000)
    assert found.row.difference_minor == -100
    assert found.payment_id == payment["stripe_id"]
    assert found.row.owner_name == email_of(console, finance)
    assert workers == ((finance, email_of(console, finance)),)


def test_a_side_that_has_nothing_counts_as_nothing(console):
    alone = difference(console, ours_minor=None)
    neither = difference(console, object_id="po_1", ours_minor=None, theirs_minor=None)
    with reading(console.engine) as conn:
        found = [
            breaks.by_number(conn, number=one, livemode=False).row.difference_minor
            for one in (alone, neither)
        ]
    assert found == [1000, None]


def test_the_other_mode_has_no_such_difference(console):
    number = difference(console)
    with reading(console.engine) as conn, pytest.raises(NotFound):
        breaks.by_number(conn, number=number, livemode=True)
