"""An order's sums: integers of one currency, whatever was typed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money
from core.actions.payments.checkout_order import AskedItem, AskedOrder, read
from core.errors import InvalidInput
from core.money import CURRENCIES, Money, plain


@st.composite
def orders(draw):
    """An order that can be charged, as it is typed, in any currency of Stripe's."""
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    step = money.multiple(currency)

    def amount(least=0):
        return plain(Money(draw(st.integers(least, 100_000)) * step, currency))

    dear = plain(Money(max(money.minimum(currency) or 0, 1000 * step), currency))
    items = [AskedItem("first", 1, dear)] + [
        AskedItem(f"item {n}", draw(st.integers(1, 999)), amount())
        for n in range(draw(st.integers(0, 5)))
    ]
    rate = draw(st.integers(0, 1_000_000)) / Decimal(10_000)
    return AskedOrder(currency, items, amount(), f"{rate:f}")


@given(orders())
def test_the_total_is_its_parts_in_every_currency(asked):
    order = read(asked)
    lines = [
        Decimal(item.price).scaleb(money.exponent(asked.currency)) * item.quantity
        for item in asked.items
    ]
    subtotal = sum(lines)
    step = money.multiple(asked.currency)
    exact = subtotal * Decimal(asked.tax_rate) / 100 / step
    tax = exact.to_integral_value(ROUND_HALF_UP) * step
    assert order.subtotal.minor == subtotal
    assert order.tax.minor == tax
    assert order.total.minor == subtotal + order.shipping.minor + tax
    assert type(order.total.minor) is int
    assert money.check_charge(order.total) == order.total
    assert money.parse(plain(order.total), order.currency) == order.total


def asked(**given):
    return AskedOrder(**{"currency": "usd", "items": [AskedItem("Pen", 2, "1.25")]} | given)


@pytest.mark.parametrize(
    ("rate", "tax"), [("0", 0), ("8.25", 21), ("10", 25), ("100%", 250), ("0.2", 1), ("0.1", 0)]
)
def test_tax_is_rounded_half_up_once(rate, tax):
    assert read(asked(tax_rate=rate)).tax == Money(tax, "usd")


def test_tax_is_what_the_currency_can_be_charged_in():
    dinar = asked(currency="kwd", items=[AskedItem("Pen", 1, "1.250")], tax_rate="3")
    assert read(dinar).tax == Money(40, "kwd")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("items[0].price", {"items": [AskedItem("Pen", 1, "1.001")]}),
        ("items[0].price", {"items": [AskedItem("Pen", 1, "-1")]}),
        ("items[0].price", {"items": [AskedItem("Pen", 1, "NaN")]}),
        ("items[1].quantity", {"items": [AskedItem("Pen", 1, "1"), AskedItem("Ink", 0, "1")]}),
        ("items[0].quantity", {"items": [AskedItem("Pen", 1000, "1")]}),
        ("items[0].name", {"items": [AskedItem("", 1, "1")]}),
        ("items[0].name", {"items": [AskedItem("a\nb", 1, "1")]}),
        ("items", {"items": []}),
        ("items", {"items": [AskedItem("Pen", 1, "1")] * 21}),
        ("shipping", {"shipping": "1e3"}),
        ("tax_rate", {"tax_rate": "101"}),
        ("tax_rate", {"tax_rate": "-1"}),
        ("tax_rate", {"tax_rate": "1e-9999999"}),
        ("tax_rate", {"tax_rate": "١"}),
        ("tax_rate", {"tax_rate": "8.00001"}),
        ("total", {"items": [AskedItem("Pen", 1, "0.01")]}),
        ("total", {"items": [AskedItem("Pen", 1, "0")]}),
        ("items[0].price", {"currency": "jpy", "items": [AskedItem("Pen", 1, "100.5")]}),
        ("total", {"currency": "kwd", "items": [AskedItem("Pen", 1, "1.001")]}),
        ("currency", {"currency": "xxx"}),
    ],
)
def test_what_cannot_be_charged_is_refused_by_its_field(field, given):
    with pytest.raises(InvalidInput) as refused:
        read(asked(**given))
    assert refused.value.field == field


def test_a_long_order_still_has_a_description_that_stripe_takes():
    many = [AskedItem("A rather long name of a thing " * 3, 7, "1")] * 20
    assert len(read(asked(items=many)).summary) == 255
