"""Money: an integer in minor units with a currency beside it, by Stripe's rules.

Two currencies never meet in one sum: every operator raises `CurrencyMismatch`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.core import Locale
from babel.numbers import get_currency_symbol

from core.errors import CurrencyMismatch, InvalidAmount, UnknownCurrency

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
#: Sent with two decimals that must be 00: Stripe keeps them for compatibility.
WHOLE_UNITS_ONLY = frozenset(["isk", "ugx"])
#: Charged with two decimals; only payouts must be whole units.
WHOLE_PAYOUTS = frozenset(["huf", "twd"])
_TWO_DECIMAL = frozenset(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd
    cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd
    hkd hnl hrk htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl
    mkd mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr
    pln qar ron rsd rub sar sbd scr sek sgd shp sle sll sos srd std szl thb tjs top try ttd
    twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw""".split()
)
CURRENCIES = _TWO_DECIMAL | ZERO_DECIMAL | THREE_DECIMAL
#: Tokens that Stripe names with four letters. Nothing is charged in one; money may be held in it.
#: Stripe's page on currencies gives no decimals of theirs: two, as for all that it does not list.
STABLECOINS = frozenset("ousd usdc usdg usdp usdt".split())

#: Smallest charge in minor units, by settlement currency.
_MINIMUMS = {
    **dict.fromkeys("usd aud brl cad chf eur inr nzd sgd zar php ils ars cop idr rub".split(), 50),
    **dict.fromkeys("aed myr pln ron".split(), 200),
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "jpy": 50,
    "krw": 50,
    "mxn": 1000,
    "nok": 300,
    "sek": 300,
    "thb": 1000,
}
#: Most digits that Stripe takes for a charge in minor units.
MAX_DIGITS = 12

