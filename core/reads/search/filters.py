"""Terms as typed conditions: facets, times, amounts, and matches on single columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.db.buckets import folded_email
from core.reads.search import values
from core.reads.search.query import Query, Term, split
from core.reads.search.values import Amounts


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
    """One column equals a value, or begins with it."""

    column: str
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class MatchTest:
    """Any of these matches holds; `negated` turns it round."""

    any_of: tuple[Match, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """All tests must hold, in one mode."""

    livemode: bool
    facets: tuple[FacetTest, ...] = ()
    times: tuple[TimeTest, ...] = ()
    amounts: tuple[AmountTest, ...] = ()
    matches: tuple[MatchTest, ...] = ()


_COLUMNS = {
    "order": "order_id",
    "user": "user_id",
    "ip": "ip",
    "last4": "card_last4",
    "brand": "card_brand",
    "country": "card_country",
    "fingerprint": "card_fingerprint",
}
#: Beginnings of Stripe ids that lead to a payment, with the table to ask (`core.reads.search.ids`).
RELATED = {
    "ch_": "charges",
    "py_": "charges",
    "re_": "refunds",
    "pyr_": "refunds",
    "dp_": "disputes",
    "du_": "disputes",
    "issfr_": "early_fraud_warnings",
    "txn_": "balance_transactions",
}


def resolve(query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime) -> Filters:
    """The query's conditions; days are those of `zone`, `7d` counts back from `now`."""
    by_kind: dict[str, list[Term]] = {}
    for term in query.terms:
        kind = term.field if term.field in ("created", "amount") else "match"
        kind = "facet" if term.field in ("status", "currency", "method", "risk") else kind
        by_kind.setdefault(kind, []).append(term)
    return Filters(
        livemode=livemode,
        facets=tuple(FacetTest(_pairs(t), t.negated) for t in by_kind.get("facet", ())),
        times=tuple(
            TimeTest(tuple(values.created(v, zone, now) for v in split(t)), t.negated)
            for t in by_kind.get("created", ())
        ),
        amounts=tuple(
            AmountTest(tuple(map(values.amounts, split(t))), t.negated)
            for t in by_kind.get("amount", ())
        ),
        matches=tuple(
            MatchTest(tuple(dict.fromkeys(_matches(t))), t.negated)
            for t in by_kind.get("match", ())
        ),
    )


def _pairs(term: Term) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for value in split(term):
        if term.field == "status":
            column, states = values.statuses(value)
            found |= {(column, state) for state in states}
        elif term.field == "risk":
            found |= {("risk_level", level) for level in values.risks(value)}
        else:
            found.add((str(term.field), value.lower()))
    return frozenset(found)


def _matches(term: Term) -> Iterable[Match]:
    for value in (term.value,) if term.field is None else split(term):
        if term.field is None:
            yield from _word(value, term.literal)
        elif term.field in _COLUMNS:
            shown = value.upper() if term.field == "country" else value
            yield Match(_COLUMNS[term.field], shown.lower() if term.field == "brand" else shown)
        elif term.field == "id":
            yield _id(value)
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
    for start, table in RELATED.items():
        if value.startswith(start):
            return Match(table, value)
    return Match("stripe_id", value)


def _word(value: str, literal: bool) -> Iterable[Match]:
    """Free text: an id of Stripe's, the beginning of an address, an order, the last four digits."""
    if value.startswith("cus_"):
        yield Match("customer_id", value)
        return
    found = _id(value)
    yield found
    if found.column != "stripe_id" or value.startswith("pi_"):
        return
    yield Match("email", folded_email(value.removesuffix("*")), prefix=not literal)
    yield Match("order_id", value)
    if len(value) == 4 and value.isascii() and value.isdigit():
        yield Match("card_last4", value)
