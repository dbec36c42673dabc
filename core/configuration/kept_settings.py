"""Which settings may be kept in the database, and what a value of each must be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core import money
from core.domain.roles import ROLES
from core.errors import InvalidInput, Misconfigured, UnknownCurrency
from core.settings import SHORTEST_DAYS, is_live

_LONGEST = 1000
_DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}")
_SHORTEST_SECRET = 20
_MOST_DAYS = 36_500
#: A session lasts no longer.
_MOST_MINUTES = 480


@dataclass(frozen=True, slots=True)
class KeptSetting:
    """`name` is the field of `core.settings.Settings`; `checked` gives a text in its one form, or
    says by `InvalidInput` which rule it breaks. What is `secret` is encrypted and never shown."""

    name: str
    check: Callable[[str, str], str]
    secret: bool = False
    choices: tuple[str, ...] = ()

    def checked(self, value: object) -> str:
        """The value as it is kept; `InvalidInput` under the setting's name."""
        if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
            rule = "must be one line of at most {most} characters"
            raise InvalidInput(self.name, rule, most=_LONGEST)
        if not value.strip():
            raise InvalidInput(self.name, "must not be empty")
        return self.check(self.name, value.strip())


def _secret_key(name: str, text: str) -> str:
    test_only = name == "stripe_test_secret_key"
    if not text.startswith(("sk_test_", "rk_test_") if test_only else ("sk_", "rk_")):
        rule = "must begin with {allowed}"
        allowed = "sk_test_, rk_test_" if test_only else "sk_live_, rk_live_, sk_test_, rk_test_"
        raise InvalidInput(name, rule, allowed=allowed)
    return _of_a_mode(name, text)


def _publishable_key(name: str, text: str) -> str:
    test_only = name == "stripe_test_publishable_key"
    if not text.startswith("pk_test_" if test_only else "pk_"):
        allowed = "pk_test_" if test_only else "pk_live_, pk_test_"
        raise InvalidInput(name, "must begin with {allowed}", allowed=allowed)
    return _of_a_mode(name, text)


def _of_a_mode(name: str, text: str) -> str:
    try:
        is_live(text)
    except Misconfigured as error:
        raise InvalidInput(name, error.message) from None
    if not text.isascii() or " " in text:
        raise InvalidInput(name, "must be a key as Stripe shows it, without spaces")
    return text


def _webhook_secret(name: str, text: str) -> str:
    parts = [part.strip() for part in text.split(",")]
    if any(not one.startswith("whsec_") or len(one) < _SHORTEST_SECRET for one in parts):
        raise InvalidInput(name, "must begin with {allowed}", allowed="whsec_")
    return ",".join(parts)


def _zone(name: str, text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(name, "is not a time zone, such as Europe/Berlin") from None
    return text


def _currencies(name: str, text: str) -> str:
    found = [part.strip().lower() for part in text.split(",") if part.strip()]
    for currency in found:
        try:
            money.known_currency(currency)
        except UnknownCurrency:
            rule = "{currency} is not a currency that is known here"
            raise InvalidInput(name, rule, currency=currency) from None
    return ",".join(dict.fromkeys(found))


def _largest(name: str, text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(name, "must be a number such as 999999.99") from None
    if not amount.is_finite() or not 0 < amount <= Decimal("999999999.99"):
        raise InvalidInput(name, "must be more than 0 and at most 999999999.99")
    return f"{amount:f}"


def _rate(name: str, text: str) -> str:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 1_000_000:
        raise InvalidInput(name, "must be a whole number between 1 and 1000000")
    return str(int(text))


def _public_url(name: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment or parts.username:
        raise InvalidInput(name, "must be an address such as https://pay.example.com")
    return text.rstrip("/")


def _days(name: str, text: str) -> str:
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST_DAYS:
        raise InvalidInput(name, "must be a whole number between 0 and {most}", most=_MOST_DAYS)
    if name == "personal_data_days" and 0 < int(text) < SHORTEST_DAYS:
        raise InvalidInput(name, "must be 0 or at least {least}", least=SHORTEST_DAYS)
    return str(int(text))


def _issuer(name: str, text: str) -> str:
    address = _public_url(name, text)
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise InvalidInput(name, "must be an address such as https://login.example.com")
    return address


def _client_id(name: str, text: str) -> str:
    if not text.isascii() or " " in text:
        raise InvalidInput(name, "must be as the provider shows it, without spaces")
    return text


def _domains(name: str, text: str) -> str:
    found = [part.strip().casefold() for part in text.split(",") if part.strip()]
    for domain in found:
        if not _DOMAIN.fullmatch(domain):
            raise InvalidInput(name, "must be domains such as example.com, with commas between")
    return ",".join(dict.fromkeys(found))


def _minutes(name: str, text: str) -> str:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= _MOST_MINUTES:
        raise InvalidInput(name, "must be a whole number between 1 and {most}", most=_MOST_MINUTES)
    return str(int(text))


def _roles(name: str, text: str) -> str:
    found = [part.strip() for part in text.split(",") if part.strip()]
    for role in found:
        if role not in ROLES:
            raise InvalidInput(name, "must be among {allowed}", allowed=", ".join(ROLES))
    return ",".join(dict.fromkeys(found))


def _choice(name: str, *allowed: str) -> KeptSetting:
    def check(field: str, value: str) -> str:
        if value not in allowed:
            raise InvalidInput(field, "must be one of {allowed}", allowed=", ".join(allowed))
        return value

    return KeptSetting(name, check, choices=allowed)


KEPT = {
    one.name: one
    for one in (
        KeptSetting("stripe_secret_key", _secret_key, secret=True),
        KeptSetting("stripe_publishable_key", _publishable_key),
        KeptSetting("stripe_webhook_secret", _webhook_secret, secret=True),
        KeptSetting("stripe_test_secret_key", _secret_key, secret=True),
        KeptSetting("stripe_test_publishable_key", _publishable_key),
        KeptSetting("stripe_test_webhook_secret", _webhook_secret, secret=True),
        KeptSetting("reporting_timezone", _zone),
        KeptSetting("payment_currencies", _currencies),
        KeptSetting("payment_largest", _largest),
        KeptSetting("rate_limit", _rate),
        KeptSetting("public_url", _public_url),
        KeptSetting("personal_data_days", _days),
        KeptSetting("export_history_days", _days),
        KeptSetting("alert_history_days", _days),
        KeptSetting("second_factor_roles", _roles),
        KeptSetting("step_up_minutes", _minutes),
        KeptSetting("oidc_issuer", _issuer),
        KeptSetting("oidc_client_id", _client_id),
        KeptSetting("oidc_client_secret", _client_id, secret=True),
        KeptSetting("oidc_domains", _domains),
        _choice("refund_approval", "above_limit", "always"),
        _choice("close_approval", "second_person", "one_person"),
        _choice("rules_approval", "one_person", "second_person"),
    )
}


def known(name: object) -> KeptSetting:
    """The setting of this name, in either case; `InvalidInput` for one that is not kept here."""
    found = KEPT.get(name.strip().lower()) if isinstance(name, str) else None
    if found is None:
        allowed = ", ".join(one.upper() for one in KEPT)
        raise InvalidInput("name", "must be one of {allowed}", allowed=allowed)
    return found