#: Four letters for a token.
_CODE = re.compile(r"[a-z]{3,4}")
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUPED_WEST = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_GROUPED_EAST = re.compile(r"[+-]?\d{1,4}(,\d{4})+(\.\d+)?")
#: Full-width forms, as Chinese input methods type them.
_FULL_WIDTH = {0xFEE0 + ord(mark): mark for mark in "0123456789.,-+"} | {0xFFE5: "¥"}
_CHINESE_UNITS = {"万": 10_000, "亿": 100_000_000}
#: From so many major units on a tile has no room for every digit.
_LARGE = 100_000_000
_LARGE_UNITS = {
    "en": (("T", 10**12), ("B", 10**9), ("M", 10**6)),
    "zh": (("万亿", 10**12), ("亿", 10**8)),
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency (lower case, as Stripe writes it)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise InvalidAmount("amount", "must be a whole number of minor units")
        # Stripe may know more currencies than we do: its money is shown all the same.
        if not _CODE.fullmatch(self.currency):
            known_currency(self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be combined")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def __str__(self) -> str:
        return f"{plain(self)} {self.currency.upper()}"


def known_currency(currency: str) -> str:
    """The currency itself (lower case, as Stripe writes it), or `UnknownCurrency`."""
    if currency not in STABLECOINS:
        charged_currency(currency)
    return currency


def charged_currency(currency: str) -> str:
    """The currency itself if Stripe charges in it, or `UnknownCurrency`."""
    if currency not in CURRENCIES:
        raise UnknownCurrency(
            "currency", "is not a lower-case currency code that Stripe charges in"
        )
    return currency


def exponent(currency: str) -> int:
    """How many decimals Stripe's minor unit stands for: 0 or 3 where it says so, else 2."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def multiple(currency: str) -> int:
    """A charge must be a multiple of this many minor units."""
    known_currency(currency)
    if currency in WHOLE_UNITS_ONLY:
        return 100
    return 10 if currency in THREE_DECIMAL else 1


def payout_multiple(currency: str) -> int:
    """A payout must be a multiple of this many minor units."""
    return 100 if currency in WHOLE_PAYOUTS else multiple(currency)


def minimum(currency: str) -> int | None:
    """Stripe's smallest charge in minor units of a settlement currency; None where unpublished."""
    known_currency(currency)
    return _MINIMUMS.get(currency)


def add(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that are all in `currency`; zero of it for none."""
    total = Money(0, currency)
    for amount in amounts:
        total += amount
    return total


def parse(text: str, currency: str, *, field: str = "amount") -> Money:
    """Read a major-unit decimal string: `1,234.50`, `1,234.5`, `¥1,2345`, `1.5万`.

    Commas group by three or (Chinese habit) by four; the decimal sign is a point. More decimals
    than the currency has, exponents, NaN and blanks raise `InvalidAmount` naming `field`.
    """
    digits = exponent(known_currency(currency))
    if not isinstance(text, str):
        raise InvalidAmount(field, "must be a decimal string in major units")
    body = text.translate(_FULL_WIDTH).strip()
    body, factor = _chinese_unit(_without_symbol(body, currency))
    if not body.isascii() or not any(
        pattern.fullmatch(body) for pattern in (_PLAIN, _GROUPED_WEST, _GROUPED_EAST)
    ):
        raise InvalidAmount(field, "must be a number such as 12.34")
    if len(body) > 40:
        raise InvalidAmount(field, "has too many digits")
    minor = (Decimal(body.replace(",", "")) * factor).scaleb(digits)
    if minor != minor.to_integral_value():
        raise InvalidAmount(
            field,
            "has more than {digits} decimals for {currency}",
            digits=digits,
            currency=currency.upper(),
        )
    return Money(int(minor), currency)


def _without_symbol(body: str, currency: str) -> str:
    sign = body[:1] if body[:1] in "+-" else ""
    rest = body[len(sign) :].lstrip()
    if rest[:1].isdigit() and rest[-1:].isdigit():
        return sign + rest  # babel's tables, 6 MiB in memory, are not asked for symbols
    for mark in sorted({_symbol(currency, "en"), _symbol(currency, "zh"), currency.upper()}):
        if rest.upper().startswith(mark.upper()):
            rest = rest[len(mark) :].lstrip()
        elif rest.upper().endswith(mark.upper()):
            rest = rest[: -len(mark)].rstrip()
    return sign + rest.removesuffix("元").rstrip()


def _chinese_unit(body: str) -> tuple[str, int]:
    for unit, factor in _CHINESE_UNITS.items():
        if body.endswith(unit):
            return body[:-1].rstrip(), factor
    return body, 1


def check_charge(amount: Money, *, field: str = "amount") -> Money:
    """The amount itself if Stripe can charge it; else `InvalidAmount` naming the rule."""
    charged_currency(amount.currency)
    if amount.minor <= 0:
        raise InvalidAmount(field, "must be greater than zero")
    step = multiple(amount.currency)
    if amount.minor % step:
        raise InvalidAmount(field, "must be a multiple of {step} minor units", step=step)
    least = minimum(amount.currency)
    if least is not None and amount.minor < least:
        smallest = plain(Money(least, amount.currency))
        raise InvalidAmount(field, "must be at least {smallest}", smallest=smallest)
    if len(str(amount.minor)) > MAX_DIGITS:
        raise InvalidAmount(field, "must have at most {most} digits", most=MAX_DIGITS)
    return amount


def major(amount: Money) -> Decimal:
    """The amount in major units, exact."""
    return Decimal(amount.minor).scaleb(-exponent(amount.currency))


def plain(amount: Money) -> str:
    """Major units with all decimals and no grouping: `-1234.50`; `parse` reads it back."""
    return f"{major(amount):f}"


def show(amount: Money, locale: str = "en") -> str:
    """For people: symbol, grouping, all decimals (`-$1,234.50`). Put the ISO code beside it."""
    return _shown(f"{abs(major(amount)):,f}", amount, locale)


def show_short(amount: Money, locale: str = "en", *, units: str | None = None) -> str:
    """For tiles: as `show`, without decimals from 1,000 major units on (rounded half up), and from
    a hundred million on in the large units of the language `units` (that of `locale` if not told).
    """
    value = abs(major(amount))
    if value < 1000:
        return show(amount, locale)
    if value < _LARGE:
        return _shown(f"{(value + Decimal('0.5')) // 1:,f}", amount, locale)
    named = _LARGE_UNITS["zh" if (units or locale).startswith("zh") else "en"]
    name, size = next((n, size) for n, size in named if value >= size)
    hundredths = (value * 100 / size).quantize(Decimal(1), ROUND_HALF_UP)
    return _shown(f"{hundredths.scaleb(-2):,f}{name}", amount, locale)


def _shown(number: str, amount: Money, locale: str) -> str:
    symbol = _symbol(amount.currency, "zh" if locale.startswith("zh") else "en")
    return f"{'-' if amount.minor < 0 else ''}{symbol}{number}"


@lru_cache(maxsize=512)
def _symbol(currency: str, locale: str) -> str:
    """A narrow symbol where there is one, else nothing: the code stands in its own column."""
    if currency in ("cny", "jpy"):
        return "¥"
    symbol = get_currency_symbol(currency.upper(), Locale.parse(locale))
    return "" if symbol.upper() == currency.upper() else symbol
