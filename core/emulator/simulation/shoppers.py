"""Made-up customers: where they live, what they pay with, what they are called."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from core.emulator.resources.cards import Card
from core.emulator.simulation.weighted import drawing

#: country → (share of new customers, currency, method → weight)
_WEST = {"card": 84, "link": 10, "paypal": 6}
_EURO = {"card": 68, "paypal": 17, "sepa_debit": 10, "link": 5}
_CHINA = {"alipay": 42, "wechat_pay": 36, "card": 22}
_CARD = {"card": 100}
MARKETS: dict[str, tuple[int, str, dict[str, int]]] = {
    "US": (420, "usd", _WEST),
    "CA": (25, "usd", _WEST),
    "DE": (80, "eur", _EURO),
    "FR": (60, "eur", _EURO),
    "ES": (30, "eur", _EURO),
    "IE": (20, "eur", _EURO),
    "CN": (140, "cny", _CHINA),
    "HK": (15, "usd", _CARD),
    "JP": (85, "jpy", _CARD),
    "KW": (40, "kwd", _CARD),
    "GB": (50, "gbp", _WEST),
    "AU": (35, "aud", _WEST),
}
_country = drawing(list(MARKETS), [share for share, _, _ in MARKETS.values()])
_METHODS = {
    country: drawing(list(methods), methods.values())
    for country, (_, _, methods) in MARKETS.items()
}
_funding = drawing(("credit", "debit", "prepaid"), (60, 36, 4))

_FIRST = (
    "Ada Ben Carla David Elena Finn Grace Hugo Iris Jonas Klara Liam Maya Noah Olga Pablo Quinn"
    " Rosa Sami Tara Uma Victor Wanda Xenia Yusuf Zoe Amelie Bruno Chloe Diego Emma Felix Greta"
    " Henri Ines Jack Kenji Lena Mateo Nora Omar Paula Rafael Sofia Theo Valerie William Yuki"
).split()
_LAST = (
    "Abel Brandt Costa Dietrich Evans Fischer Garcia Hughes Ito Jensen Keller Lopez Martin Novak"
    " Okafor Perez Quist Rossi Schmidt Tanaka Ueda Vidal Weber Young Zimmer Bauer Clarke Dubois"
    " Ferrari Gomez Hansen Iyer Johnson Kim Lambert Moreau Nilsson Olsen Park Ramos Silva Turner"
).split()
_CHINESE_LAST = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗"
_CHINESE_FIRST = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文玉兰红梅子涵雨欣浩然思远"
_MAIL = ("example.com", "example.org", "mail.test")
_BRANDS = [("visa", "4", 55), ("mastercard", "5", 33), ("amex", "3", 8), ("discover", "6", 4)]
_brand = drawing(_BRANDS, [weight for _, _, weight in _BRANDS])


@dataclass(slots=True)
class Shopper:
    """One person. `holder` sets the card apart from others of the same test number."""

    user_id: int
    name: str
    email: str
    country: str
    currency: str
    method: str
    ip: str
    holder: str
    brand: str = "visa"
    funding: str = "credit"
    last4: str = "4242"
    exp_year: int = 2030
    member: bool = False
    customer: str | None = None
    payment_method: str | None = None
    spends: int = 100

    def saved(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def card(self) -> Card:
        numbers = {
            "visa": "4242424242424242",
            "mastercard": "5555555555554444",
            "amex": "378282246310005",
            "discover": "6011111111111117",
            "unionpay": "6200000000000005",
        }
        return Card(numbers[self.brand], self.brand, self.funding, self.country)


@dataclass
class Population:
    """Everyone who has bought so far."""

    chance: random.Random
    next_user: int = 1001
    known: list[Shopper] = field(default_factory=list)

    def pick(self) -> tuple[Shopper, bool]:
        """Somebody who buys now, and whether they are new. Early customers buy most."""
        if self.known and self.chance.random() < 0.62:
            place = int(len(self.known) * self.chance.random() ** 1.6)
            return self.known[place], False
        shopper = self.new()
        self.known.append(shopper)
        return shopper, True

    def new(self) -> Shopper:
        chance = self.chance
        country = _country(chance)
        currency = MARKETS[country][1]
        method = _METHODS[country](chance)
        name, address = _name(chance, country)
        brand, first, _ = _brand(chance)
        if country == "CN":
            brand, first = "unionpay", "6"
        user_id = self.next_user
        self.next_user += chance.randint(1, 3)
        return Shopper(
            user_id=user_id,
            name=name,
            email=f"{address}{user_id}@{chance.choice(_MAIL)}",
            country=country,
            currency=currency,
            method=method,
            ip=ip_of(chance),
            holder=f"{first}{chance.randrange(10**14)}",
            brand=brand,
            funding=_funding(chance),
            last4=f"{chance.randrange(10_000):04}",
            exp_year=chance.randint(2027, 2032),
            member=chance.random() < 0.7,
            spends=min(900, max(25, int(chance.lognormvariate(0, 0.5) * 100))),
        )


def ip_of(chance: random.Random) -> str:
    """An address from the range that is set aside for tests (RFC 2544)."""
    return f"198.{chance.randint(18, 19)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"


def _name(chance: random.Random, country: str) -> tuple[str, str]:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    if country in ("CN", "HK") and chance.random() < 0.85:
        given = "".join(chance.choice(_CHINESE_FIRST) for _ in range(chance.randint(1, 2)))
        return chance.choice(_CHINESE_LAST) + given, "user"
    return f"{first} {last}", f"{first}.{last}".lower()
