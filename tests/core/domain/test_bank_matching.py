"""The rules of matching, on lines and payouts of their own."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import bank_matching
from core.domain.bank_matching import (
    OpenLine,
    OpenPayout,
    business_days_after,
    due_on,
    is_within,
    matched,
)

#: A Wednesday.
DAY = date(2026, 11, 11)


def line(line_id, amount_minor=500, **given):
    return replace(OpenLine(line_id, DAY, amount_minor, "eur", "STRIPE", ""), **given)


def payout(name, amount_minor=500, **given):
    return replace(OpenPayout(name, "paid", amount_minor, "eur", DAY), **given)


def pairs(lines, payouts, undone=()):
    found = matched(lines, payouts, frozenset(undone))
    return {one.line_id: one.payout_id for one in found.pairs}


def proposals(lines, payouts, undone=()):
    found = matched(lines, payouts, frozenset(undone))
    return [(one.why, one.line_ids, one.payout_ids) for one in found.proposals]


@pytest.mark.parametrize(
    ("days", "wanted"),
    [(0, (11, 11)), (1, (11, 12)), (2, (11, 13)), (3, (11, 16)), (5, (11, 18)), (-1, (11, 10))],
)
def test_business_days_pass_over_weekends(days, wanted):
    assert business_days_after(DAY, days) == date(2026, *wanted)


def test_a_payout_that_arrives_on_a_saturday_is_due_on_the_next_friday():
    saturday = date(2026, 11, 14)
    assert business_days_after(saturday, -1) == date(2026, 11, 13)
    assert due_on(saturday) == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("booked_on", "fits"),
    [
        (date(2026, 11, 9), False),
        (date(2026, 11, 10), True),
        (date(2026, 11, 18), True),
        (date(2026, 11, 19), False),
    ],
)
def test_a_line_is_within_one_business_day_before_and_five_after(booked_on, fits):
    one = line(1, booked_on=booked_on)
    assert is_within(one, payout("po_1")) is fits
    assert pairs([one], [payout("po_1")]) == ({1: "po_1"} if fits else {})
    assert not is_within(one, payout("po_1", arrives_on=None))


@pytest.mark.parametrize(
    ("said", "is_stripes"),
    [
        ({"name": "Stripe Payments UK Ltd"}, True),
        ({"name": "", "text": "ACH CREDIT STRIPE TRANSFER"}, True),
        ({"name": "", "references": ("STRIPE-AB12",)}, True),
        ({"name": "STRIPETRANSFER"}, True),
        ({"name": "WFMSTRIPE1"}, True),
        ({"name": "ORIG 1800948598"}, True),
        ({"name": "PINSTRIPE SUITS"}, False),
        ({"name": "STRIPES"}, False),
        ({"name": "Striped Shirts"}, False),
        ({"name": "ACME"}, False),
        ({"name": "Acme Shop", "payer_names": ("ACME SHOP",)}, True),
    ],
)
def test_a_line_is_stripes_by_its_name(said, is_stripes):
    one = line(1, **{"name": "STRIPE"} | said)
    assert one.is_stripes is is_stripes
    assert bool(pairs([one], [payout("po_1")])) is is_stripes


@pytest.mark.parametrize(
    ("descriptor", "fits"), [("Acme Shop", True), ("ACME", True), ("ACM", False), (None, False)]
)
def test_the_payouts_own_descriptor_is_a_name_too(descriptor, fits):
    one = line(1, name="ACME SHOP PAYOUT")
    found = payout("po_1", descriptor=descriptor)
    assert bool(pairs([one], [found])) is fits
    assert [why for why, _, _ in proposals([one], [found])] == ([] if fits else ["unnamed"])


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_minor": 501},
        {"amount_minor": -500},
        {"currency": "usd"},
        {"status": "failed"},
        {"status": "pending"},
    ],
)
def test_an_amount_alone_decides_nothing_of_another_payout(changed):
    assert pairs([line(1)], [payout("po_1", **changed)]) == {}


def test_a_failed_payout_of_the_same_amount_leaves_both_undecided():
    both = [payout("po_1", status="failed"), payout("po_2")]
    assert pairs([line(1)], both) == {}
    assert proposals([line(1)], both) == [("equal", (1,), ("po_1", "po_2"))]


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ("AB12-CD34", {"text": "PAYOUT ab12-cd34 OF TODAY"}),
        ("AB12CD34", {"text": "PAYOUT AB12 CD34"}),
        ("091000010000123", {"references": ("091000010000123",)}),
        ("eb6305c9-1f7f-49de-aed0-16487c27b42d", {"text": "/EB6305C9-1F7F-49DE-AED0-16487C27B42D"}),
        ("AB12CD34", {"name": "AB12CD34"}),
    ],
)
def test_a_trace_id_in_any_field_decides_at_any_time(trace, said):
    one = line(1, booked_on=DAY + timedelta(days=60), **{"name": "BANK"} | said)
    assert pairs([one], [payout("po_1", trace_id=trace), payout("po_2")]) == {1: "po_1"}


@pytest.mark.parametrize("said", ["XAB12CD34", "AB12CD345", "AB12 XX CD34", "AB12CD3"])
def test_a_part_of_a_longer_word_is_no_trace_id(said):
    one = line(1, name="BANK", text=said)
    assert pairs([one], [payout("po_1", trace_id="AB12CD34")]) == {}


def test_a_trace_id_with_another_amount_is_proposed_and_no_amount_decides_it():
    traced = line(1, 485, text="AB12CD34")
    equal = line(2, 500)
    one = payout("po_1", trace_id="AB12CD34")
    assert pairs([traced, equal], [one]) == {}
    assert proposals([traced, equal], [one]) == [("trace_id", (1,), ("po_1",))]


def test_a_trace_id_in_two_lines_decides_nothing():
    both = [line(1, text="AB12CD34"), line(2, text="AB12CD34")]
    one = payout("po_1", trace_id="AB12CD34")
    assert pairs(both, [one]) == {}
    assert proposals(both, [one]) == [("trace_id", (1, 2), ("po_1",))]


def test_a_short_trace_id_is_none():
    assert pairs([line(1, name="BANK", text="12345")], [payout("po_1", trace_id="12345")]) == {}


def test_lines_and_payouts_that_hang_together_are_one_question():
    late = DAY + timedelta(days=7)
    lines = [line(1), line(2, booked_on=late)]
    payouts = [payout("po_1"), payout("po_2", arrives_on=DAY + timedelta(days=5))]
    assert pairs(lines, payouts) == {}
    assert proposals(lines, payouts) == [("equal", (1, 2), ("po_1", "po_2"))]


def test_a_pair_that_was_undone_is_neither_decided_nor_proposed_but_still_counts():
    assert pairs([line(1)], [payout("po_1")], [(1, "po_1")]) == {}
    assert proposals([line(1)], [payout("po_1")], [(1, "po_1")]) == []
    both = [payout("po_1"), payout("po_2")]
    assert pairs([line(1)], both, [(1, "po_1")]) == {}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_line_of_up_to_four_payouts_of_a_day_is_proposed(sign):
    parts = [payout(f"po_{at}", sign * 10**at) for at in range(5)]
    assert proposals([line(1, sign * 1111)], parts) == [
        ("combined", (1,), ("po_0", "po_1", "po_2", "po_3"))
    ]
    assert proposals([line(1, sign * 11111)], parts) == []
    parts[0] = replace(parts[0], arrives_on=DAY + timedelta(days=1))
    assert proposals([line(1, sign * 1111)], parts) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_payout_in_up_to_four_lines_of_a_day_is_proposed(sign):
    parts = [line(at, sign * 10**at) for at in range(5)]
    assert proposals(parts, [payout("po_1", sign * 1111)]) == [("split", (0, 1, 2, 3), ("po_1",))]
    parts[0] = replace(parts[0], booked_on=DAY + timedelta(days=1))
    assert proposals(parts, [payout("po_1", sign * 1111)]) == []


def test_credits_and_debits_are_not_combined():
    parts = [payout("po_1", 700), payout("po_2", -200)]
    assert proposals([line(1, 500)], parts) == []


def test_a_day_with_very_many_candidates_is_left_to_a_person(monkeypatch):
    parts = [payout(f"po_{at}", 100 + at) for at in range(4)]
    assert proposals([line(1, 201)], parts)
    monkeypatch.setattr(bank_matching, "_MOST_CANDIDATES", 3)
    assert proposals([line(1, 201)], parts) == []


_AMOUNTS = st.lists(st.integers(1, 5), max_size=6)


@given(_AMOUNTS, _AMOUNTS, st.randoms(use_true_random=False))
def test_no_amount_is_decided_that_a_second_one_has_and_order_does_not_count(
    booked, paid, shuffled: random.Random
):
    lines = [line(at, amount) for at, amount in enumerate(booked)]
    payouts = [payout(f"po_{at}", amount) for at, amount in enumerate(paid)]
    found = pairs(lines, payouts)
    assert found == {
        at: f"po_{paid.index(amount)}"
        for at, amount in enumerate(booked)
        if booked.count(amount) == paid.count(amount) == 1
    }
    shuffled.shuffle(lines)
    shuffled.shuffle(payouts)
    assert pairs(lines, payouts) == found
