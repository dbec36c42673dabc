"""Chooses the access paths that touch the fewest rows: by key, by time, by facets, by amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from core.db.types import Utc
from core.reads.search.payments.fields import Match
from core.reads.search.payments.filters import AmountTest, Filters, MatchTest
from core.reads.search.payments.selectivity import Estimate, lookups, make_estimate, share_of
from core.reads.search.payments.sql import (
    AccessPath,
    Binds,
    Conditions,
    Window,
    order_of,
    paid_out,
    path_tests,
    source_of,
)
from core.reads.search.payments.stats import Costs, Stats

#: Reading a whole row behind an index entry, and opening a path, in index entries.
LOOKUP = 4.0
PATH_COST = 20.0
#: Rows that are sorted after reading cost more than rows that come in order.
SORTED = 1.5
#: Rows read at first at least: an estimate that is too low costs another slice, not a scan.
FIRST_SLICE = 2_000.0
#: A key's rows are counted (up to `PROBE`) only where an estimate could cost more than this.
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
class CostCurve:
    """What reading costs by time: so many rows in each slice between `bounds`, in days."""

    bounds: Costs
    costs: Costs


@dataclass(frozen=True, slots=True)
class Plan:
    """`cost` in rows; with a `curve` a reading can stop at a budget; `first`: how many rows to
    read before looking whether they do. `keyed`: indexes that are read in order of time, and may
    go on for long; an entry costs `each`. `proves`: the test that every row of the paths passes by
    the path it is found by."""

    kind: str
    paths: tuple[AccessPath, ...]
    cost: float
    curve: CostCurve | None = None
    first: float = FIRST_SLICE
    keyed: bool = False
    each: float = 1.0
    proves: MatchTest | None = None

    def left(self, conditions: Conditions) -> Conditions:
        """What rows of the paths have still to pass."""
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
    estimate = make_estimate(counts, conditions, window)
    plans = [
        _walk(estimate, limit, window.older),
        _facets(estimate, conditions, limit, window.older),
    ]
    for amounts in conditions.filters.amounts:
        if not amounts.negated:
            plans.append(_amounts(counts, estimate, conditions, amounts, limit, window.ordered))
    for test in conditions.filters.matches:
        if not test.negated:
            best = min(plan.cost for plan in plans)
            asked = _Keys(conn, counts, estimate, conditions, test, limit, best, window.ordered)
            plans.append(asked.plan())
    able = [p for p in plans if most is None or p.cost <= most or p.curve is not None or p.keyed]
    return min(able, key=lambda plan: plan.cost)


def _walk(estimate: Estimate, limit: int, older: bool) -> Plan:
    """Everything in order of time until enough match."""
    inside = estimate.sums @ estimate.passing
    costs = estimate.every + LOOKUP * estimate.lookups * inside
    cost = _until(inside * estimate.others, costs, limit, older)
    curve = CostCurve(estimate.bounds, costs)
    return Plan("walk", (AccessPath("px_walk"),), cost, curve, first=max(2 * cost, FIRST_SLICE))


def _facets(estimate: Estimate, conditions: Conditions, limit: int, older: bool) -> Plan:
    """The wanted facets alone, over about twice the time that should do, then sorted."""
    costs = estimate.sums.sum(axis=1) * max(LOOKUP * estimate.lookups, 1.0)
    rows = _until((estimate.sums @ estimate.passing) * estimate.others, costs, limit, older)
    cost = PATH_COST * len(conditions.wanted) + 2 * SORTED * rows
    curve = CostCurve(estimate.bounds, costs)
    return Plan("facets", (AccessPath("px_facet"),), cost, curve, first=2 * rows + limit)


def _until(matches: Costs, costs: Costs, limit: int, older: bool) -> float:
    """What it costs to go on, slice by slice, until `limit` rows have matched."""
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
    estimate: Estimate,
    conditions: Conditions,
    test: AmountTest,
    limit: int,
    ordered: bool,
) -> Plan:
    """All payments in the ranges of amounts, sorted; a single amount comes in order of time."""
    paths, cost = [], 0.0
    share = max(estimate.others * _wanted_share(estimate), 1e-12)
    for currency, exponent in sorted({(f.currency, f.exponent) for f in conditions.wanted}):
        for low, high in (amounts.minor(exponent) for amounts in test.ranges):
            if low > high:
                continue
            rows = float(counts.amount_rows(currency, low, high)[1])
            paths.append(
                AccessPath("px_amt", (("currency", currency),), ("amount_minor", low, high))
            )
            sort = ordered and low != high
            cost += PATH_COST + (SORTED * rows if sort else min(rows, limit / share))
    each = 1.0 + LOOKUP * lookups(conditions.filters.matches)
    return Plan("amounts", tuple(paths), cost * each)


def _wanted_share(estimate: Estimate) -> float:
    every = float(estimate.every.sum())
    return min(float(estimate.sums.sum()) / every, 1.0) if every else 1.0


@dataclass(frozen=True, slots=True)
class _Keys:
    """The columns' own indexes, for one test: what each match of it costs.

    A value with many payments is read in order of time; `best` is what another plan costs.
    """

    conn: Connection
    counts: Stats
    estimate: Estimate
    conditions: Conditions
    test: MatchTest
    limit: int
    best: float
    ordered: bool

    def plan(self) -> Plan:
        """One path a match, one a currency for amounts."""
        needed = self.limit / max(self._share(), 1e-12)
        found = [self._path(match, needed) for match in self.test.any_of]
        found += list(self._amounts(needed))
        long = [one for one in found if one.long]
        return Plan(
            "keyed",
            tuple(one.path for one in found),
            sum(PATH_COST + one.cost for one in found),
            keyed=bool(long),
            each=max((one.each for one in long), default=1.0),
            proves=self.test,
        )

    def _share(self) -> float:
        """What share of the key's rows the rest of the search lets through."""
        livemode, total = self.conditions.filters.livemode, self.estimate.total
        shares = [share_of(self.counts, test, total, livemode) for test in self._rest()]
        passed = float((self.estimate.sums.sum(axis=0) * self.estimate.passing).sum())
        every = max(float(self.estimate.every.sum()), 1.0)
        return float(np.prod(shares)) * min(passed / every, 1.0)

    def _rest(self) -> list[MatchTest]:
        return [other for other in self.conditions.filters.matches if other is not self.test]

    def _path(self, match: Match, needed: float) -> _KeyPath:
        if match.column in ("name", "error"):
            return self._by_words(match, needed)
        each = 1.0 + LOOKUP * lookups(self._rest(), {"email"})
        path = _path_of(match)
        rows = self._rows(match, path, needed)
        if match.column == "payout":
            # Every ledger row, and the payment behind it; a large payout is found by its time.
            factor = (SORTED if self.ordered else 1.0) * (each + LOOKUP)
            return _KeyPath(path, rows * factor if rows <= PROBE else _NEVER, each)
        if match.prefix and self.ordered:
            # Either all that begins so, sorted, or a walk until enough began so.
            walked = min(needed * self.estimate.total / max(rows, 1.0), self.estimate.total)
            walk = walked + min(rows, needed) * (each - 1.0)
            if walk < SORTED * rows * each:
                return _KeyPath(replace(path, index="px_walk"), walk, 1.0, long=True)
            return _KeyPath(path, SORTED * rows * each, each)
        long = rows > PROBE and not match.prefix
        return _KeyPath(path, min(rows, needed) * each, each, long)

    def _by_words(self, match: Match, needed: float) -> _KeyPath:
        """The rarest word leads; the others are looked for beside it."""
        livemode, words = self.conditions.filters.livemode, match.words
        # Whoever shares the counts may have dropped them since.
        keys = {word: (match.column, word, livemode) for word in words}
        counted = {word: self.counts.words.get(key, 1.0 + PROBE) for word, key in keys.items()}
        lead = min(words, key=counted.__getitem__)
        others = [word for word in words if word != lead]
        path = AccessPath(None, words=(match.column, lead, *others), livemode=livemode)
        each = 1.0 + LOOKUP * (lookups(self._rest()) + len(others))
        cost = min(counted[lead], needed) * each
        return _KeyPath(path, cost, each, long=counted[lead] > PROBE)

    def _amounts(self, needed: float) -> Iterator[_KeyPath]:
        """A path for each currency that the amounts of a word can be in."""
        each = 1.0 + LOOKUP * lookups(self._rest())
        pairs = {(facet.currency, facet.exponent) for facet in self.conditions.wanted}
        for currency, exponent in sorted(pairs):
            for low, high in (amounts.minor(exponent) for amounts in self.test.amounts):
                if low <= high:
                    path = AccessPath(
                        "px_amt", (("currency", currency),), ("amount_minor", low, high)
                    )
                    rows = float(self.counts.amount_rows(currency, low, high)[1])
                    rows = rows if rows <= PROBE else self._counted(path, needed)
                    yield _KeyPath(path, min(rows, needed) * each, each, long=rows > PROBE)

    def _rows(self, match: Match, path: AccessPath, needed: float) -> float:
        """How many payments a match has: known, estimated, or counted up to `PROBE`."""
        if match.column in ("stripe_id", "order_id"):
            return 2.0
        known = float(self.counts.prefix_rows(match.value)) if match.prefix else None
        if known is not None and (known <= PROBE or len(match.value) <= 3):
            return known
        if match.column == "payout":
            return float(_probe(self.conn, path))
        found = self._counted(path, _NEVER if match.prefix else needed)
        return found if found <= PROBE or known is None else known

    def _counted(self, path: AccessPath, needed: float) -> float:
        """Counted if that may save more than it costs."""
        if self.best <= WORTH_PROBING or needed <= WORTH_PROBING:
            return 1.0 + PROBE
        return float(_probe(self.conn, path))


