"""Amounts in the search line: digits are grouped and parted in many ways, and never torn apart."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import money
from core.errors import InvalidInput
from core.reads.search import amounts
from core.reads.search.payments.fields import parse

#: How a number of groups and decimals is written: its group mark, its decimal mark, its groups.
HABITS = {
    "English": (",", ".", [3, 3, 3]),
    "German": (".", ",", [3, 3, 3]),
    "Swiss": ("'", ".", [3, 3, 3]),
    "Chinese by ten thousands": (",", ".", [4, 4, 4]),
    "Indian": (",", ".", [3, 2, 2]),
}


def written(value: Decimal, habit: str) -> str:
    """A number of at least a thousand, or ten thousand, as people of a habit write it."""
    group, mark, sizes = HABITS[habit]
    whole, _, rest = f"{value:f}".partition(".")
    parts: list[str] = []
    for size in [*sizes, *sizes[-1:] * 9]:
        if whole:
            parts.insert(0, whole[-size:])
            whole = whole[:-size]
    return group.join(parts) + (mark + rest if rest else "")


@given(
    st.sampled_from(sorted(HABITS)),
    st.integers(10**5, 10**10),
    st.integers(1, 3),
    st.sampled_from(["", ">", ">=", "<", "<=", "="]),
)
@example("English", 123456, 2, "")
@example("German", 123456, 2, ">")
def test_an_amount_with_groups_and_decimals_is_one_number_in_every_habit(
    habit: str, minor: int, digits: int, sign: str
) -> None:
    value = Decimal(minor * 10**4 + 1234).scaleb(-digits)
    text = written(value, habit)
    assert parse(f"amount:{sign}{text}").terms[0].texts == (f"{sign}{value:f}",)
    assert amounts.amounts(sign + text) == amounts.amounts(f"{sign}{value:f}")
    assert Decimal(str(amounts.in_words(text)[0].low)) == value


@given(st.from_regex(r"[<>=]{0,2}[0-9]{1,4}([.,][0-9]{1,4}){1,3}", fullmatch=True))
@example("1,234")
@example("54,20")
@example("1,234.56,7")
@example("1,234.56,1,000.00")
@example("3000,4000")
def test_what_can_be_one_amount_is_that_amount_or_is_refused(text: str) -> None:
    """Never two of them: a list has a sign in each alternative, or cannot be one number."""
    try:
        found = amounts.parts(text)
    except InvalidInput:
        found = ()
    if len(found) > 1:
        several = text.split(",")
        assert len(found) == len(several)
        runs = (several[a:b] for a in range(len(several)) for b in range(a + 2, len(several) + 1))
        assert [run for run in map(",".join, runs) if is_grouped(run)] == []


def is_grouped(text: str) -> bool:
    """Whether somebody's habit writes a number exactly so; groups of four need more than commas."""
    for habit, (group, mark, _) in HABITS.items():
        plain = text.lstrip("<>=").replace(group, "").replace(mark, ".")
        if re.fullmatch(r"\d+(\.\d{1,3})?", plain) and group in text:
            clear = "Chinese" not in habit or mark in text or text[0].isdigit()
            if clear and written(Decimal(plain), habit) == text.lstrip("<>="):
                return True
    return False


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("1,234", ["1234", "1.234", "=1,=234"]),
        ("54,20", ["54.20", "=54,=20"]),
        (">10,200", [">10200", ">10.200", ">10,=200"]),
        ("1,000..2,000", ["1000..2000", "1.000..2.000"]),
        ("100,200,300", ["100200300", "=100,=200,=300"]),
    ],
)
def test_a_comma_that_can_mean_two_things_is_refused_with_each_of_them(
    text: str, ways: list[str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(f"status:paid amount:{text}")
    assert caught.value.field == "amount"
    assert caught.value.values["ways"] == " / ".join(ways)
    for way in ways:
        assert parse(f"amount:{way}").terms[0].value == way


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("=1,=234", ("=1", "=234")),
        ("=54,=20", ("=54", "=20")),
        ("10.00,20.00", ("10.00", "20.00")),
        ("10..20,30..40", ("10..20", "30..40")),
        (">1000,<5", (">1000", "<5")),
        ("1,234.56,>7", ("1234.56", ">7")),
        ("1000,20000,30000", ("1000", "20000", "30000")),
    ],
)
def test_a_list_of_amounts_stays_a_list(text: str, parts: tuple[str, ...]) -> None:
    assert parse(f"amount:{text}").terms[0].texts == parts


def test_a_point_alone_is_the_decimal_mark() -> None:
    """As in every field of an amount: three decimals are dinars, and no yen at all."""
    found = amounts.amounts("1.234")
    assert found.minor(money.exponent("kwd")) == (1234, 1234)
    assert found.minor(money.exponent("usd")) == (124, 123)
    assert found.minor(money.exponent("jpy")) == (2, 1)
    assert amounts.amounts("1.234,5").minor(money.exponent("jpy")) == (1235, 1234)
    assert amounts.amounts("1.234,56").minor(money.exponent("usd")) == (123456, 123456)
    assert amounts.amounts("1,234.567").minor(money.exponent("kwd")) == (1234567, 1234567)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("54", ["54"]),
        ("54.20", ["54.20"]),
        ("54,20", ["54.20"]),
        ("1,234", ["1234", "1.234"]),
        ("1.234", ["1.234", "1234"]),
        ("$1,234.56", ["1234.56"]),
        ("1.234,56€", ["1234.56"]),
        ("¥5,000", ["5000", "5.000"]),
        ("１２３．５", ["123.5"]),
        ("1.2.3", []),
        ("jo", []),
        ("9" * 16, []),
        ("$", []),
    ],
)
def test_a_word_is_looked_for_as_every_amount_that_it_may_be(word: str, meant: list[str]) -> None:
    assert [str(one.low) for one in amounts.in_words(word)] == meant


@pytest.mark.parametrize("text", ["", ">", ",", "1e5", "--1", "1,", "½", "9" * 16, "1" * 400])
def test_what_is_no_amount_is_refused_with_the_rule(text: str) -> None:
    if text == "1,":
        assert amounts.parts(text) == ("1",)
        return
    with pytest.raises(InvalidInput) as caught:
        amounts.amounts(text)
    assert "must be a number" in caught.value.rule
