"""A shop's order: items, shipping and tax, in integers of one currency, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core import money
from core.actions.payments.validation import text
from core.errors import InvalidAmount, InvalidInput
from core.money import Money

MOST_ITEMS = 20
MOST_OF_ONE = 999
_MOST_DECIMALS = 4
_RATE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class AskedItem:
    """A line as it was typed: `price` of one, in major units."""

    name: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """An order as it was typed: money in major units, `tax_rate` in percent of the items."""

    currency: str
    items: Sequence[AskedItem]
    shipping: str = "0"
    tax_rate: str = "0"


@dataclass(frozen=True, slots=True)
class Item:
    """So many of one thing at a price each."""

    name: str
    quantity: int
    price: Money

    @property
    def total(self) -> Money:
        """The price of all of them."""
        return Money(self.price.minor * self.quantity, self.price.currency)


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What is bought; `tax_rate` in percent of the items."""

    currency: str
    items: tuple[Item, ...]
    shipping: Money
    tax_rate: Decimal

    @property
    def subtotal(self) -> Money:
        """The items without shipping and tax."""
        return money.add((item.total for item in self.items), self.currency)

    @property
    def tax(self) -> Money:
        """Rounded half up to what the currency can be charged in."""
        step = money.multiple(self.currency)
        top, bottom = self.tax_rate.as_integer_ratio()
        whole, part = 2 * self.subtotal.minor * top, 2 * 100 * bottom * step
        return Money((whole + part // 2) // part * step, self.currency)

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return self.subtotal + self.shipping + self.tax

    @property
    def summary(self) -> str:
        """The items in one line, for Stripe's `description`."""
        line = ", ".join(f"{item.quantity} × {item.name}" for item in self.items)
        return line if len(line) <= 255 else f"{line[:254]}…"


def read(asked: AskedOrder) -> CheckoutOrder:
    """The order, if each part can be read and the total charged; `InvalidInput` names the part.

    Fields are `items[0].name` and so on, `shipping`, `tax_rate`, `total`, `currency`.
    """
    currency = money.known_currency(asked.currency.lower())
    if not 0 < len(asked.items) <= MOST_ITEMS:
        raise InvalidInput("items", "there must be 1 to {most}", most=MOST_ITEMS)
    order = CheckoutOrder(
        currency,
        tuple(_item(f"items[{i}]", item, currency) for i, item in enumerate(asked.items)),
        _not_negative(asked.shipping, currency, "shipping"),
        _rate(asked.tax_rate),
    )
    money.check_charge(order.total, field="total")
    return order


def _item(where: str, asked: AskedItem, currency: str) -> Item:
    if type(asked.quantity) is not int or not 0 < asked.quantity <= MOST_OF_ONE:
        rule = "must be a whole number from 1 to {most}"
        raise InvalidInput(f"{where}.quantity", rule, most=MOST_OF_ONE)
    name = text(f"{where}.name", asked.name, 100)
    return Item(name, asked.quantity, _not_negative(asked.price, currency, f"{where}.price"))


def _not_negative(asked: str, currency: str, field: str) -> Money:
    amount = money.parse(asked, currency, field=field)
    if amount.minor < 0:
        raise InvalidAmount(field, "must not be negative")
    return amount


def _rate(asked: str) -> Decimal:
    body = asked.strip().removesuffix("%").rstrip()
    if not _RATE.fullmatch(body) or Decimal(body) > 100:
        raise InvalidInput("tax_rate", "must be a percentage from 0 to 100")
    if len(body.partition(".")[2]) > _MOST_DECIMALS:
        raise InvalidInput("tax_rate", "must have at most {most} decimals", most=_MOST_DECIMALS)
    return Decimal(body)
