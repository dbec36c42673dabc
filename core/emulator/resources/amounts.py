"""Stripe's rules for amounts and currencies, in Stripe's words."""

from __future__ import annotations

from typing import Any

from core import money
from core.emulator.resources import fees
from core.emulator.state.errors import ApiError, refused


def currency_of(text: Any) -> str:
    """The currency, lower case; refuses what Stripe does not charge in."""
    currency: str = text.lower()
    if currency not in money.CURRENCIES:
        known = ", ".join(sorted(money.CURRENCIES))
        raise refused(
            f"Invalid currency: {text[:20]}. Stripe currently supports these currencies: {known}",
            "currency",
        )
    return currency


def charge_amount(amount: Any, currency: str, param: str = "amount") -> int:
    """An amount in minor units that can be charged."""
    checked = positive(amount, param)
    step = money.multiple(currency)
    if amount % step:
        raise ApiError(
            f"Invalid amount. Amounts in {currency} must be a multiple of {step}.",
            param=param,
            code="parameter_invalid_integer",
        )
    if len(str(amount)) > money.MAX_DIGITS:
        most = money.Money(10**money.MAX_DIGITS - 1, currency)
        raise ApiError(
            f"Amount must be no more than {money.show(most)}", param=param, code="amount_too_large"
        )
    least = fees.smallest(currency)
    if amount < least:
        raise ApiError(
            f"Amount must be at least {money.show(money.Money(least, currency))} {currency}",
            param=param,
            code="amount_too_small",
        )
    return checked


def positive(amount: Any, param: str) -> int:
    """At least one minor unit."""
    if amount < 1:
        raise refused(
            "This value must be greater than or equal to 1.", param, "parameter_invalid_integer"
        )
    return int(amount)
