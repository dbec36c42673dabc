"""The one table of fees, conversion rates and settlement, all in exact integers.

List price of a United States account: 2.9 % + 0.30, + 1.5 % for a card from abroad, + 1 % for
conversion; fees are rounded half up. Rates are fixed, so books can be checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

from core import money

HOME_COUNTRY = "US"
DEFAULT_CURRENCY = "usd"
#: The account has a bank account in each of these; everything else converts to dollars.
SETTLES = ("usd", "eur", "cny", "jpy", "kwd")
#: In thousandths of the charge.
PERCENT = 29
INTERNATIONAL = 15
CONVERSION = 10
#: 0.30 USD and its equivalents, in minor units of the settlement currency.
FIXED = {"usd": 30, "eur": 30, "cny": 215, "jpy": 45, "kwd": 90}
#: For receiving a dispute, and for countering it.
DISPUTE = {"usd": 1500, "eur": 2000, "cny": 10000, "jpy": 2300, "kwd": 4600}

#: US dollars for one major unit. Rough, fixed; a currency without an entry counts as 0.05.
_DOLLARS = {
    currency: Decimal(rate)
    for currency, rate in (
        pair.split(":")
        for pair in """usd:1 eur:1.0850 cny:0.1385 jpy:0.0067 kwd:3.2500 gbp:1.2710 aud:0.6620
        cad:0.7310 chf:1.1240 hkd:0.1281 sgd:0.7450 nzd:0.6080 sek:0.0955 nok:0.0945 dkk:0.1455
        pln:0.2520 czk:0.0428 huf:0.0028 ron:0.2180 mxn:0.0545 brl:0.1850 inr:0.0120 krw:0.00073
        thb:0.0285 myr:0.2200 php:0.0175 idr:0.0000635 vnd:0.0000400 twd:0.0310 aed:0.2723
        sar:0.2666 bhd:2.6525 omr:2.6000 jod:1.4104 tnd:0.3200 zar:0.0545 ils:0.2700 try:0.0300
        isk:0.0072 ugx:0.00027 clp:0.00106 cop:0.00024 ars:0.00105""".split()
    )
}
_UNLISTED = Decimal("0.05")


#: Of a charge, where an order puts them into its fee; the tax is on Stripe's own fee.
_APPLICATION = Fraction(1, 100)
_PASSTHROUGH = Fraction(4, 1000)
_WITHHELD = Fraction(1, 100)
_TAX = Fraction(21, 100)


class Part(NamedTuple):
    """One entry of `fee_details`, in minor units; `type` is one of the SDK's."""

    description: str
    amount: int
    type: str = "stripe_fee"


@dataclass(frozen=True, slots=True)
class Settled:
    """What a charge becomes in the balance; `rate` is None without conversion."""

    amount: int
    currency: str
    rate: str | None


def settlement_currency(currency: str) -> str:
    """The currency of the balance that a charge in `currency` lands in."""
    return currency if currency in SETTLES else DEFAULT_CURRENCY


def half_up(value: Fraction, step: int = 1) -> int:
    """The nearest multiple of `step`, halves away from zero."""
    scaled = abs(value) / step
    whole = int(scaled + Fraction(1, 2)) * step
    return whole if value >= 0 else -whole


def _thousandths(amount: int, share: int, fixed: int, step: int) -> int:
    """`half_up` of a share of an amount above zero and a fixed part, in whole numbers."""
    exact, unit = amount * share + fixed * 1000, 1000 * step
    return (2 * exact + unit) // (2 * unit) * step


@cache
def rate_between(currency: str, target: str) -> str:
    """Minor units of `target` for one minor unit of `currency`, six significant decimals."""
    ratio = _DOLLARS.get(currency, _UNLISTED) / _DOLLARS[target]
    shifted = ratio.scaleb(money.exponent(target) - money.exponent(currency))
    return f"{shifted:.6f}" if shifted >= Decimal("0.01") else f"{shifted:.10f}"


def settle(amount: int, currency: str) -> Settled:
    """Convert minor units of a presentment currency to the balance they land in."""
    target = settlement_currency(currency)
    if target == currency:
        return Settled(amount, currency, None)
    rate = rate_between(currency, target)
    return Settled(converted(amount, rate), target, rate)


def converted(amount: int, rate: str | None) -> int:
    """`amount` at a rate written on a balance transaction; None leaves it as it is."""
    if rate is None:
        return amount
    minor, of = _ratio(rate)
    whole = (2 * abs(amount) * minor + of) // (2 * of)
    return whole if amount >= 0 else -whole


def unconverted(amount: int, rate: str) -> int:
    """What comes to `amount`, above zero, at a rate."""
    minor, of = _ratio(rate)
    return (2 * amount * of + minor) // (2 * minor)


@lru_cache(maxsize=1024)
def _ratio(rate: str) -> tuple[int, int]:
    return Fraction(rate).as_integer_ratio()


def details(settled: Settled, *, abroad: bool) -> list[Part]:
    """Stripe's own fees for one charge, in minor units of the settlement currency."""
    step = money.multiple(settled.currency)
    amount, fixed = settled.amount, FIXED[settled.currency]
    rows = [Part("Stripe processing fees", _thousandths(amount, PERCENT, fixed, step))]
    if abroad:
        fee = _thousandths(amount, INTERNATIONAL, 0, step)
        rows.append(Part("Stripe international card fee", fee))
    if settled.rate is not None:
        fee = _thousandths(amount, CONVERSION, 0, step)
        rows.append(Part("Stripe currency conversion fee", fee))
    return rows


def other_parts(settled: Settled, own: Sequence[Part], wanted: Sequence[str]) -> list[Part]:
    """What others take through the same fee: tax, the platform, the method's network, the state."""
    if not wanted:
        return []
    step, amount = money.multiple(settled.currency), settled.amount
    made = {
        "application_fee": ("Application fee", amount * _APPLICATION),
        "payment_method_passthrough_fee": ("Network passthrough fee", amount * _PASSTHROUGH),
        "tax": ("Tax on Stripe fees", sum(part.amount for part in own) * _TAX),
        "withheld_tax": ("Withheld tax", amount * _WITHHELD),
    }
    return [Part(made[kind][0], half_up(made[kind][1], step), kind) for kind in wanted]


@cache
def smallest(currency: str) -> int:
    """The smallest charge in minor units: published, or the equivalent of 0.50 USD."""
    published = money.minimum(currency)
    if published is not None:
        return published
    half_dollar = Fraction(50) / Fraction(rate_between(currency, "usd"))
    step = money.multiple(currency)
    return -(-half_dollar // step) * step
