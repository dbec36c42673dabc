"""Chooses the way that touches the fewest rows (PERF section 4): by key, walk, facets, amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from core.reads.search.filters import AmountTest, Match, MatchTest
from core.reads.search.guess import Guess, make_guess, share_of
from core.reads.search.sql import (
    Arm,
    Binds,
    Conditions,
    Window,
    arm_tests,
    entries_of,
)
from core.reads.search.stats import Costs, Stats

#: Reading a whole row behind an index entry, and opening an arm, in index entries.
LOOKUP = 4.0
ARM = 20.0
#: Rows that are sorted after reading cost more than rows that come in order.
SORTED = 1.5
#: Rows read at first at least: a guess that is too low costs another stretch, not a scan.
STRETCH = 2_000.0
#: A key's rows are counted (up to `PROBE`) only where a guess could cost more than this.
WORTH_PROBING = 1500.0
PROBE = 4000
#: More than any other plan costs.
_NEVER = 1e12

_INDEX = {
    "stripe_id": None,
    "order_id": "px_order",
    "card_last4": "px_last4",
    "user_id": "px_user",
    "ip": "px_ip",
    "customer_id": "px_customer",
    "card_fingerprint": "px_fp",
    "card_country": "px_country",
    "card_brand": "px_brand",
    "email": "px_email",
}


@dataclass(frozen=True, slots=True)
class Course:
    """What reading costs by time: so many rows in each stretch between `bounds`, in days."""

    bounds: Costs
    costs: Costs


@dataclass(frozen=True, slots=True)
class Plan:
    """`cost` in rows; with a `course` a reading can stop at a budget; `first`: how many rows to
    read before looking whether they do. `keyed`: indexes that are read in order of time, and may
    go on for long. `proves`: the test that every row of the arms passes by the way it is found."""

    kind: str
    arms: tuple[Arm, ...]
    cost: float
    course: Course | None = None
    first: float = STRETCH
    keyed: bool = False
    proves: MatchTest | None = None


def choose(
    conn: Connection,
    counts: Stats,
    conditions: Conditions,
    window: Window,
    limit: int,
    most: float | None = None,
) -> Plan:
    """The cheapest plan for the first `limit` rows of the window.

    A plan that costs more than `most` rows is passed over, unless it can stop at a budget.
    """
    if conditions.every_facet and not (conditions.filters.amounts or conditions.filters.matches):
        return Plan("walk", (Arm("px_walk"),), float(limit))
    guess = make_guess(counts, conditions, window)
    plans = [
        _walk(guess, limit, window.older),
        _facets(guess, conditions, limit, window.older),
    ]
    for amounts in conditions.filters.amounts:
        if not amounts.negated:
            plans.append(_amounts(counts, guess, conditions, amounts, limit, window.ordered))
    for test in conditions.filters.matches:
        if not test.negated:
            best = min(plan.cost for plan in plans)
            plans.append(_keyed(conn, counts, guess, conditions, test, limit, best, window.ordered))
    able = [p for p in plans if most is None or p.cost <= most or p.course is not None or p.keyed]
    return min(able, key=lambda plan: plan.cost)


def _walk(guess: Guess, limit: int, older: bool) -> Plan:
    """Everything in order of time until enough match."""
    inside = guess.sums @ guess.passing
    costs = guess.every + (LOOKUP * inside if guess.looks_up else 0.0)
    cost = _until(inside * guess.others, costs, limit, older)
    course = Course(guess.bounds, costs)
    return Plan("walk", (Arm("px_walk"),), cost, course, first=max(2 * cost, STRETCH))


def _facets(guess: Guess, conditions: Conditions, limit: int, older: bool) -> Plan:
    """The wanted facets alone, over about twice the time that should do, then sorted."""
    costs = guess.sums.sum(axis=1) * (LOOKUP if guess.looks_up else 1.0)
    rows = _until((guess.sums @ guess.passing) * guess.others, costs, limit, older)
    cost = ARM * len(conditions.wanted) + 2 * SORTED * rows
    course = Course(guess.bounds, costs)
    return Plan("facets", (Arm("px_facet"),), cost, course, first=2 * rows + limit)


def _until(matches: Costs, costs: Costs, limit: int, older: bool) -> float:
    """What it costs to go on, stretch by stretch, until `limit` rows have matched."""
    onward = slice(None, None, -1 if older else 1)
    found, spent = np.cumsum(matches[onward]), np.cumsum(costs[onward])
    if not len(found) or found[-1] < limit:
        return float(spent[-1]) if len(spent) else 0.0
    last = int(np.searchsorted(found, limit))
    before = float(found[last - 1]) if last else 0.0
    part = (limit - before) / max(float(found[last]) - before, 1e-9)
    base = float(spent[last - 1]) if last else 0.0
    return base + part * (float(spent[last]) - base)


def _amounts(
    counts: Stats,
    guess: Guess,
    conditions: Conditions,
    test: AmountTest,
    limit: int,
    ordered: bool,
) -> Plan:
    """All payments in the ranges of amounts, sorted; a single amount comes in order of time."""
    arms, cost = [], 0.0
    share = max(guess.others * _wanted_share(guess), 1e-12)
    for currency, exponent in sorted({(f.currency, f.exponent) for f in conditions.wanted}):
        for low, high in (amounts.minor(exponent) for amounts in test.ranges):
            if low > high:
                continue
            rows = float(counts.amount_rows(currency, low, high)[1])
            arms.append(Arm("px_amt", (("currency", currency),), ("amount_minor", low, high)))
            sort = ordered and low != high
            cost += ARM + (SORTED * rows if sort else min(rows, limit / share))
    emails = any(m.column == "email" for t in conditions.filters.matches for m in t.any_of)
    looks_up = guess.looks_up or emails
    return Plan("amounts", tuple(arms), cost * (1.0 + LOOKUP if looks_up else 1.0))


def _wanted_share(guess: Guess) -> float:
    every = float(guess.every.sum())
    return min(float(guess.sums.sum()) / every, 1.0) if every else 1.0


def _keyed(
    conn: Connection,
    counts: Stats,
    guess: Guess,
    conditions: Conditions,
    test: MatchTest,
    limit: int,
    best: float,
    ordered: bool,
) -> Plan:
    """The columns' own indexes; a value with many payments is read in order of time."""
    rest = [other for other in conditions.filters.matches if other is not test]
    share = float(np.prod([share_of(counts, other, guess.total) for other in rest]))
    passed = float((guess.sums.sum(axis=0) * guess.passing).sum())
    share *= min(passed / max(float(guess.every.sum()), 1.0), 1.0)
    looks_up = any(m.column != "email" for other in rest for m in other.any_of)
    each = 1.0 + LOOKUP if looks_up else 1.0
    needed = limit / max(share, 1e-12)
    cost, long = 0.0, False
    arms = []
    for match in test.any_of:
        arm, rows = _way(conn, counts, match, conditions.filters.livemode, (needed, best))
        arms.append(arm)
        if match.column == "payout":
            cost += _of_payout(rows, ordered)
        elif match.prefix and ordered:
            cost += ARM + SORTED * rows * each
        else:
            cost += ARM + min(rows, needed) * (1.0 + LOOKUP if arm.words else each)
            long = long or (rows > PROBE and not match.prefix)
    for arm, most in _equal_amounts(counts, conditions, test):
        rows = most if most <= PROBE else _worth(conn, arm, needed, best)
        arms.append(arm)
        cost += ARM + min(rows, needed) * each
        long = long or rows > PROBE
    return Plan("keyed", tuple(arms), cost, keyed=long, proves=test)


