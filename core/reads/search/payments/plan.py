"""Chooses the way that touches the fewest rows: by key, walk, facets, amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from core.db.types import Utc
from core.reads.search.payments.fields import Match
from core.reads.search.payments.filters import AmountTest, Filters, MatchTest
from core.reads.search.payments.selectivity import Guess, lookups, make_guess, share_of
from core.reads.search.payments.sql import (
    AccessPath,
    Binds,
    Conditions,
    Window,
    arm_tests,
    order_of,
    paid_out,
    source_of,
)
from core.reads.search.payments.stats import Costs, Stats

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
#: Words whose number of payments is kept.
_MOST_WORDS = 10_000
_UTC = Utc()

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
    go on for long; an entry costs `each`. `proves`: the test that every row of the arms passes by
    the way it is found."""

    kind: str
    arms: tuple[AccessPath, ...]
    cost: float
    course: Course | None = None
    first: float = STRETCH
    keyed: bool = False
    each: float = 1.0
    proves: MatchTest | None = None

    def left(self, conditions: Conditions) -> Conditions:
        """What rows of the arms have still to pass."""
        filters = conditions.filters
        rest = tuple(test for test in filters.matches if test is not self.proves)
        return replace(conditions, filters=replace(filters, matches=rest))


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
        return Plan("walk", (AccessPath("px_walk"),), float(limit))
    _count_words(conn, counts, conditions.filters)
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
            asked = _Keys(conn, counts, guess, conditions, test, limit, best, window.ordered)
            plans.append(asked.plan())
    able = [p for p in plans if most is None or p.cost <= most or p.course is not None or p.keyed]
    return min(able, key=lambda plan: plan.cost)


def _walk(guess: Guess, limit: int, older: bool) -> Plan:
    """Everything in order of time until enough match."""
    inside = guess.sums @ guess.passing
    costs = guess.every + LOOKUP * guess.lookups * inside
    cost = _until(inside * guess.others, costs, limit, older)
    course = Course(guess.bounds, costs)
    return Plan("walk", (AccessPath("px_walk"),), cost, course, first=max(2 * cost, STRETCH))


def _facets(guess: Guess, conditions: Conditions, limit: int, older: bool) -> Plan:
    """The wanted facets alone, over about twice the time that should do, then sorted."""
    costs = guess.sums.sum(axis=1) * max(LOOKUP * guess.lookups, 1.0)
    rows = _until((guess.sums @ guess.passing) * guess.others, costs, limit, older)
    cost = ARM * len(conditions.wanted) + 2 * SORTED * rows
    course = Course(guess.bounds, costs)
    return Plan("facets", (AccessPath("px_facet"),), cost, course, first=2 * rows + limit)


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
            arms.append(
                AccessPath("px_amt", (("currency", currency),), ("amount_minor", low, high))
            )
            sort = ordered and low != high
            cost += ARM + (SORTED * rows if sort else min(rows, limit / share))
    each = 1.0 + LOOKUP * lookups(conditions.filters.matches)
    return Plan("amounts", tuple(arms), cost * each)


def _wanted_share(guess: Guess) -> float:
    every = float(guess.every.sum())
    return min(float(guess.sums.sum()) / every, 1.0) if every else 1.0