@dataclass(frozen=True, slots=True)
class _KeyPath:
    """What a path costs, and what one entry of it does; `long` ones stop at a budget."""

    path: AccessPath
    cost: float
    each: float
    long: bool = False


def _path_of(match: Match) -> AccessPath:
    if match.column == "payout":
        return AccessPath(None, payout=match.value)
    if match.prefix:
        return AccessPath("px_email", prefix=match)
    return AccessPath(_INDEX[match.column], equals=((match.column, match.value),))


def _probe(conn: Connection, path: AccessPath) -> int:
    binds = Binds(conn)
    tests = path_tests(binds, path)
    where = [f"WHERE {' AND '.join(tests)}"] if tests else []
    rows = paid_out(binds, path.payout) if path.payout else source_of(binds, path)
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
                    path = AccessPath(None, words=(match.column, word), livemode=filters.livemode)
                    counts.words[key] = _payments_of(conn, counts, path)


def _payments_of(conn: Connection, counts: Stats, path: AccessPath) -> float:
    """Counted up to `PROBE`; more are estimated by how soon that many are passed."""
    binds = Binds(conn)
    tests = " AND ".join(path_tests(binds, path))
    tail = f"{order_of(Window())} LIMIT 1 OFFSET {PROBE:d}"
    text = " ".join(["SELECT created_at FROM", source_of(binds, path), "WHERE", tests, tail])
    moment = conn.exec_driver_sql(text, binds.values).scalar()
    if moment is None:
        return float(_probe(conn, path))
    last = _UTC.process_result_value(moment, conn.dialect)
    since = counts.rows_since(last) if last is not None else 0.0
    return max(PROBE * float(counts.every.sum()) / max(since, PROBE), 1.0 + PROBE)
