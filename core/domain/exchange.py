"""What an amount comes to by Stripe's `exchange_rate`."""

from __future__ import annotations

from fractions import Fraction

from core.money import exponent


def converted(minor: int, currency: str, into: str, rate: str | None) -> tuple[int, ...]:
    """An amount of `currency` in minor units of `into`, rounded; none without a rate.

    Stripe's page leaves open whether the rate is of minor or of major units: where the two
    currencies have other exponents both are answered.
    """
    try:
        factor = Fraction(rate or "")
    except (ValueError, ZeroDivisionError):
        return ()
    digits = exponent(into) - exponent(currency)
    return tuple(sorted({round(minor * factor), round(minor * factor * Fraction(10) ** digits)}))
