"""The fields that payments are searched by: what their values mean, and what a word may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core import search_words
from core.domain.payment_states import DISPUTE_OUTCOMES, INQUIRY, OPEN, STATES
from core.domain.search_histograms import folded_email
from core.errors import InvalidInput
from core.money import CURRENCIES, STABLECOINS
from core.reads.search import amounts, query
from core.reads.search.amounts import Amounts
from core.reads.search.fields import Fields, Reader, Value, quoted_alike, shaped
from core.reads.search.query import Query
from core.reads.search.stripe_ids import Address, is_address, read_address, table_of
from core.reads.search.times import time_reader

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
#: `high` is elevated and above, `none` unassessed.
_RISK_GROUPS = {"high": ("elevated", "highest"), "none": ("",)}
#: Stripe's codes of errors and declines.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
_ADDRESS = "must be an address of Stripe's dashboard that names an object of a payment"


@dataclass(frozen=True, slots=True)
class FacetValues:
    """Columns of a facet with a value that one may have: any of these pairs."""

    pairs: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Match:
    """One column equals a value, or begins with it.

    A table's name stands for the object with that id, until `related_ids` follows it;
    `payout` for the payout that a payment's money is in; `name` and `error` for the words that a
    payment is found by (all of `words`, `core.search_words`).
    """

    column: str
    value: str
    prefix: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """All that a word without a field may be: any of these matches, or one of the amounts.

    `address`: it was an address of Stripe's dashboard, and is the id in it alone.
    """

    any_of: tuple[Match, ...]
    amounts: tuple[Amounts, ...] = ()
    address: Address | None = None


def _facet(column: str, *values: str) -> FacetValues:
    return FacetValues(frozenset((column, value) for value in values))


def _status(text: str) -> FacetValues:
    word = text.lower()
    if word in STATE_GROUPS:
        return _facet("state", *STATE_GROUPS[word])
    if word in STATES:
        return _facet("state", word)
    if word in STRIPE_STATUSES:
        return _facet("status", word)
    raise _unknown("status", *STATES, *STATE_GROUPS, *STRIPE_STATUSES)


def _dispute(text: str) -> FacetValues:
    word = text.lower()
    if word in DISPUTE_OUTCOMES or word in DISPUTE_GROUPS:
        return _facet("dispute", *DISPUTE_GROUPS.get(word, (word,)))
    raise _unknown("dispute", *DISPUTE_OUTCOMES, *DISPUTE_GROUPS)


def _risk(text: str) -> FacetValues:
    word = text.lower()
    if word in RISK_LEVELS or word in _RISK_GROUPS:
        return _facet("risk_level", *_RISK_GROUPS.get(word, (word,)))
    raise _unknown("risk", *RISK_LEVELS, *_RISK_GROUPS)


def _unknown(field: str, *known: str) -> InvalidInput:
    return InvalidInput(field, "must be one of {known}", known=", ".join(dict.fromkeys(known)))


def _currency(text: str) -> FacetValues:
    if text.lower() not in CURRENCIES | STABLECOINS:
        raise InvalidInput("currency", "must be a currency that Stripe charges in")
    return _facet("currency", text.lower())


def _method(text: str) -> FacetValues:
    return _facet("method", text.lower())


def _name(text: str) -> Match:
    found = search_words.in_line(text)
    if not found or "*" in text:
        raise InvalidInput("name", "must be whole words of a customer's name")
    return _of_words("name", *found)


def _error(text: str) -> Match:
    return _of_words("error", text.lower())


def _of_words(kind: str, *words: str) -> Match:
    return Match(kind, " ".join(words), words=words)


def _id(text: str) -> Match:
    if text.startswith("cus_"):
        return Match("customer_id", text)
    return Match(table_of(text) or "stripe_id", text)


def _email(text: str, literal: bool) -> Match:
    if not re.fullmatch(r".{1,255}", text):
        raise InvalidInput("email", "must be an address or its beginning, such as jo*")
    return _email_match(text, literal)


def _customer(text: str, literal: bool) -> Match:
    if not re.fullmatch(r".{1,255}", text):
        raise InvalidInput("customer", "must be a customer id or an e-mail address")
    return _id(text) if text.startswith("cus_") else _email_match(text, literal)


def _email_match(text: str, literal: bool) -> Match:
    address = folded_email(text)
    if address.endswith("*") and not literal:
        return Match("email", address[:-1], prefix=True)
    return Match("email", address)


def _column(
    field: str, column: str, pattern: str, rule: str, fold: Callable[[str], str] = str
) -> Reader:
    """A reader of a field that is one column of a payment."""
    return shaped(field, pattern, rule, lambda text: Match(column, fold(text)))


def _word(text: str, literal: bool) -> tuple[None, tuple[Value, ...]]:
    return None, (Value(text, read_word(text, literal)),)


def read_word(text: str, literal: bool) -> Word:
    """All that a word may be. What was quoted is no address, no amount, and no beginning.

    `InvalidInput` for an address on the web that leads to no payment.
    """
    if not literal and is_address(text):
        address = read_address(text)
        if address is None or address.stripe_id is None:
            raise InvalidInput("search", _ADDRESS)
        return Word((_id(address.stripe_id),), address=address)
    found = [_id(text)] if "_" in text else []
    found.append(Match("order_id", text))
    if found[0].column in ("order_id", "stripe_id") and not text.startswith("pi_"):
        start = text if literal else text.removesuffix("*")
        found.append(Match("email", folded_email(start), prefix=not literal))
        found += _name_or_code(text)
    if len(text) == 4 and text.isascii() and text.isdigit():
        found.append(Match("card_last4", text))
    return Word(tuple(found), () if literal else amounts.in_words(text))


def _name_or_code(text: str) -> Iterator[Match]:
    """The words of a name, and the code of a failure."""
    named = search_words.in_line(text)
    if named and "@" not in text and any(map(str.isalpha, text)):
        yield _of_words("name", *named)
    if _CODE.fullmatch(text):
        yield _error(text)


_LONG = (r"(?s).{1,500}", "must have at most 500 characters")
_BRAND = (r"[A-Za-z_ ]{1,64}", "must be a card brand such as visa")
_COUNTRY = (r"[A-Za-z]{2}", "must be a two-letter country code")

FIELDS = Fields(
    readers={
        "status": quoted_alike(_status),
        "amount": quoted_alike(amounts.amounts),
        "currency": quoted_alike(_currency),
        "method": shaped(
            "method", r"[A-Za-z0-9_]{1,64}", "must be a payment method such as card", _method
        ),
        "risk": quoted_alike(_risk),
        "dispute": quoted_alike(_dispute),
        "created": time_reader("created"),
        "email": _email,
        "customer": _customer,
        "name": quoted_alike(_name),
        "error": shaped("error", r"\w{1,64}", "must be a code such as insufficient_funds", _error),
        "order": _column("order", "order_id", *_LONG),
        "user": _column("user", "user_id", *_LONG),
        "ip": _column("ip", "ip", r"[0-9A-Fa-f:.]{2,45}", "must be an IP address"),
        "last4": _column("last4", "card_last4", r"\d{4}", "must be four digits"),
        "brand": _column(
            "brand",
            "card_brand",
            r"[A-Za-z_ ]{1,64}",
            "must be a card brand such as visa",
            str.lower,
        ),
        "country": _column(
            "country",
            "card_country",
            r"[A-Za-z]{2}",
            "must be a two-letter country code",
            str.upper,
        ),
        "id": shaped("id", r"\S{1,64}", "must be a payment or charge id", _id),
        "fingerprint": _column(
            "fingerprint", "card_fingerprint", r"\S{1,64}", "must be a card fingerprint"
        ),
    },
    word=_word,
    parts={"amount": amounts.parts},
    is_word=is_address,
)


def parse(text: str) -> Query:
    """A search line of payments; `InvalidInput` names the term that cannot be read."""
    return query.parse(text, FIELDS)