def _of_payout(rows: float, ordered: bool) -> float:
    """Every ledger row, and the payment behind it; a large payout is better found by its time."""
    if rows > PROBE:
        return _NEVER
    return ARM + (SORTED if ordered else 1.0) * rows * (1.0 + LOOKUP)


def _equal_amounts(
    counts: Stats, conditions: Conditions, test: MatchTest
) -> Iterator[tuple[Arm, float]]:
    """An arm for each currency that the amounts of a word can be in, with its rows at most."""
    for currency, exponent in sorted({(f.currency, f.exponent) for f in conditions.wanted}):
        for low, high in (amounts.minor(exponent) for amounts in test.amounts):
            if low <= high:
                arm = Arm("px_amt", (("currency", currency),), ("amount_minor", low, high))
                yield arm, float(counts.amount_rows(currency, low, high)[1])


def _way(
    conn: Connection, counts: Stats, match: Match, livemode: bool, worth: tuple[float, float]
) -> tuple[Arm, float]:
    """The arm of a match, and how many payments it has: known, guessed, or counted."""
    needed, best = worth
    if match.column in ("name", "error"):
        words = match.value.split()
        ways = [
            Arm(
                None,
                words=(match.column, word, *(o for o in words if o != word)),
                livemode=livemode,
            )
            for word in words
        ]
        # Of several words the rarest leads; a single one needs counting only as others do.
        needed, best = (_NEVER, _NEVER) if len(ways) > 1 else worth
        return min(((way, _worth(conn, way, needed, best)) for way in ways), key=lambda w: w[1])
    arm = _arm(match)
    return arm, _rows(conn, counts, match, arm, worth)


def _arm(match: Match) -> Arm:
    if match.column == "payout":
        return Arm(None, payout=match.value)
    if match.prefix:
        return Arm("px_email", prefix=match)
    return Arm(_INDEX[match.column], equals=((match.column, match.value),))


def _rows(
    conn: Connection, counts: Stats, match: Match, arm: Arm, worth: tuple[float, float]
) -> float:
    if match.column in ("stripe_id", "order_id"):
        return 2.0
    known = float(counts.prefix_rows(match.value)) if match.prefix else None
    if known is not None and (known <= PROBE or len(match.value) <= 3):
        return known
    needed, best = worth
    if match.column == "payout":
        needed = best = _NEVER
    elif match.prefix:
        needed = _NEVER
    found = _worth(conn, arm, needed, best)
    return found if found <= PROBE or known is None else known


def _worth(conn: Connection, arm: Arm, needed: float, best: float) -> float:
    """How many rows an arm has: counted up to `PROBE` if that may save more than it costs."""
    if best <= WORTH_PROBING or needed <= WORTH_PROBING:
        return 1.0 + PROBE
    return float(_probe(conn, arm))


def _probe(conn: Connection, arm: Arm) -> int:
    binds = Binds(conn)
    entries = entries_of(binds, arm)
    tests = [] if arm.payout else arm_tests(binds, replace(arm, words=arm.words[:2]))
    where = [f"WHERE {' AND '.join(tests)}"] if tests else []
    inner = ["SELECT 1 FROM", entries, *where, f"LIMIT {PROBE + 1}"]
    text = " ".join(["SELECT count(*) FROM (", *inner, ") AS probed"])
    return int(conn.exec_driver_sql(text, binds.values).scalar_one())
