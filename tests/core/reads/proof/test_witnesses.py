"""What each witness says is what its rows come to, and a difference is told to the unit."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.actions.proof import report_import
from core.db.engine import reading, writing
from core.db.tables import balance_checks, balance_transactions, payouts
from core.proof.reconcile import reconcile
from core.reads.proof import runs, witnesses
from tests.support.factories import UTC_ZONE
from tests.support.fixtures_proof import DAYS, span_of
from tests.support.planted_breaks import Planter, duplicate
from tests.support.report_files import Account, Reports

B = balance_transactions.c


def asked(days=DAYS, until=0):
    """The parameters of a read of these days; `until` days before today are left out."""
    span = span_of(days)
    end = span.last + timedelta(days=1 - until)
    return {"livemode": False, "since": span.first, "until": end, "zone": UTC_ZONE}


def bridge(conn, currency="usd", **days):
    found = witnesses.bridges(conn, **days)
    return next(one for one in found if (one.currency, one.balance_type) == (currency, "payments"))


def said(conn, currency="usd", **days):
    found = witnesses.witnesses(conn, closing=bridge(conn, currency, **days), **days)
    return {one.name: one for one in found}


def test_a_bridge_comes_to_what_all_rows_and_the_opening_sum_to(proof_account):
    with reading(proof_account.engine) as conn:
        found = witnesses.bridges(conn, **asked())
        assert {one.currency for one in found} >= {"usd", "eur", "jpy"}
        for one in found:
            if one.balance_type != "payments":
                continue
            rows = conn.scalar(select(func.sum(B.net_minor)).where(B.currency == one.currency))
            before = conn.scalar(
                select(balance_checks.c.opening_minor).where(
                    balance_checks.c.currency == one.currency,
                    balance_checks.c.balance_type == "payments",
                )
            )
            assert one.closing_minor == rows + before
            steps = sum(step.net_minor for step in one.steps)
            assert one.opening_minor + steps == one.closing_minor


def test_a_currency_summed_in_parts_has_the_same_bridges(proof_account):
    days = asked(5, until=1)
    mode, since, until = days["livemode"], days["since"], days["until"]
    with reading(proof_account.engine) as conn:
        whole = witnesses.bridges(conn, **days)
        for currency in {one.currency for one in whole}:
            of = {"livemode": mode, "currency": currency}
            nets = witnesses.before(conn, since=since, zone=UTC_ZONE, **of)
            moved = witnesses.steps(conn, since=since, until=until, zone=UTC_ZONE, **of)
            found = witnesses.bridges_of(conn, nets=nets, moved=moved, **of)
            assert found == tuple(one for one in whole if one.currency == currency)


def test_the_closing_of_some_days_is_the_opening_of_the_next(proof_account):
    with reading(proof_account.engine) as conn:
        earlier = bridge(conn, **asked(DAYS, until=5))
        later = bridge(conn, **asked(5))
    assert earlier.steps
    assert earlier.closing_minor == later.opening_minor


def test_nothing_differs_and_zero_is_a_figure(proof_account):
    with reading(proof_account.engine) as conn:
        for currency in ("usd", "eur", "jpy"):
            found = said(conn, currency, **asked())
            assert found["list"].difference_minor == 0
            assert found["balance"].difference_minor == 0
            assert found["list"].read_at is not None
            # Today's list still grows.
            assert (found["list"].counted, found["list"].of) == (DAYS - 1, DAYS)


def test_a_row_that_stripe_does_not_have_is_the_difference(proof_account, proof_copy):
    now = clock.now()
    with writing(proof_copy) as connection:
        planter = Planter(
            connection, random.Random(2), now - timedelta(days=9), now - timedelta(days=3)
        )
        ((_kind, row, currency),) = duplicate(planter)
    with reading(proof_copy) as conn:
        net = conn.scalar(select(B.net_minor).where(B.stripe_id == row))
        found = said(conn, currency, **asked())
        others = [c for c in ("usd", "eur", "jpy") if c != currency]
        rest = [said(conn, one, **asked())["list"].difference_minor for one in others]
    assert found["list"].difference_minor == -net
    assert set(rest) == {0}


def test_a_balance_that_was_not_read_in_these_days_is_not_said(proof_account):
    with reading(proof_account.engine) as conn:
        found = said(conn, **asked(DAYS, until=5))
    assert (found["balance"].figure_minor, found["balance"].difference_minor) == (None, None)
    assert found["list"].difference_minor == 0


def test_what_was_not_imported_is_not_said(proof_account):
    with reading(proof_account.engine) as conn:
        found = said(conn, **asked())
    for name in ("report", "bank", "books"):
        assert (found[name].figure_minor, found[name].difference_minor) == (None, None)


def days_with_a_payout_under_way(conn, last):
    """So many days before the last one dollars were on their way to the bank: none are paid out
    over a weekend."""
    p = payouts.c
    paid = select(p.created_at, p.arrival_at).where(p.status == "paid", p.currency == "usd")
    ways = [(row.created_at.date(), row.arrival_at.date()) for row in conn.execute(paid)]
    for left in range(2, 8):
        day = last - timedelta(days=left)
        if any(made <= day < arrives for made, arrives in ways):
            return left
    raise AssertionError("no payout was under way in a week")


def test_a_report_is_held_against_the_ledger_and_the_payouts_under_way(proof_account, proof_copy):
    """At its end the ledger has left more than the report, by the payouts that had not arrived."""
    span = span_of()
    with reading(proof_copy) as conn:
        left = days_with_a_payout_under_way(conn, span.last)
    last = span.last - timedelta(days=left)
    account = Account.read(proof_account.gateway)
    reports = Reports(account, span.first + timedelta(days=1), last)
    arrived = report_import.read(reports.balance_summary(), livemode=False)
    with writing(proof_copy) as connection:
        report_import.write(connection, "test", arrived, clock.now())
    with reading(proof_copy) as conn:
        found = {code: said(conn, code, **asked())["report"] for code in ("usd", "eur", "jpy")}
        ledger = bridge(conn, **asked(until=left))
        before = said(conn, **asked(until=left + 1))["report"]
    assert {one.difference_minor for one in found.values()} == {0}
    assert found["usd"].figure_minor > ledger.closing_minor
    assert found["usd"].read_at is not None
    # A stretch that ends before it says nothing of it.
    assert before.figure_minor is None


def test_an_older_reading_is_held_against_the_ledger_of_its_moment(proof_account, proof_copy):
    """Of a month that is over, the last reading in it counts."""
    with writing(proof_copy) as connection:
        connection.execute(
            update(balance_checks).values(checked_at=clock.now() + timedelta(days=40))
        )
    with reading(proof_copy) as conn:
        found = said(conn, **asked())["balance"]
    assert (found.difference_minor, found.read_at is None) == (0, False)


@pytest.fixture
def run(proof_account):
    with reading(proof_account.engine) as conn:
        days = {name: value for name, value in asked().items() if name != "zone"}
        yield lambda **given: runs.last(conn, **days | given)


def test_the_last_run_of_days_is_the_one_that_held_all_of_them(run):
    found = run()
    assert (found.outcome, found.open, found.unknown) == ("agrees", 0, ("report", "bank"))
    assert (found.first, found.last) == (span_of().first, span_of().last)
    # Days that have not come yet were held as far as there were any.
    assert run(until=span_of().last + timedelta(days=20)).number == found.number
    assert run(since=span_of().first - timedelta(days=1)) is None


def test_what_stripe_could_not_be_asked_is_kept_with_the_run(proof_copy):
    reconcile(proof_copy, None, span_of(), asked_by="test")
    days = {name: value for name, value in asked().items() if name != "zone"}
    with reading(proof_copy) as conn:
        found = runs.last(conn, **days)
    assert found.outcome == "unknown"
    assert "balance" in found.unknown
    assert "row" not in found.unknown


def test_the_months_go_back_to_the_oldest_row(proof_account):
    today = span_of().last
    with reading(proof_account.engine) as conn:
        oldest = conn.scalar(select(func.min(B.business_day)))
        found = runs.months(conn, livemode=False, today=today)
        none = runs.months(conn, livemode=True, today=today)
    assert found[0] == today.replace(day=1)
    assert found[-1] == oldest.replace(day=1)
    assert none == (today.replace(day=1),)
