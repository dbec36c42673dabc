"""Plain words are answered with the search that was probably meant, and never with a wider one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.reads.payments.list import parse, suggest
from core.reads.search.payments import suggestions

#: A Friday.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def meant(line: str) -> str | None:
    found = suggest(parse(line), zone=ZONE, now=NOW)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("said", "search"),
    [
        ("card ending 4242", "last4:4242"),
        ("visa card ending in 4242", "brand:visa last4:4242"),
        ("尾号 4242", "last4:4242"),
        ("maria 54 usd last tuesday", "name:maria amount:54 currency:usd created:2026-11-17"),
        ("Maria Silva, $54.20 yesterday", 'name:"Maria Silva" amount:54.20 created:yesterday'),
        ("charged twice, 4242, about 54 dollars, last Tuesday",
         "amount:48.6..59.4 currency:usd created:2026-11-17 4242"),
        ("54", "amount:54"),
        ("54usd", "amount:54 currency:usd"),
        ("1234 eur", "amount:1234 currency:eur"),
        ("jo@a.test failed", "email:jo@a.test status:failed"),
        ("last friday", "created:2026-11-13"),
        ("refunded last week", "status:refunded created:2026-11-09..2026-11-15"),
        ("last month", "created:2026-10"),
        ("上周二 54 美元", "created:2026-11-17 amount:54 currency:usd"),
        ("-currency:eur 54 dollars", "-currency:eur amount:54 currency:usd"),
        ('"last week" 54', '"last week" amount:54'),
    ],
)  # fmt: skip
def test_words_lead_to_the_search_that_was_meant(said, search):
    assert meant(said) == search


@pytest.mark.parametrize("line", ["", "maria", "ord-1", "4242", "the payment of", "status:failed"])
def test_words_that_say_nothing_else_have_no_suggestion(line):
    assert meant(line) is None


WORDS = [
    *("maria", "54", "4242", "$9.99", "about", "usd", "dollars", "last", "tuesday", "week", "card"),
    *("ending", "in", "failed", "visa", "jo@a.test", "today", "ord-7", "the", "2026-11-31", "李"),
    *("-usd", "status:paid", '"last week"', "amount:>5", "1.234", "54kwd", "this", "上周", "month"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join) | st.text(max_size=30))
def test_a_suggestion_asks_something_and_loses_no_number_and_no_field(line):
    try:
        query = parse(line)
    except InvalidInput:
        return
    found = suggest(query, zone=ZONE, now=NOW)
    if found is None:
        return
    assert found.terms
    assert parse(str(found)) == found
    assert found != query
    for term in query.terms:
        if term.field or term.negated or term.literal:
            assert term in found.terms
        elif not set(re.split(r"\W+", term.value)) & suggestions._NEAR:
            number = re.fullmatch(r"\$?(\d+(?:\.\d+)?)", term.value)
            near = any(".." in text for text in found.values("amount"))
            assert number is None or near or number[1] in str(found), (line, str(found))
