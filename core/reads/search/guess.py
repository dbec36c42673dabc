"""What the kept counts say of a query: how many rows there are, and what share will pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.reads.search.facets import Facet
from core.reads.search.filters import Match, MatchTest
from core.reads.search.sql import Conditions, Window
from core.reads.search.stats import Stats

Costs = NDArray[np.float64]

#: The share of all payments that one value of a column has, where nothing better is known.
_SHARE = {"card_brand": 0.3, "card_country": 0.1, "stripe_id": 1e-9, "order_id": 1e-7}
_OTHER_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Guess:
    """What the counts say of a query. `passing` per facet is the share that amounts let through;
    `others` the share that matches on columns let through."""

    per_day: NDArray[np.int64]
    all_days: Costs
    passing: Costs
    others: float
    looks_up: bool
    total: float


def make_guess(counts: Stats, conditions: Conditions, window: Window) -> Guess:
    """The guess for the part of time that the window leaves."""
    start, end = _days(counts, window)
    per_day = counts.facet_days([facet.id for facet in conditions.wanted])
    all_days = counts.per_day.sum(axis=1).astype(np.float64)
    total = float(all_days.sum())
    per_day[:start] = 0
    per_day[end:] = 0
    all_days[:start] = 0
    all_days[end:] = 0
    tests = conditions.filters.matches
    columns = {match.column for test in tests for match in test.any_of}
    return Guess(
        per_day=per_day,
        all_days=all_days,
        passing=np.array([_passing(counts, conditions, facet) for facet in conditions.wanted]),
        others=float(np.prod([share_of(counts, test, total) for test in tests])),
        looks_up=bool(columns - {"email", "stripe_id"}),
        total=total,
    )


def _days(counts: Stats, window: Window) -> tuple[int, int]:
    """The days that the window touches; a day more on each side for time zones."""
    low, high = window.since, window.until
    if window.after is not None:
        edge = window.after.created_at
        if window.older:
            high = min(high, edge) if high else edge
        else:
            low = max(low, edge) if low else edge
    height = len(counts.per_day)
    start = (low.date() - counts.first).days - 1 if low else 0
    end = (high.date() - counts.first).days + 2 if high else height
    return min(max(start, 0), height), min(max(end, 0), height)


def _passing(counts: Stats, conditions: Conditions, facet: Facet) -> float:
    share = 1.0
    rows = counts.currency_rows(facet.currency)
    for test in conditions.filters.amounts:
        bounds = [amounts.minor(facet.exponent) for amounts in test.ranges]
        guesses = [counts.amount_rows(facet.currency, low, high)[0] for low, high in bounds]
        part = min(sum(guesses) / rows, 1.0) if rows else 1.0
        share *= 1.0 - part if test.negated else part
    return share


def share_of(counts: Stats, test: MatchTest, total: float) -> float:
    """The share of all payments that a match on columns lets through."""
    part = min(sum(_match_share(counts, match, total) for match in test.any_of), 1.0)
    return max(1.0 - part, 0.01) if test.negated else part


def _match_share(counts: Stats, match: Match, total: float) -> float:
    if match.prefix:
        return counts.prefix_rows(match.value) / max(total, 1.0)
    return _SHARE.get(match.column, _OTHER_SHARE)
