"""Terms as typed conditions: facets, times, amounts, and matches on single columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core import search_words
from core.domain.search_histograms import folded_email
from core.reads.search import amounts, values
from core.reads.search.amounts import Amounts
from core.reads.search.query import Query, Term, split
from core.reads.search.stripe_ids import read_address, table_of


@dataclass(frozen=True, slots=True)
class FacetTest:
    """True for a facet that has any of these (column, value) pairs; `negated` turns it round."""

    any_of: frozenset[tuple[str, str]]
    negated: bool


@dataclass(frozen=True, slots=True)
class TimeTest:
    """`created_at` lies in any of these half-open ranges; None is no bound."""

    ranges: tuple[tuple[datetime | None, datetime | None], ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class AmountTest:
    """The amount lies in any of these ranges, in major units of the row's own currency."""

    ranges: tuple[Amounts, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Match:
    """One column equals a value, or begins with it.

    A table's name stands for the object with that id, until `related_ids` follows it;
    `payout` for the payout that a payment's money is in; `name` and `error` for the words that a
    payment is found by (all words of the value, `core.search_words`).
    """

    column: str
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class MatchTest:
    """Any of these matches holds, or the amount is one of `amounts`; `negated` turns it round."""

    any_of: tuple[Match, ...]
    negated: bool
    amounts: tuple[Amounts, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """All tests must hold, in one mode."""

    livemode: bool
    facets: tuple[FacetTest, ...] = ()
    times: tuple[TimeTest, ...] = ()
    amounts: tuple[AmountTest, ...] = ()
    matches: tuple[MatchTest, ...] = ()


#: Stripe's codes of errors and declines.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
#: Fields that the numbered combinations answer (`core.reads.search.payments.facets`).
_FACETS = ("status", "currency", "method", "risk", "dispute")
_COLUMNS = {
    "order": "order_id",
    "user": "user_id",
    "ip": "ip",
    "last4": "card_last4",
    "brand": "card_brand",
    "country": "card_country",
    "fingerprint": "card_fingerprint",
}


def resolve(query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime) -> Filters:
    """The query's conditions; days are those of `zone`, `7d` counts back from `now`."""
    by_kind: dict[str, list[Term]] = {}
    for term in query.terms:
        kind = term.field if term.field in ("created", "amount") else "match"
        kind = "facet" if term.field in _FACETS else kind
        by_kind.setdefault(kind, []).append(term)
    return Filters(
        livemode=livemode,
        facets=tuple(FacetTest(_pairs(t), t.negated) for t in by_kind.get("facet", ())),
        times=tuple(
            TimeTest(tuple(values.created(v, zone, now) for v in split(t)), t.negated)
            for t in by_kind.get("created", ())
        ),
        amounts=tuple(
            AmountTest(tuple(map(amounts.amounts, split(t))), t.negated)
            for t in by_kind.get("amount", ())
        ),
        matches=tuple(map(_matches, by_kind.get("match", ()))),
    )


def _pairs(term: Term) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for value in split(term):
        if term.field == "status":
            column, states = values.statuses(value)
            found |= {(column, state) for state in states}
        elif term.field == "risk":
            found |= {("risk_level", level) for level in values.risks(value)}
        elif term.field == "dispute":
            found |= {("dispute", outcome) for outcome in values.disputes(value)}
        else:
            found.add((str(term.field), value.lower()))
    return frozenset(found)


def _matches(term: Term) -> MatchTest:
    if term.field is None:
        return word(term)
    found = (match for value in split(term) for match in _values(term, value))
    return MatchTest(tuple(dict.fromkeys(found)), term.negated)


def _values(term: Term, value: str) -> Iterable[Match]:
    if term.field in _COLUMNS:
        shown = value.upper() if term.field == "country" else value
        yield Match(_COLUMNS[term.field], shown.lower() if term.field == "brand" else shown)
    elif term.field == "id":
        yield _id(value)
    elif term.field == "name":
        yield Match("name", " ".join(search_words.in_line(value)))
    elif term.field == "error":
        yield Match("error", value.lower())
    elif term.field == "customer" and value.startswith("cus_"):
        yield Match("customer_id", value)
    else:
        yield _email(value, term.literal)


def _email(value: str, literal: bool) -> Match:
    address = folded_email(value)
    if address.endswith("*") and not literal:
        return Match("email", address[:-1], prefix=True)
    return Match("email", address)


def _id(value: str) -> Match:
    if value.startswith("cus_"):
        return Match("customer_id", value)
    return Match(table_of(value) or "stripe_id", value)


def word(term: Term) -> MatchTest:
    """All that a word without a field may be; an address of Stripe's dashboard is the id in it.

    What was quoted is no address, no amount, and no beginning.
    """
    value = term.value
    address = None if term.literal else read_address(value)
    if address is not None and address.stripe_id is not None:
        return MatchTest((_id(address.stripe_id),), term.negated)
    found = [_id(value)] if "_" in value else []
    found.append(Match("order_id", value))
    if found[0].column in ("order_id", "stripe_id") and not value.startswith("pi_"):
        start = value if term.literal else value.removesuffix("*")
        found.append(Match("email", folded_email(start), prefix=not term.literal))
        found += _said(value)
    if len(value) == 4 and value.isascii() and value.isdigit():
        found.append(Match("card_last4", value))
    return MatchTest(tuple(found), term.negated, () if term.literal else amounts.in_words(value))


def _said(value: str) -> Iterator[Match]:
    """The words of a name, and the code of a failure."""
    named = search_words.in_line(value)
    if named and "@" not in value and any(map(str.isalpha, value)):
        yield Match("name", " ".join(named))
    if _CODE.fullmatch(value):
        yield Match("error", value.lower())
