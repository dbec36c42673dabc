"""The search line: what it reads, what it refuses, and how filters rewrite it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import money
from core.errors import InvalidInput
from core.reads.admin import audit
from core.reads.developer import api_log, events
from core.reads.search.amounts import Amounts, amounts
from core.reads.search.payments.fields import FIELDS, STATE_GROUPS, FacetValues, Word, parse
from core.reads.search.payments.tried import payment_id
from core.reads.search.query import MAX_TERMS, Query, Term
from core.reads.search.stripe_ids import Address, read_address
from core.reads.search.times import Range, TimeRange, time_reader
from tests.support.search_oracle import queries

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


@pytest.mark.parametrize("line", ["a\ud800b", "status:\udfff", '"\ud83d"', "\udc00" * 600])
@pytest.mark.parametrize("read", [parse, events.read_line, api_log.read_line, audit.read_line])
def test_half_of_a_character_is_refused(read, line) -> None:
    with pytest.raises(InvalidInput, match=r"search: has half of a character"):
        read(line)


def test_whole_characters_beyond_the_first_plane_are_read() -> None:
    assert parse("\U0001f600").terms == (Term(None, "\U0001f600"),)


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


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=500))
@example("订单：12，－ “A” ＂B＂")
@example('"' * 500)
@example("\\" * 500)
@example("a\nb")
@example("-" * 500)
def test_any_order_of_500_characters_is_a_term_that_an_address_carries(order: str) -> None:
    """Stripe keeps what an order is called as it was sent: quoted, nothing of it is changed."""
    for term in (Term("order", order, literal=True), Term(None, order, literal=True)):
        if not order.strip():
            continue
        line = str(Query((term,), FIELDS))
        carried = parse_qs(urlencode({"q": line}))["q"][0]
        assert parse(carried).terms == (term,)
        assert parse(f"amount:>5 {carried} status:paid").terms[1] == term


def test_only_the_signs_of_the_language_may_be_full_width() -> None:
    assert parse("order：“订单：12，34”").terms == (Term("order", "订单：12，34", literal=True),)
    assert parse("－status：failed，canceled") == parse("-status:failed,canceled")
    assert parse("order:订单：12").terms == (Term("order", "订单:12"),)


ID = "pi_3PabcDEF0123456789abcdef"
BASE = "https://dashboard.stripe.com"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (f"{BASE}/payments/{ID}", Address(ID, True)),
        (f"{BASE}/test/payments/{ID}", Address(ID, False)),
        (f"{BASE}/acct_1AbC/payments/{ID}", Address(ID, True)),
        (f"{BASE}/acct_1AbC/test/payments/{ID}?q=1&x=%20#top", Address(ID, False)),
        (f"dashboard.stripe.com/payments/{ID}/", Address(ID, True)),
        (f"HTTPS://Dashboard.Stripe.com/payments/{ID}", Address(ID, True)),
        (f"{BASE}/payments/ch_1AbC", Address("ch_1AbC", True)),
        (f"{BASE}/customers/cus_QabC123", Address("cus_QabC123", True)),
        (f"{BASE}/test/payouts/po_1AbC", Address("po_1AbC", False)),
        (f"{BASE}/test/disputes/du_1AbC", Address("du_1AbC", False)),
        (f"{BASE}/disputes/dp_1AbC", Address("dp_1AbC", True)),
        (f"{BASE}/events/evt_1AbC", Address("evt_1AbC", True)),
        (f"{BASE}/customers/cus_1/payments/{ID}", Address(ID, True)),
        (f"{BASE}/test/workbench/inspector?object={ID}", Address(ID, False)),
        (f"{BASE}/payments#{ID}", Address(ID, True)),
        (f"{BASE}/payments?test/{ID}", Address(ID, True)),
        (f"{BASE}/test/payments", Address(None, False)),
        (f"{BASE}/logs/req_1AbC", Address(None, True)),
        (BASE, Address(None, True)),
        (f"https://dashboard.stripe.com.evil.test/payments/{ID}", None),
        (f"https://evil.test/?https://dashboard.stripe.com/payments/{ID}", None),
        (ID, None),
    ],
)
def test_address_of_stripes_dashboard_names_its_object_and_its_mode(
    address: str, found: Address | None
) -> None:
    assert read_address(address) == found


def test_address_is_one_word_of_the_line_and_stays_as_it_was_pasted() -> None:
    address = f"{BASE}/acct_1AbC/test/payments/{ID}?a=b,c#d:e"
    query = parse(f"status:paid {address}")
    assert query.terms == (Term("status", "paid"), Term(None, address))
    assert parse(str(query)) == query


@pytest.mark.parametrize(
    "line", [f"{BASE}/test/payments", "https://example.com/pi_123", f"{BASE}/logs/req_1"]
)
def test_address_without_an_object_that_leads_to_payments_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="Stripe's dashboard") as caught:
        parse(line)
    assert caught.value.field == "search"
    assert parse(f'"{line}"').terms == (Term(None, line, literal=True),)


@pytest.mark.parametrize("address", ["2001:db8::1", "fe80::1", "10.0.0.1"])
def test_bare_ip_address_is_searched_as_one(address: str) -> None:
    assert parse(address).terms == (Term("ip", address),)


def test_unknown_term_is_named_beside_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("status:failed colour:red")
    assert caught.value.field == "colour"
    assert all(name in caught.value.rule for name in FIELDS.readers)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("amount:ten", "amount"),
        ("amount:>", "amount"),
        ("amount:NaN", "amount"),
        ("status:lost", "status"),
        ("risk:huge", "risk"),
        ("dispute:maybe", "dispute"),
        ("currency:xyz", "currency"),
        ("created:2026-13-01", "created"),
        ("created:soon", "created"),
        ("last4:42", "last4"),
        ("country:USA", "country"),
        ("email:", "email"),
        ("x" * 501, "search"),
        (f'"{"x" * 501}"', "search"),
        (f"order:{'x' * 501}", "order"),
        (f"amount:1 {'x' * 2001}", "search"),
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


def test_filters_keep_a_line_within_its_bounds() -> None:
    full = parse(" ".join(f"order:{number}" for number in range(MAX_TERMS)))
    assert full.with_values("order", "1").values("order") == ("1",)
    with pytest.raises(InvalidInput) as caught:
        full.with_values("status", "paid")
    assert caught.value.field == "search"


def test_values_are_read_with_the_line() -> None:
    status, amount, created, word = parse("-status:paid amount:>1.5,2 created:7d 54").terms
    assert status.read_as(FacetValues)[0].pairs == {("state", s) for s in STATE_GROUPS["paid"]}
    assert amount.read_as(Amounts) == (
        Amounts(Decimal("1.5"), None, low_open=True),
        Amounts(Decimal(2), Decimal(2)),
    )
    assert created.read_as(TimeRange)[0].in_zone(SHANGHAI, NOW) == (NOW - timedelta(days=7), None)
    assert word.read_as(Word)[0].amounts == (Amounts(Decimal(54), Decimal(54)),)


def test_a_term_that_was_not_read_is_nobodys_condition() -> None:
    with pytest.raises(TypeError, match="not read"):
        Term("status", "paid").read_as(FacetValues)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (ID, ID),
        (f"-{ID}", None),
        (f"{ID} -status:failed", None),
        (f'"{ID}"', None),
        (f"id:{ID}", None),
        (f"{BASE}/payments/{ID}", None),
        ("ch_1", None),
        ("", None),
    ],
)
def test_a_search_is_a_payments_id_when_it_is_nothing_else(line: str, found: str | None) -> None:
    assert payment_id(parse(line)) == found


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

    def created(text: str, zone: ZoneInfo, now: datetime) -> Range:
        read = time_reader("created")(text, False)
        assert isinstance(read, TimeRange)
        return read.in_zone(zone, now)

    assert created("2026-11-20", SHANGHAI, NOW) == (utc(19), utc(20))
    assert created("today", SHANGHAI, NOW) == (utc(19), utc(20))
    assert created("yesterday", SHANGHAI, NOW) == (utc(18), utc(19))
    assert created(">2026-11-01", SHANGHAI, NOW) == (utc(1), None)
    assert created("<=2026-11-01", SHANGHAI, NOW) == (None, utc(1))
    assert created("2026-11-02..2026-11-03", SHANGHAI, NOW) == (utc(1), utc(3))
    assert created("2026-11", SHANGHAI, NOW)[1] == utc(30)
    assert created("24h", SHANGHAI, NOW) == (datetime(2026, 11, 19, 15, 30, tzinfo=UTC), None)
