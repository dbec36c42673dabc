"""The search line: what it reads, what it refuses, and how filters rewrite it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import money
from core.errors import InvalidInput
from core.reads.search.query import Query, Term, parse
from core.reads.search.values import FIELDS, amounts, created
from tests.search_oracle import queries

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@given(queries)
def test_query_written_as_text_reads_back_the_same(query: Query) -> None:
    assert parse(str(query)) == query


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_is_refused(text: str) -> None:
    try:
        query = parse(text)
    except InvalidInput:
        return
    assert str(parse(str(query))) == str(query)


def test_terms_of_the_language_are_read() -> None:
    line = 'status:failed amount:>100 last4:4242 -currency:usd order:"a b" jo@'
    assert parse(line).terms == (
        Term("status", "failed"),
        Term("amount", ">100"),
        Term("last4", "4242"),
        Term("currency", "usd", negated=True),
        Term("order", "a b", literal=True),
        Term(None, "jo@"),
    )


def test_signs_of_a_chinese_keyboard_are_read() -> None:
    assert parse("status：failed amount：＞100") == parse("status:failed amount:>100")


@pytest.mark.parametrize("address", ["2001:db8::1", "fe80::1", "10.0.0.1"])
def test_bare_ip_address_is_searched_as_one(address: str) -> None:
    assert parse(address).terms == (Term("ip", address),)


def test_unknown_term_is_named_beside_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("status:failed colour:red")
    assert caught.value.field == "colour"
    assert all(name in caught.value.rule for name in FIELDS)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("amount:ten", "amount"),
        ("amount:>", "amount"),
        ("amount:NaN", "amount"),
        ("status:lost", "status"),
        ("risk:huge", "risk"),
        ("currency:xyz", "currency"),
        ("created:2026-13-01", "created"),
        ("created:soon", "created"),
        ("last4:42", "last4"),
        ("country:USA", "country"),
        ("email:", "email"),
        ("x" * 1001, "search"),
        ("a " * 21, "search"),
    ],
)
def test_value_that_cannot_be_read_is_refused_by_its_field(line: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(line)
    assert caught.value.field == field


def test_filters_rewrite_their_own_terms_only() -> None:
    query = parse("jo@ status:failed amount:>5")
    assert str(query.with_values("status", "paid", "open")) == "jo@ amount:>5 status:paid,open"
    assert query.with_values("status", "paid", "open").values("status") == ("paid", "open")
    assert str(query.with_values("status")) == "jo@ amount:>5"
    assert parse("-status:failed").values("status") == ()


@example("usd", 180, Decimal("1.801"), ">")
@example("jpy", 1, Decimal("1.5"), ">=")
@given(
    st.sampled_from(["usd", "jpy", "kwd"]),
    st.integers(0, 10**9),
    st.decimals(0, 10**6, places=3, allow_nan=False),
    st.sampled_from([">", ">=", "<", "<=", ""]),
)
def test_amounts_compare_in_major_units_of_each_currency(
    currency: str, minor: int, bound: Decimal, sign: str
) -> None:
    low, high = amounts(f"{sign}{bound}").minor(money.exponent(currency))
    major = money.major(money.Money(minor, currency))
    true = {
        ">": major > bound,
        ">=": major >= bound,
        "<": major < bound,
        "<=": major <= bound,
        "": major == bound,
    }
    assert (low <= minor <= high) == true[sign]


def test_times_are_days_of_the_zone() -> None:
    def utc(day: int, hour: int = 16) -> datetime:
        return datetime(2026, 11, day, hour, tzinfo=UTC)

    assert created("2026-11-20", SHANGHAI, NOW) == (utc(19), utc(20))
    assert created("today", SHANGHAI, NOW) == (utc(19), utc(20))
    assert created("yesterday", SHANGHAI, NOW) == (utc(18), utc(19))
    assert created(">2026-11-01", SHANGHAI, NOW) == (utc(1), None)
    assert created("<=2026-11-01", SHANGHAI, NOW) == (None, utc(1))
    assert created("2026-11-02..2026-11-03", SHANGHAI, NOW) == (utc(1), utc(3))
    assert created("2026-11", SHANGHAI, NOW)[1] == utc(30)
    assert created("24h", SHANGHAI, NOW) == (datetime(2026, 11, 19, 15, 30, tzinfo=UTC), None)
