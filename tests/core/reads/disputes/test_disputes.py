"""Disputes are read as a plain count reads them: lists, stakes, rates, and what each one moved."""

from __future__ import annotations

import random
from datetime import timedelta
from fractions import Fraction

import pytest

from core import clock
from core.db.engine import reading, writing
from core.db.tables import disputes, operations
from core.errors import InvalidInput, NotFound
from core.money import Money
from core.reads.disputes import detail as dispute_detail
from core.reads.disputes import list as reads
from core.reads.disputes import win_rates
from core.reads.disputes.list import WinRate
from core.reads.overview import attention
from core.reads.search import totals as search_totals
from tests.support import factories

STATUSES = (*reads.VIEWS["open"], *reads.VIEWS["review"], "won", "lost", "warning_closed")
NOW = clock.now().replace(microsecond=0)


@pytest.fixture
def kept(console):
    """Two hundred disputes of each kind, some due in the same second; plain rows."""
    dice, rows = random.Random(4), []
    for number in range(200):
        at = NOW - timedelta(hours=dice.randrange(90 * 24))
        rows.append(
            {
                "stripe_id": f"du_{dice.randrange(10**9):09}{number}",
                "status": dice.choice(STATUSES),
                "amount_minor": dice.randrange(1, 9) * 1000,
                "currency": dice.choice(["usd", "eur", "jpy"]),
                "reason": dice.choice(["fraudulent", "duplicate", "general"]),
                "due_by": dice.choice([None, NOW + timedelta(days=dice.randrange(9))]),
                "has_evidence": False,
                "past_due": False,
                "submission_count": dice.randrange(2),
                "livemode": dice.random() < 0.1,
                "created_at": at,
                "confirmed": True,
                "as_of": at,
            }
        )
    with writing(console.engine) as connection:
        connection.execute(disputes.insert(), rows)
    return rows


def read(console, fn, **given):
    with reading(console.engine) as connection:
        return fn(connection, livemode=False, **given)


