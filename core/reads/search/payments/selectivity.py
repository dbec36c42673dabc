"""What the kept counts say of a query: how many rows there are, and what share will pass."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

import numpy as np

from core import money
from core.reads.search.amounts import Amounts
from core.reads.search.payments.fields import Match
from core.reads.search.payments.filters import AmountTest, MatchTest
from core.reads.search.payments.sql import ELSEWHERE, Conditions, Window
from core.reads.search.payments.stats import Costs, Stats

#: The share of all payments that one value of a column has, where nothing better is known.
_SHARE = {
    "card_brand": 0.3,
    "card_country": 0.1,
    "stripe_id": 1e-9,
    "order_id": 1e-7,
    # Of a time from which most was paid out together: other payouts are read by their rows.
    "payout": 0.2,
}
_OTHER_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the counts say of a query. `sums` per slice of time and wanted facet, `every` for
    all facets; the slices lie between `bounds`, cut to the window. `passing` per facet: the
    share that amounts let through; `others`: the share that matches on columns let through;
    `lookups`: how many rows besides its own entry a row of `px_walk` or `px_facet` needs."""

    bounds: Costs
    sums: Costs
    every: Costs
    passing: Costs
    others: float
    lookups: int
    total: float


def make_estimate(counts: Stats, conditions: Conditions, window: Window) -> Estimate:
    """The estimate for the part of time that the window leaves."""
    bounds = _bounds(counts, window)
    part = np.diff(bounds) / np.diff(counts.bounds)
    total = float(counts.every.sum())
    tests = conditions.filters.matches
    livemode = conditions.filters.livemode
    currencies = {(facet.currency, facet.exponent) for facet in conditions.wanted}
    passing = {c: _passing(counts, conditions.filters.amounts, *c) for c in currencies}
    return Estimate(
        bounds=bounds,
        sums=counts.facet_sums([facet.id for facet in conditions.wanted]) * part[:, None],
        every=counts.every * part,
        passing=np.array([passing[facet.currency, facet.exponent] for facet in conditions.wanted]),
        others=float(np.prod([share_of(counts, test, total, livemode) for test in tests])),
        lookups=lookups(tests, {"email"}),
        total=total,
    )


def lookups(tests: Iterable[MatchTest], held: Set[str] = frozenset()) -> int:
    """How many rows the tests read besides an entry that holds these columns: the payment's own,
    and one for each word and payout."""
    matches = [match for test in tests for match in test.any_of]
    own = any(match.column not in {*ELSEWHERE, *held, "stripe_id"} for match in matches)
    words = sum(max(len(match.words), 1) for match in matches if match.column in ELSEWHERE)
    return int(own) + words


def _bounds(counts: Stats, window: Window) -> Costs:
    """Where the slices of days begin and end that the window leaves; others are empty."""
    low, high = window.since, window.until
    if window.after is not None:
        position = window.after.moment
        if window.older:
            high = min(high, position) if high else position
        else:
            low = max(low, position) if low else position
    first = counts.at(low) if low else counts.bounds[0]
    last = counts.at(high) if high else counts.bounds[-1]
    return np.clip(counts.bounds, first, max(first, last))


def _passing(counts: Stats, tests: tuple[AmountTest, ...], currency: str, exponent: int) -> float:
    share = 1.0
    rows = counts.currency_rows(currency)
    for test in tests:
        bounds = [amounts.minor(exponent) for amounts in test.ranges]
        estimates = [counts.amount_rows(currency, low, high)[0] for low, high in bounds]
        part = min(sum(estimates) / rows, 1.0) if rows else 1.0
        share *= 1.0 - part if test.negated else part
    return share


def share_of(counts: Stats, test: MatchTest, total: float, livemode: bool) -> float:
    """The share of all payments that a match on columns lets through."""
    rows = sum(equal_amounts(counts, one)[0] for one in test.amounts)
    shares = [_match_share(counts, match, total, livemode) for match in test.any_of]
    part = min(sum(shares) + rows / max(total, 1.0), 1.0)
    return max(1.0 - part, 0.01) if test.negated else part


def equal_amounts(counts: Stats, wanted: Amounts) -> tuple[float, int]:
    """How many payments of all currencies lie in a range: estimated, and at most."""
    found = [
        counts.amount_rows(currency, *wanted.minor(money.exponent(currency)))
        for currency in counts.amounts
    ]
    return sum(estimate for estimate, _ in found), sum(most for _, most in found)


def _match_share(counts: Stats, match: Match, total: float, livemode: bool) -> float:
    if match.prefix:
        return counts.prefix_rows(match.value) / max(total, 1.0)
    if match.column in ("name", "error"):
        keys = ((match.column, word, livemode) for word in match.words)
        return min(counts.words.get(key, 0.0) for key in keys) / max(total, 1.0)
    return _SHARE.get(match.column, _OTHER_SHARE)