@dataclass(frozen=True, slots=True)
class _Keys:
    """The columns' own indexes, for one test: what each match of it costs.

    A value with many payments is read in order of time; `best` is what another plan costs.
    """

    conn: Connection
    counts: Stats
    guess: Guess
    conditions: Conditions
    test: MatchTest
    limit: int
    best: float
    ordered: bool

    def plan(self) -> Plan:
        """One arm a match, one a currency for amounts."""
        needed = self.limit / max(self._share(), 1e-12)
        ways = [self._way(match, needed) for match in self.test.any_of]
        ways += list(self._amounts(needed))
        long = [way for way in ways if way.long]
        return Plan(
            "keyed",
            tuple(way.arm for way in ways),
            sum(ARM + way.cost for way in ways),
            keyed=bool(long),
            each=max((way.each for way in long), default=1.0),
            proves=self.test,
        )

    def _share(self) -> float:
        """What share of the key's rows the rest of the search lets through."""
        livemode, total = self.conditions.filters.livemode, self.guess.total
        shares = [share_of(self.counts, test, total, livemode) for test in self._rest()]
        passed = float((self.guess.sums.sum(axis=0) * self.guess.passing).sum())
        every = max(float(self.guess.every.sum()), 1.0)
        return float(np.prod(shares)) * min(passed / every, 1.0)

    def _rest(self) -> list[MatchTest]:
        return [other for other in self.conditions.filters.matches if other is not self.test]

    def _way(self, match: Match, needed: float) -> _Way:
        if match.column in ("name", "error"):
            return self._by_words(match, needed)
        each = 1.0 + LOOKUP * lookups(self._rest(), {"email"})
        arm = _arm(match)
        rows = self._rows(match, arm, needed)
        if match.column == "payout":
            # Every ledger row, and the payment behind it; a large payout is found by its time.
            factor = (SORTED if self.ordered else 1.0) * (each + LOOKUP)
            return _Way(arm, rows * factor if rows <= PROBE else _NEVER, each)
        if match.prefix and self.ordered:
            # Either all that begins so, sorted, or a walk until enough began so.
            walked = min(needed * self.guess.total / max(rows, 1.0), self.guess.total)
            walk = walked + min(rows, needed) * (each - 1.0)
            if walk < SORTED * rows * each:
                return _Way(replace(arm, index="px_walk"), walk, 1.0, long=True)
            return _Way(arm, SORTED * rows * each, each)
        long = rows > PROBE and not match.prefix
        return _Way(arm, min(rows, needed) * each, each, long)

    def _by_words(self, match: Match, needed: float) -> _Way:
        """The rarest word leads; the others are looked for beside it."""
        livemode, words = self.conditions.filters.livemode, match.words
        # Whoever shares the counts may have dropped them since.
        keys = {word: (match.column, word, livemode) for word in words}
        counted = {word: self.counts.words.get(key, 1.0 + PROBE) for word, key in keys.items()}
        lead = min(words, key=counted.__getitem__)
        others = [word for word in words if word != lead]
        arm = AccessPath(None, words=(match.column, lead, *others), livemode=livemode)
        each = 1.0 + LOOKUP * (lookups(self._rest()) + len(others))
        cost = min(counted[lead], needed) * each
        return _Way(arm, cost, each, long=counted[lead] > PROBE)

    def _amounts(self, needed: float) -> Iterator[_Way]:
        """An arm for each currency that the amounts of a word can be in."""
        each = 1.0 + LOOKUP * lookups(self._rest())
        pairs = {(facet.currency, facet.exponent) for facet in self.conditions.wanted}
        for currency, exponent in sorted(pairs):
            for low, high in (amounts.minor(exponent) for amounts in self.test.amounts):
                if low <= high:
                    arm = AccessPath(
                        "px_amt", (("currency", currency),), ("amount_minor", low, high)
                    )
                    rows = float(self.counts.amount_rows(currency, low, high)[1])
                    rows = rows if rows <= PROBE else self._counted(arm, needed)
                    yield _Way(arm, min(rows, needed) * each, each, long=rows > PROBE)

    def _rows(self, match: Match, arm: AccessPath, needed: float) -> float:
        """How many payments a match has: known, guessed, or counted up to `PROBE`."""
        if match.column in ("stripe_id", "order_id"):
            return 2.0
        known = float(self.counts.prefix_rows(match.value)) if match.prefix else None
        if known is not None and (known <= PROBE or len(match.value) <= 3):
            return known
        if match.column == "payout":
            return float(_probe(self.conn, arm))
        found = self._counted(arm, _NEVER if match.prefix else needed)
        return found if found <= PROBE or known is None else known

    def _counted(self, arm: AccessPath, needed: float) -> float:
        """Counted if that may save more than it costs."""
        if self.best <= WORTH_PROBING or needed <= WORTH_PROBING:
            return 1.0 + PROBE
        return float(_probe(self.conn, arm))


@dataclass(frozen=True, slots=True)
class _Way:
    """What an arm costs, and what one entry of it does; `long` ones stop at a budget."""

    arm: AccessPath
    cost: float
    each: float
    long: bool = False


def _arm(match: Match) -> AccessPath:
    if match.column == "payout":
        return AccessPath(None, payout=match.value)
    if match.prefix:
        return AccessPath("px_email", prefix=match)
    return AccessPath(_INDEX[match.column], equals=((match.column, match.value),))


def _probe(conn: Connection, arm: AccessPath) -> int:
    binds = Binds(conn)
    tests = arm_tests(binds, arm)
    where = [f"WHERE {' AND '.join(tests)}"] if tests else []
    rows = paid_out(binds, arm.payout) if arm.payout else source_of(binds, arm)
    inner = ["SELECT 1 FROM", rows, *where, f"LIMIT {PROBE + 1}"]
    text = " ".join(["SELECT count(*) FROM (", *inner, ") AS probed"])
    return int(conn.exec_driver_sql(text, binds.values).scalar_one())


def _count_words(conn: Connection, counts: Stats, filters: Filters) -> None:
    """How many payments the words of a search have: kept for as long as the other counts are."""
    if len(counts.words) >= _MOST_WORDS:
        counts.words.clear()
    for match in (match for test in filters.matches for match in test.any_of):
        if match.column in ("name", "error"):
            for word in match.words:
                key = (match.column, word, filters.livemode)
                if key not in counts.words:
                    arm = AccessPath(None, words=(match.column, word), livemode=filters.livemode)
                    counts.words[key] = _payments_of(conn, counts, arm)


def _payments_of(conn: Connection, counts: Stats, arm: AccessPath) -> float:
    """Counted up to `PROBE`; more are guessed by how soon that many are passed."""
    binds = Binds(conn)
    tests = " AND ".join(arm_tests(binds, arm))
    tail = f"{order_of(Window())} LIMIT 1 OFFSET {PROBE:d}"
    text = " ".join(["SELECT created_at FROM", source_of(binds, arm), "WHERE", tests, tail])
    moment = conn.exec_driver_sql(text, binds.values).scalar()
    if moment is None:
        return float(_probe(conn, arm))
    edge = _UTC.process_result_value(moment, conn.dialect)
    since = counts.rows_since(edge) if edge is not None else 0.0
    return max(PROBE * float(counts.every.sum()) / max(since, PROBE), 1.0 + PROBE)
