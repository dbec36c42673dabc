"""Groups of amounts and addresses, as search plans by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.search_histograms import amount_bucket, bucket_floor, email_prefix


@given(st.integers(1, 10**12))
def test_amount_lies_between_its_bucket_and_the_next(minor: int) -> None:
    bucket = amount_bucket(minor)
    assert 2**bucket <= minor**4 < 2 ** (bucket + 1)
    assert bucket_floor(bucket) <= minor < bucket_floor(bucket + 1)


def test_powers_of_two_open_every_fourth_bucket() -> None:
    assert [amount_bucket(n) for n in (0, 1, 2, 4, 1024)] == [-1, 0, 4, 8, 40]


def test_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        amount_bucket(-1)


def test_email_prefix_ignores_case_and_blanks() -> None:
    assert email_prefix(" Jo@Example.com") == "jo@"
    assert email_prefix("") == ""
