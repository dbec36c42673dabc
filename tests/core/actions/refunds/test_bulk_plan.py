"""What a bulk gives back of each payment: lists as people paste them, shares in every currency."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money
from core.actions.refunds import bulk_plan as plan
from core.actions.refunds.bulk_plan import How, Target
from core.actions.refunds.validation import checked_amount
from core.domain.refundable import RefundableBalance
from core.errors import InvalidInput

PERCENTS = st.integers(1, 10_000)


@given(
    st.sampled_from(sorted(money.CURRENCIES)),
    st.integers(1, 999_999_999_999),
    st.lists(PERCENTS, min_size=1, max_size=12),
)
def test_shares_are_whole_allowed_amounts_and_never_above_what_is_there(currency, units, shares):
    step = money.multiple(currency)
    captured, given_back = units * step, 0
    for points in shares:
        stands = RefundableBalance(currency, captured, given_back, 0, 0)
        how = How("percent", f"{points // 100}.{points % 100:02}")
        try:
            text = plan.amount_text(Target("pi_1"), how, stands)
            amount = checked_amount(text, stands)
        except InvalidInput:
            continue
        assert type(amount.minor) is int
        assert amount.minor % step == 0
        # Rounded down, by less than one step.
        assert 0 <= captured * points - amount.minor * 10_000 < step * 10_000
        given_back += amount.minor
    assert given_back <= captured


@given(st.sampled_from(sorted(money.CURRENCIES)), st.integers(1, 999_999_999))
def test_a_hundred_percent_is_all_of_it(currency, units):
    minor = units * money.multiple(currency)
    assert plan.share(minor, 10_000, currency) == minor


@pytest.mark.parametrize(
    ("text", "points"),
    [("100", 10_000), ("12.5", 1_250), ("0.01", 1), (" 33.33 % ", 3_333), ("099", 9_900)],
)
def test_a_percentage_is_read(text, points):
    assert plan.basis_points(text) == points


def test_a_pasted_list_is_read_with_its_amounts():
    text = "pi_1\n\n  pi_2 1,234.50\r\npi_3,7\npi_4\t¥500\npi_5; 2.50 \n"
    assert plan.read_list(text) == (
        Target("pi_1"),
        Target("pi_2", "1,234.50"),
        Target("pi_3", "7"),
        Target("pi_4", "¥500"),
        Target("pi_5", "2.50"),
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "names no payment"),
        ("\n \n", "names no payment"),
        ("pi_1\nre_2", "line 2 does not begin"),
        ("pi_1\n5.00 pi_2", "line 2 does not begin"),
        ("\n".join(f"pi_{n}" for n in range(1001)), "more than 1000"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(text, rule):
    with pytest.raises(InvalidInput, match=re.escape(rule)):
        plan.read_list(text)


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_an_error_of_ours(text):
    with suppress(InvalidInput):
        assert 0 < len(plan.read_list(text)) <= plan.MOST
