"""The language of rules: what it says, what it refuses, and that nothing else can be reached."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.risk.ast import Kind, holds, names_in
from core.risk.parser import LONGEST, parse

#: Seconds of this thread alone: others may have the machine meanwhile.
LONGEST_READING = 0.05
DECLARED = {
    "attempts": Kind.NUMBER,
    "score": Kind.NUMBER,
    "amount": Kind.MONEY,
    "large": Kind.MONEY,
    "country": Kind.TEXT,
    "listed": Kind.FLAG,
}
VALUES = {
    "attempts": 5,
    "score": 70,
    "amount": 1000,
    "large": 900,
    "country": "US",
    "listed": True,
}


def true(condition: str, **changed) -> bool:
    return holds(parse(condition, DECLARED), VALUES | changed)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("attempts >= 5", True),
        ("attempts > 5", False),
        ("5 <= attempts", True),
        ("amount > large", True),
        ("listed", True),
        ("not listed", False),
        ("not not listed", True),
        ("listed == false", False),
        ('country == "US"', True),
        ('country != "US"', False),
        ('country in ("DE", "US")', True),
        ('country not in ("DE", "US")', False),
        ("attempts in (1, 2, 5)", True),
        ("attempts > 9 or score > 60 and listed", True),
        ("(attempts > 9 or score > 60) and not listed", False),
        ("attempts > 9 or score > 90", False),
        ("attempts>=5 and(score>60)", True),
    ],
)
def test_what_a_condition_says(condition, expected):
    assert true(condition) is expected


@pytest.mark.parametrize("condition", ["attempts >= 0", "attempts != 1", "attempts in (1, 5)"])
def test_a_comparison_with_an_unknown_value_is_false(condition):
    assert true(condition, attempts=None) is False
    assert true(f"not ({condition})", attempts=None) is True


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("", "a value is expected"),
        ("attempts", "a comparison is expected"),
        ("attempts >", "a value is expected"),
        ("attempts > 5 5", "is not expected here"),
        ("attempts > 5 and", "a value is expected"),
        ("(attempts > 5", "not closed"),
        ("amount > 100", "amount does not compare with number"),
        ('attempts > "5"', "number does not compare with text"),
        ('country > "A"', "has no order"),
        ("amount in (1, 2)", "takes a declared text or number"),
        ('country in ("A", 1)', "constants of the kind text"),
        ("country in ()", "a value is expected"),
        ("attempts not 5", "`in` is expected"),
        ("password == 1", "no value called password"),
        ("__import__ == 1", "no value called __import__"),
        ("attempts.real > 1", "cannot be read at character 9"),
        ("attempts > 1; listed", "cannot be read"),
        ("attempts > 1.5", "cannot be read"),
        ("Attempts > 1", "cannot be read"),
        ("(" * 21 + "listed" + ")" * 21, "levels deep"),
        ("listed or " * 200 + "listed", f"at most {LONGEST}"),
        ("attempts in (" + "1," * 60 + "1)", "more than 50"),
    ],
)
def test_what_is_refused_says_where_and_why(condition, rule):
    with pytest.raises(InvalidInput, match="condition: ") as caught:
        parse(condition, DECLARED)
    assert rule in caught.value.rule


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=1200))
def test_any_text_is_read_or_refused_at_once(text):
    read_or_refused(text)


PIECES = st.sampled_from(
    [*DECLARED, *"and or not in true false ( ) , < <= == != 1 99999999999".split(), '"US"', "x"]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(PIECES, max_size=120))
def test_any_row_of_words_is_read_or_refused_at_once(pieces):
    read_or_refused(" ".join(pieces))


def read_or_refused(text):
    # A hang hangs each time; once, this thread may have been made to wait or to collect garbage.
    assert any(reading_takes(text) < LONGEST_READING for _ in range(5))


def reading_takes(text):
    started = time.thread_time()
    try:
        node = parse(text, DECLARED)
    except InvalidInput:
        node = None
    if node is not None:
        assert holds(node, VALUES) in (True, False)
        assert holds(node, {}) in (True, False)
        assert names_in(node) <= DECLARED.keys()
    return time.thread_time() - started


DEEP = [
    "not " * 240 + "listed",
    "(" * 20 + "listed" + ")" * 20,
    "listed or " * 99 + "listed",
    "attempts in (" + "1," * 49 + "1)",
    '"' * 999,
    " " * 999,
    "_" * 999,
    "9" * 999,
    "not(" * 199,
    "a<" * 499,
]


@pytest.mark.parametrize("text", DEEP)
def test_the_longest_of_each_shape_is_read_or_refused_at_once(text):
    read_or_refused(text)


def test_reading_that_takes_long_is_shown_up(monkeypatch):
    """The planted fault: a reader that is slow each time."""
    spent = iter(range(100))
    monkeypatch.setattr(time, "thread_time", lambda: next(spent) * 0.06)
    with pytest.raises(AssertionError):
        read_or_refused("listed")
