"""How the value of each search field is read, and what a value that cannot be read is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.payment_states import DISPUTE_OUTCOMES, INQUIRY, OPEN, STATES
from core.errors import InvalidInput
from core.money import CURRENCIES, STABLECOINS
from core.reads.search.amounts import amounts
from core.search_words import in_line

#: Words for several states at once; the other words are states and Stripe's own statuses.
STATE_GROUPS = {
    "open": (
        "incomplete",
        "requires_confirmation",
        "requires_action",
        "processing",
        "requires_capture",
    ),
    "refunded": ("refunded", "partially_refunded"),
    "paid": ("succeeded", "partially_refunded", "refunded", "disputed"),
}
#: Stripe's statuses that are not also a state's name.
STRIPE_STATUSES = ("requires_payment_method",)
#: Words for how the disputes of a payment stand; the others are outcomes themselves.
DISPUTE_GROUPS = {"none": ("",), "open": (OPEN, INQUIRY)}
RISK_LEVELS = ("normal", "elevated", "highest", "not_assessed", "unknown")
_RISK_WORDS = {"high": ("elevated", "highest"), "none": ("",)}

_BOUND = re.compile(r"(>=|<=|>|<|=)?(.+)")
_SPAN = re.compile(r"(\d{1,5})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")


def _signed(text: str) -> tuple[str, str]:
    found = _BOUND.fullmatch(text)
    return (found[1] or "", found[2]) if found else ("", "")


def created(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime | None, datetime | None]:
    """A half-open range of UTC times: `7d`, `today`, `2026-11`, `>2026-11-01`, `a..b`.

    Days are those of `zone`; `>2026-11-01` begins with the day after, `a..b` includes b.
    """
    if ".." in text:
        low, _, high = text.partition("..")
        return _range(low, zone, now)[0], _range(high, zone, now)[1]
    span = _SPAN.fullmatch(text)
    if span:
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])}), None
    sign, rest = _signed(text)
    start, end = _range(rest, zone, now)
    bounds = {">": (end, None), ">=": (start, None), "<": (None, start), "<=": (None, end)}
    return bounds.get(sign, (start, end))


def _range(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    today = now.astimezone(zone).date()
    try:
        if text in ("today", "yesterday"):
            first = today - timedelta(days=text == "yesterday")
            return _midnight(first, zone), _midnight(first + timedelta(days=1), zone)
        if _DAY.fullmatch(text):
            first = date.fromisoformat(text)
            return _midnight(first, zone), _midnight(first + timedelta(days=1), zone)
        if _MONTH.fullmatch(text):
            first = date.fromisoformat(f"{text}-01")
            after = (first + timedelta(days=31)).replace(day=1)
            return _midnight(first, zone), _midnight(after, zone)
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return aware.astimezone(UTC), aware.astimezone(UTC) + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise InvalidInput(
            "created", "must be a time such as 7d, 24h, today, 2026-11, 2026-11-01 or >2026-11-01"
        ) from None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def statuses(text: str) -> tuple[str, frozenset[str]]:
    """The facet column that a word speaks of (`state`, `status`), and the values it stands for."""
    word = text.lower()
    if word in STATE_GROUPS:
        return "state", frozenset(STATE_GROUPS[word])
    if word in STATES:
        return "state", frozenset([word])
    if word in STRIPE_STATUSES:
        return "status", frozenset([word])
    known = ", ".join(dict.fromkeys([*STATES, *STATE_GROUPS, *STRIPE_STATUSES]))
    raise InvalidInput("status", "must be one of {known}", known=known)


def disputes(text: str) -> frozenset[str]:
    """How disputes stand that a word speaks of; `open` waits for an end, inquiries too."""
    word = text.lower()
    if word in DISPUTE_OUTCOMES or word in DISPUTE_GROUPS:
        return frozenset(DISPUTE_GROUPS.get(word, (word,)))
    known = ", ".join(dict.fromkeys([*DISPUTE_OUTCOMES, *DISPUTE_GROUPS]))
    raise InvalidInput("dispute", "must be one of {known}", known=known)


def risks(text: str) -> frozenset[str]:
    """The risk levels that a word stands for; `high` is elevated and above, `none` unassessed."""
    word = text.lower()
    if word in RISK_LEVELS or word in _RISK_WORDS:
        return frozenset(_RISK_WORDS.get(word, (word,)))
    known = ", ".join([*RISK_LEVELS, *_RISK_WORDS])
    raise InvalidInput("risk", "must be one of {known}", known=known)


def currency(text: str) -> str:
    """A currency code in lower case."""
    if text.lower() not in CURRENCIES | STABLECOINS:
        raise InvalidInput("currency", "must be a currency that Stripe charges in")
    return text.lower()


def names(text: str) -> tuple[str, ...]:
    """The words of a customer's name, folded."""
    found = in_line(text)
    if not found or "*" in text:
        raise InvalidInput("name", "must be whole words of a customer's name")
    return found


def shaped(field: str, pattern: str, rule: str) -> Callable[[str], object]:
    """A check of a field's values: they match the pattern, or are told the rule."""
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise InvalidInput(field, rule)

    return check


def _created(text: str) -> None:
    created(text, ZoneInfo("UTC"), datetime(2000, 1, 1, tzinfo=UTC))


#: Reads a value, and raises `InvalidInput` when it cannot.
CHECKS: dict[str, Callable[[str], object]] = {
    "status": statuses,
    "amount": amounts,
    "currency": currency,
    "method": shaped("method", r"[A-Za-z0-9_]{1,64}", "must be a payment method such as card"),
    "risk": risks,
    "dispute": disputes,
    "created": _created,
    "email": shaped("email", r".{1,255}", "must be an address or its beginning, such as jo*"),
    "customer": shaped("customer", r".{1,255}", "must be a customer id or an e-mail address"),
    "name": names,
    "error": shaped("error", r"\w{1,64}", "must be a code such as insufficient_funds"),
    "order": shaped("order", r"(?s).{1,500}", "must have at most 500 characters"),
    "user": shaped("user", r"(?s).{1,500}", "must have at most 500 characters"),
    "ip": shaped("ip", r"[0-9A-Fa-f:.]{2,45}", "must be an IP address"),
    "last4": shaped("last4", r"\d{4}", "must be four digits"),
    "brand": shaped("brand", r"[A-Za-z_ ]{1,64}", "must be a card brand such as visa"),
    "country": shaped("country", r"[A-Za-z]{2}", "must be a two-letter country code"),
    "id": shaped("id", r"\S{1,64}", "must be a payment or charge id"),
    "fingerprint": shaped("fingerprint", r"\S{1,64}", "must be a card fingerprint"),
}
FIELDS = tuple(CHECKS)
