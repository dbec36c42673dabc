"""Who looks charged twice: the rule by examples, and its laws over any payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.repeated_charges import (
    PAYER,
    WITHIN,
    Taken,
    looks_charged_twice,
    repeated,
    shared_payer,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE = Taken("pi_1", NOON, 5400, "usd", 5400, 0, "cus_1", "maria@shop.example", "fp_1", "ord-1")
TWIN = replace(ONE, payment_id="pi_2", made_at=NOON + timedelta(seconds=89))


@pytest.mark.parametrize(
    "changed",
    [
        {"customer_id": None, "email": None},
        {"customer_id": "cus_2", "email": "other@shop.example"},
        {"customer_id": None, "card_fingerprint": "fp_2"},
        {"order_id": None},
        {"refunded_minor": 5399},
        {"made_at": NOON - WITHIN},
    ],
)
def test_the_same_thing_paid_twice_is_seen(changed):
    assert looks_charged_twice(ONE, replace(TWIN, **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"customer_id": "cus_2", "email": "other@shop.example", "card_fingerprint": "fp_2"},
        {"customer_id": None, "email": None, "card_fingerprint": None},
        {"amount_minor": 5401},
        {"currency": "eur"},
        {"captured_minor": 0},
        {"refunded_minor": 5400},
        {"order_id": "ord-2"},
        {"made_at": NOON + WITHIN + timedelta(microseconds=1)},
        {"payment_id": "pi_1"},
    ],
)
def test_what_differs_in_one_point_is_no_repetition(changed):
    assert not looks_charged_twice(ONE, replace(TWIN, **changed))


def test_the_payer_is_told_by_all_that_agrees():
    assert shared_payer(ONE, TWIN) == PAYER
    assert shared_payer(ONE, replace(TWIN, email=None)) == ("customer_id", "card_fingerprint")
    nobody = replace(ONE, customer_id=None, email=None, card_fingerprint=None)
    assert shared_payer(nobody, nobody) == ()


_TAKEN = st.builds(
    Taken,
    payment_id=st.sampled_from(["pi_1", "pi_2", "pi_3", "pi_4"]),
    made_at=st.integers(0, 50).map(lambda hours: NOON + timedelta(hours=hours)),
    amount_minor=st.sampled_from([100, 200]),
    currency=st.sampled_from(["usd", "jpy"]),
    captured_minor=st.sampled_from([0, 100, 200]),
    refunded_minor=st.sampled_from([0, 50, 200]),
    customer_id=st.sampled_from([None, "cus_1", "cus_2"]),
    email=st.sampled_from([None, "a@shop.example"]),
    card_fingerprint=st.sampled_from([None, "fp_1"]),
    order_id=st.sampled_from([None, "1", "2"]),
)


@settings(max_examples=60)
@given(st.lists(_TAKEN, max_size=6, unique_by=lambda one: one.payment_id))
def test_whoever_looks_charged_twice_has_a_twin_and_is_one(payments):
    found = repeated(payments)
    for one in payments:
        twins = [other for other in payments if looks_charged_twice(one, other)]
        assert (one.payment_id in found) == bool(twins)
        for other in twins:
            assert looks_charged_twice(other, one)
            assert other.payment_id in found
            assert one.is_kept
            assert other.is_kept
            assert shared_payer(one, other)
            assert abs(one.made_at - other.made_at) <= timedelta(hours=24)
            assert (one.amount_minor, one.currency) == (other.amount_minor, other.currency)
            assert None in (one.order_id, other.order_id) or one.order_id == other.order_id
            whole = replace(one, refunded_minor=one.captured_minor)
            assert not looks_charged_twice(whole, other)
