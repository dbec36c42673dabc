"""Money: Stripe's exponents, exact parsing and printing, no sum over two currencies."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CurrencyMismatch, InvalidAmount, UnknownCurrency
from core.money import (
    CURRENCIES,
    STABLECOINS,
    Money,
    add,
    check_charge,
    exponent,
    major,
    minimum,
    multiple,
    parse,
    payout_multiple,
    plain,
    show,
    show_short,
)

currencies = st.sampled_from(sorted(CURRENCIES | STABLECOINS))
minors = st.integers(-(10**15), 10**15)
amounts = st.builds(Money, minors, currencies)


@given(amounts)
def test_plain_text_reads_back_as_the_same_amount(amount):
    assert parse(plain(amount), amount.currency) == amount


@given(amounts, st.sampled_from(["en", "zh_CN"]))
def test_shown_text_reads_back_as_the_same_amount(amount, locale):
    assert parse(show(amount, locale), amount.currency) == amount


@given(minors, currencies)
def test_chinese_grouping_reads_as_the_same_amount(minor, currency):
    amount = Money(minor, currency)
    whole, _, rest = plain(amount).lstrip("-").partition(".")
    groups = []
    while whole:
        whole, groups = whole[:-4], [whole[-4:], *groups]
    text = ("-" if minor < 0 else "") + ",".join(groups) + ("." + rest if rest else "")
    assert parse(text, currency) == amount


@given(amounts, amounts)
def test_two_currencies_never_meet(one, other):
    if one.currency == other.currency:
        assert (one + other - other) == one
        assert (one < other) == (one.minor < other.minor)
        return
    for operation in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: one >= other,
        lambda: add([one, other], one.currency),
    ):
        with pytest.raises(CurrencyMismatch):
            operation()


@given(st.text(max_size=30), currencies)
def test_any_text_is_an_amount_or_a_named_error(text, currency):
    try:
        found = parse(text, currency, field="price")
    except InvalidAmount as refused:
        error = refused
    else:
        assert parse(plain(found), currency) == found
        return
    assert (error.field, bool(error.rule)) == ("price", True)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "usd", 1234),
        ("1,234.5", "eur", 123450),
        ("１２，３４５．６", "cny", 1234560),
        ("¥1,2345", "cny", 1234500),
        ("1.5万", "cny", 1500000),
        ("3亿", "jpy", 300000000),
        ("88元", "cny", 8800),
        ("10.580", "kwd", 10580),
        ("500", "jpy", 500),
        ("-$12", "usd", -1200),
        ("12 USD", "usd", 1200),
    ],
)
def test_habits_of_writing(text, currency, minor):
    assert parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.001", "usd"),
        ("1.5", "jpy"),
        ("1e9", "usd"),
        ("NaN", "usd"),
        ("Infinity", "usd"),
        ("", "usd"),
        (" ", "usd"),
        ("1,23", "usd"),
        ("1_000", "usd"),
        ("0x10", "usd"),
        ("٣", "usd"),
        ("1.2.3", "usd"),
        ("€5", "usd"),
        ("9" * 60, "usd"),
    ],
)
def test_what_is_not_an_amount_is_refused(text, currency):
    with pytest.raises(InvalidAmount):
        parse(text, currency)


@pytest.mark.parametrize("value", [1.0, True, "1", None, Decimal(1)])
def test_minor_units_are_whole_numbers(value):
    with pytest.raises(InvalidAmount):
        Money(value, "usd")


@pytest.mark.parametrize("currency", ["USD", "", "us", "u$d", "usdtx"])
def test_what_is_not_a_currency_code_is_refused(currency):
    with pytest.raises(UnknownCurrency):
        Money(1, currency)


def test_money_of_a_currency_new_at_stripe_is_shown_but_not_typed():
    kept = Money(-123456, "xyz")
    assert (show(kept), show(kept, "zh"), plain(kept)) == ("-1,234.56", "-1,234.56", "-1234.56")
    assert show_short(kept) == "-1,235"
    assert str(kept + kept) == "-2469.12 XYZ"
    for asked in (lambda: parse("1", "xyz"), lambda: check_charge(Money(1, "xyz"))):
        with pytest.raises(UnknownCurrency):
            asked()


def test_money_held_in_a_token_of_four_letters_is_read_and_shown_but_not_charged():
    held = parse("1,234.56 USDC", "usdc")
    assert held == Money(123456, "usdc")
    assert (show(held), show_short(held), str(held)) == ("1,234.56", "1,235", "1234.56 USDC")
    with pytest.raises(UnknownCurrency):
        check_charge(held)


@pytest.mark.parametrize(
    ("minor", "currency", "english", "chinese"),
    [
        (9_999_999_949, "usd", "$99,999,999", "$99,999,999"),
        (12_345_600_000, "usd", "$123.46M", "$1.23亿"),
        (1_250_000_000_000, "idr", "12.50B", "125.00亿"),
        (-1_250_000_000_000, "idr", "-12.50B", "-125.00亿"),
        (250_000_000_000_000, "idr", "2.50T", "2.50万亿"),
        (900_719_925_474_099_300, "idr", "9,007.20T", "9,007.20万亿"),
    ],
)
def test_large_amounts_are_short_in_the_units_of_the_language(minor, currency, english, chinese):
    amount = Money(minor, currency)
    assert show_short(amount) == english
    assert show_short(amount, units="zh-CN") == chinese


@given(st.integers(-(2**63), 2**63 - 1), currencies)
def test_no_digit_of_64_bits_is_lost(minor, currency):
    amount = Money(minor, currency)
    assert parse(show(amount), currency) == amount


def test_exponents_are_stripes_and_not_isos():
    zero = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()
    assert [c for c in sorted(CURRENCIES) if exponent(c) == 0] == zero
    assert [c for c in sorted(CURRENCIES) if exponent(c) == 3] == "bhd jod kwd omr tnd".split()
    assert {c: (exponent(c), multiple(c)) for c in ("isk", "ugx")} == dict.fromkeys(
        ("isk", "ugx"), (2, 100)
    )
    assert [multiple(c) for c in ("kwd", "usd", "huf")] == [10, 1, 1]
    assert [payout_multiple(c) for c in ("huf", "twd", "isk", "usd")] == [100, 100, 100, 1]


@pytest.mark.parametrize(
    ("minor", "currency", "rule"),
    [
        (0, "usd", "greater than zero"),
        (-1, "usd", "greater than zero"),
        (49, "usd", "at least 0.50"),
        (49, "jpy", "at least 50"),
        (10581, "kwd", "multiple of 10"),
        (150, "ugx", "multiple of 100"),
        (10**12, "usd", "12 digits"),
        (1499, "czk", "at least 15.00"),
    ],
)
def test_what_stripe_cannot_charge_is_named(minor, currency, rule):
    with pytest.raises(InvalidAmount, match=rule):
        check_charge(Money(minor, currency))


def test_the_smallest_charge_passes():
    for currency in CURRENCIES:
        least = minimum(currency)
        if least is not None:
            assert check_charge(Money(least, currency)).minor == least


def test_tiles_drop_decimals_only_above_a_thousand():
    assert show_short(Money(99999, "usd")) == "$999.99"
    assert show_short(Money(123450, "usd")) == "$1,235"
    assert show_short(Money(-123450, "usd")) == "-$1,235"
    assert major(Money(-5, "kwd")) == Decimal("-0.005")


@pytest.mark.parametrize("text", ["12.34", "-1,234.50", "+7", "1,2345"])
def test_a_number_alone_is_read_without_the_tables_of_symbols(text, monkeypatch):
    def asked(*_args):
        raise AssertionError("a symbol was looked for")

    monkeypatch.setattr("core.money._symbol", asked)
    assert parse(text, "usd").currency == "usd"