def walked(console, **given):
    found, cursor = [], None
    while True:
        page = read(console, reads.page, cursor=cursor, limit=7, **given)
        found += [row.stripe_id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("view", reads.VIEWS)
@pytest.mark.parametrize("asked", [{}, {"reason": "duplicate"}, {"currency": "eur"}])
def test_pages_hold_each_dispute_once_in_their_order(console, kept, view, asked):
    mine = [
        row
        for row in kept
        if not row["livemode"]
        and (not reads.VIEWS[view] or row["status"] in reads.VIEWS[view])
        and all(row[name] == value for name, value in asked.items())
    ]
    never = NOW + timedelta(days=9999)
    if view == "open":
        mine.sort(key=lambda row: (row["due_by"] or never, row["stripe_id"]))
    else:
        mine.sort(key=lambda row: (row["created_at"], row["stripe_id"]), reverse=True)
    assert walked(console, view=view, **asked) == [row["stripe_id"] for row in mine]


@pytest.mark.parametrize("view", reads.VIEWS)
def test_pages_turned_round_hold_the_same_disputes_backwards(console, kept, view):
    natural = reads.natural_order(view)
    turned = natural.turned(natural.by, ())
    assert walked(console, view=view, order=turned) == walked(console, view=view)[::-1]


@pytest.mark.parametrize("view", reads.VIEWS)
@pytest.mark.parametrize("asked", [{}, {"reason": "duplicate"}, {"currency": "eur"}])
def test_the_head_of_a_list_is_the_sum_of_its_rows(console, kept, view, asked):
    ids = set(walked(console, view=view, **asked))
    rows = [row for row in kept if row["stripe_id"] in ids]
    head = read(console, reads.totals, view=view, **asked)
    assert (head.n, head.exact) == (len(rows), True)
    for line in head.sums:
        mine = [row["amount_minor"] for row in rows if row["currency"] == line.amount.currency]
        assert (line.n, line.amount.minor) == (len(mine), sum(mine))
    assert sum(line.n for line in head.sums) == head.n


def test_more_rows_than_are_summed_have_a_number_alone(console, kept, monkeypatch):
    monkeypatch.setattr(search_totals, "MOST", 50)
    head = read(console, reads.totals, view="all")
    assert (head.n, head.exact, head.sums) == (50, False, ())


def test_an_unknown_list_is_refused_and_a_bad_cursor_begins_anew(console, kept):
    with pytest.raises(InvalidInput, match="view"):
        read(console, reads.page, view="none")
    first = read(console, reads.page)
    for cursor in ("x", "-", "1e5-du", f"{'9' * 30}-du", f"{'9' * 18}-du"):
        assert read(console, reads.page, cursor=cursor) == first


def test_what_is_at_stake_is_a_plain_sum_by_currency(console, kept):
    for line in read(console, reads.at_stake):
        mine = [r for r in kept if r["currency"] == line.currency and not r["livemode"]]
        waits = [r["amount_minor"] for r in mine if r["status"] in reads.VIEWS["open"]]
        bank = [r["amount_minor"] for r in mine if r["status"] in reads.VIEWS["review"]]
        assert (line.to_answer.minor, line.to_answer_count) == (sum(waits), len(waits))
        assert (line.in_review.minor, line.in_review_count) == (sum(bank), len(bank))


def test_win_rates_count_what_was_answered_and_decided(console, kept):
    mine = [row for row in kept if not row["livemode"]]
    for line in read(console, reads.win_rates):
        own = [row for row in mine if row["reason"] == line.reason]
        answered = [row["status"] for row in own if row["submission_count"]]
        won, lost = answered.count("won"), answered.count("lost")
        assert (line.won, line.decided) == (won, won + lost)
        assert line.rate == Fraction(won, won + lost)
        left = [row for row in own if row["status"] == "lost" and not row["submission_count"]]
        assert line.unanswered == len(left)


def answer(connection, key, dispute_id, at):
    """An answer that was submitted here."""
    connection.execute(
        operations.insert().values(
            id=key,
            kind="dispute.submit",
            livemode=False,
            idempotency_key=key,
            params="{}",
            state="succeeded",
            actor="test",
            stripe_id=dispute_id,
            attempts=1,
            next_attempt_at=at,
            created_at=at,
            updated_at=at,
        )
    )


def test_the_time_to_answer_is_the_median_of_what_was_submitted_here(console, kept):
    assert read(console, reads.answer_time).count == 0
    mine = [row for row in kept if not row["livemode"]][:3]
    with writing(console.engine) as connection:
        for hours, row in zip((5, 1, 90), mine, strict=True):
            at = row["created_at"] + timedelta(hours=hours)
            answer(connection, row["stripe_id"], row["stripe_id"], at)
    took = read(console, reads.answer_time)
    assert (took.count, took.median) == (3, timedelta(hours=5))


NEW = {"arbitration_needs_response": "open", "arbitration_under_review": "review", "odd": None}


@pytest.fixture
def new_at_stripe(console):
    """A dispute in each status that nobody knows, for a reason that nobody knows."""
    rows = [
        {
            "stripe_id": f"du_{status}",
            "status": status,
            "amount_minor": 500,
            "currency": "clp",
            "reason": "novel_reason",
            "due_by": NOW + timedelta(days=2),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "livemode": False,
            "created_at": NOW,
            "confirmed": True,
            "as_of": NOW,
        }
        for status in NEW
    ]
    with writing(console.engine) as connection:
        connection.execute(disputes.insert(), rows)


def test_a_status_that_is_new_at_stripe_is_listed_with_its_like(console, new_at_stripe):
    for view in reads.VIEWS:
        expected = {f"du_{one}" for one, where in NEW.items() if view in (where, "all")}
        assert set(walked(console, view=view)) == expected
    (line,) = read(console, reads.at_stake)
    assert (line.to_answer, line.to_answer_count) == (Money(500, "clp"), 1)
    assert (line.in_review, line.in_review_count) == (Money(500, "clp"), 1)
    (need,) = read(console, attention.needs_you, now=NOW)
    assert (need.kind, need.count, need.first_at) == (
        "disputes_to_answer",
        1,
        NOW + timedelta(days=2),
    )


def test_lists_are_filtered_by_what_is_there(console, kept, new_at_stripe):
    found = read(console, reads.filters)
    assert found.reasons == ("duplicate", "fraudulent", "general", "novel_reason")
    assert found.currencies == ("clp", "eur", "jpy", "usd")
    assert len(walked(console, view="all", reason="novel_reason")) == len(NEW)


def test_an_appeal_is_open_again_and_no_decision(console, kept):
    own = {"reason": "fraudulent", "status": "lost", "livemode": False}
    row = next(row for row in kept if own.items() <= row.items())

    def figures():
        rates = {line.reason: line for line in read(console, reads.win_rates)}["fraudulent"]
        stakes = {line.currency: line for line in read(console, reads.at_stake)}
        stake = stakes[row["currency"]]
        return rates.decided + rates.unanswered, stake.to_answer.minor, stake.in_review.minor

    decided, waits, bank = figures()
    for status, more, less in (
        ("appeal_needs_response", row["amount_minor"], 0),
        ("appeal_under_review", 0, row["amount_minor"]),
    ):
        with writing(console.engine) as connection:
            same = disputes.c.stripe_id == row["stripe_id"]
            connection.execute(disputes.update().where(same).values(status=status))
        assert figures() == (decided - 1, waits + more, bank + less)


def test_the_time_to_answer_is_that_of_the_first_answer(console, kept):
    row = next(row for row in kept if not row["livemode"])
    with writing(console.engine) as connection:
        for number, hours in enumerate((4, 900)):
            at = row["created_at"] + timedelta(hours=hours)
            answer(connection, f"{row['stripe_id']}{number}", row["stripe_id"], at)
    took = read(console, reads.answer_time)
    assert (took.count, took.median) == (1, timedelta(hours=4))


def odds(won, decided, *, stake=10_000, fee=1_500):
    own = WinRate("fraudulent", decided, won, 0)
    return win_rates.Odds(Money(stake, "usd"), fee and Money(fee, "usd"), True, own)


@pytest.mark.parametrize(
    ("won", "decided", "expected"),
    [(4, 10, 3_100), (0, 10, -1_500), (10, 10, 10_000), (1, 3, 2_333), (0, 0, None)],
)
def test_the_expected_value_is_exact_and_rounded_down(won, decided, expected):
    found = odds(won, decided).expected
    assert (found and found.minor) == expected
    assert odds(won, decided).enough == (decided >= 10)


def test_it_pays_from_where_both_ways_are_worth_the_same():
    rate = odds(0, 10).break_even
    assert rate == Fraction(1_500, 11_500)
    assert rate * 10_000 == (1 - rate) * 1_500
    assert odds(0, 10, fee=None).break_even is None
    assert odds(5, 10, fee=None).expected is None


def test_a_dispute_of_the_other_mode_is_not_found(console, kept):
    live = next(row for row in kept if row["livemode"])
    for asked in (live["stripe_id"], "du_none"):
        with pytest.raises(NotFound):
            read(console, dispute_detail.by_id, dispute_id=asked)


def test_the_customers_history_is_counted(console, kept):
    row = next(r for r in kept if not r["livemode"])
    with writing(console.engine) as connection:

        def paid(days, **given):
            at = NOW - timedelta(days=days)
            given |= {"email": "ada@shop.example"}
            return factories.paid(connection, created_at=at, **given)["stripe_id"]

        own = paid(0)
        others = [paid(1), paid(120), paid(365), paid(366), paid(200, disputed=True)]
        others.append(paid(201, dispute_outcome="won"))
        factories.paid(connection, created_at=NOW, email="grace@shop.example")
        connection.execute(
            disputes.update().where(disputes.c.stripe_id == row["stripe_id"]).values(payment_id=own)
        )
    found = read(console, dispute_detail.by_id, dispute_id=row["stripe_id"])
    assert found.payment.stripe_id == own
    assert (found.history.payments, found.history.disputed) == (6, 2)
    assert found.history.compelling == 2
    assert {one.payment_id for one in found.history.newest} == set(others)
