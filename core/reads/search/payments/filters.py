"""A query as conditions: facets, times, amounts, and matches on single columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.reads.search.amounts import Amounts
from core.reads.search.payments.fields import FacetValues, Match, Word
from core.reads.search.query import Query
from core.reads.search.times import Range, TimeRange


@dataclass(frozen=True, slots=True)
class FacetTest:
    """True for a facet that has any of these (column, value) pairs; `negated` turns it round."""

    any_of: frozenset[tuple[str, str]]
    negated: bool


@dataclass(frozen=True, slots=True)
class TimeTest:
    """`created_at` lies in any of these half-open ranges; None is no bound."""

    ranges: tuple[Range, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class AmountTest:
    """The amount lies in any of these ranges, in major units of the row's own currency."""

    ranges: tuple[Amounts, ...]
    negated: bool


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


def resolve(query: Query, *, livemode: bool, zone: ZoneInfo, now: datetime) -> Filters:
    """The query's conditions; days are those of `zone`, `7d` counts back from `now` (UTC)."""
    facets: list[FacetTest] = []
    times: list[TimeTest] = []
    amounts: list[AmountTest] = []
    matches: list[MatchTest] = []
    for term in query.terms:
        if term.kind is FacetValues:
            pairs = [one.pairs for one in term.read_as(FacetValues)]
            facets.append(FacetTest(frozenset().union(*pairs), term.negated))
        elif term.kind is TimeRange:
            ranges = tuple(one.in_zone(zone, now) for one in term.read_as(TimeRange))
            times.append(TimeTest(ranges, term.negated))
        elif term.kind is Amounts:
            amounts.append(AmountTest(term.read_as(Amounts), term.negated))
        elif term.kind is Word:
            (word,) = term.read_as(Word)
            matches.append(MatchTest(word.any_of, term.negated, word.amounts))
        else:
            any_of = tuple(dict.fromkeys(term.read_as(Match)))
            matches.append(MatchTest(any_of, term.negated))
    return Filters(livemode, tuple(facets), tuple(times), tuple(amounts), tuple(matches))
