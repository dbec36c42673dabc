"""Ids: repeatable, in Stripe's look, growing with time."""

from __future__ import annotations

import re

import pytest

from core.emulator.state.ids import Ids, account_of


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_ids_grow_and_look_like_stripes(seed: int) -> None:
    ids = Ids(seed, 5_000_000)
    made = [ids.new("pi") for _ in range(5_000)]
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"pi_3[A-Za-z]\w{22}", one, re.ASCII) for one in made)
    assert not any("_" in one.removeprefix("pi_") for one in made)
    assert [Ids(seed, 5_000_000).new("pi")] == made[:1]


@pytest.mark.parametrize("length", [8, 25, 32, 48, 64])
def test_tokens_are_letters_and_digits_of_the_length_asked(length: int) -> None:
    ids = Ids(1)
    made = {ids.token(length) for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(rf"[0-9A-Za-z]{{{length}}}", one) for one in made)
    ends = {one[-4:] for one in made}
    assert len(ends) > 190


def test_numbers_stay_in_their_bounds() -> None:
    ids = Ids(1)
    assert {ids.number(3, 6) for _ in range(100)} == {3, 4, 5}


def test_the_account_of_a_seed_is_what_earlier_builds_called_it() -> None:
    assert account_of(1) == "acct_0DEFjXuVjJvqjOUr"
    assert account_of(2**31 - 1) == "acct_ubiczxJNg46DHrwG"
