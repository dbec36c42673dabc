"""Which bank line is which payout: what a machine may decide, and what it may only propose.

In this order: the payout's trace id in the line's words with its amount; then an amount that fits
one line and one payout alone, within the payout's days, under a name of Stripe's. Where another
fits as well, nothing is decided. Amounts are signed minor units: a payout below zero is a
debit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations
from typing import Protocol, TypeVar

from core.states import MatchReason

#: Business days around the day on which a payout is expected.
EARLIEST, LATEST = -1, 5
#: The most payouts in one line, or lines of one payout, that are proposed.
MOST_PARTS = 4
#: On a day with more candidates than these, combinations are left to a person.
_MOST_CANDIDATES = 24
#: The most proposals of one line or payout.
_MOST_PROPOSALS = 5
#: A name, not a word such as stripes or pinstripe; and the company ids of Stripe's debits.
_STRIPE = re.compile(r"(?<![a-z0-9])(stripe(?![sd]\b)|wfmstripe|1800948598)", re.IGNORECASE)
_WORD = re.compile(r"[A-Z0-9]+")
#: Of how many words of a text, which breaks anywhere, a trace id may be made.
_MOST_WORDS = 6
_SHORTEST_TRACE = 6
_SHORTEST_NAME = 4
#: Payouts whose money should be in the bank, or gone from it. One that failed may have been there:
#: it is a candidate all the same, but an amount alone decides nothing of it.
ARRIVED = frozenset(["paid", "in_transit"])

#: Why pairs are proposed and not decided.
TRACE, EQUAL, UNNAMED, COMBINED, SPLIT = "trace_id", "equal", "unnamed", "combined", "split"


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that is no payout yet. `payer_names`: what its bank calls Stripe besides."""

    line_id: int
    booked_on: date
    amount_minor: int
    currency: str
    name: str
    text: str
    references: tuple[str, ...] = ()
    payer_names: tuple[str, ...] = ()

    @property
    def is_stripes(self) -> bool:
        """Whether it names Stripe, in whatever field."""
        return bool(_STRIPE.search(self.said)) or any(self.names(one) for one in self.payer_names)

    @property
    def said(self) -> str:
        """All that it says, in whatever field."""
        return " ".join((self.name, self.text, *self.references))

    def names(self, payer: str | None) -> bool:
        """Whether it says this name; a name of a letter or two would be in every line."""
        name = (payer or "").strip().lower()
        return len(name) >= _SHORTEST_NAME and name in self.said.lower()


@dataclass(frozen=True, slots=True)
class OpenPayout:
    """A payout that no line is yet. `arrives_on` is what Stripe expects (UTC), `descriptor` what it
    asks the bank to show."""

    payout_id: str
    status: str
    amount_minor: int
    currency: str
    arrives_on: date | None
    trace_id: str | None = None
    descriptor: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A line that is a payout, and by what."""

    line_id: int
    payout_id: str
    amount_minor: int
    how: MatchReason


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lines and payouts that may be each other, for a person to decide.

    `why`: trace_id (of one that is not alone, or whose amount is another), equal (several fit),
    unnamed (one fits, without Stripe's name), combined (one line of several payouts), split (one
    payout in several lines).
    """

    why: str
    line_ids: tuple[int, ...]
    payout_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """What is decided, and what is proposed."""

    pairs: tuple[Pair, ...]
    proposals: tuple[Proposal, ...]


def matched(
    lines: Sequence[OpenLine],
    payouts: Sequence[OpenPayout],
    undone: frozenset[tuple[int, str]] = frozenset(),
) -> Matching:
    """Decide and propose among what is open. `undone`: pairs that somebody took apart again."""
    pairs, proposals = _by_trace(lines, payouts, undone)
    traced = {pair.line_id for pair in pairs}, {pair.payout_id for pair in pairs}
    claimed = _of(proposals)
    found, more = _by_amount(
        [one for one in lines if one.line_id not in traced[0] | claimed[0]],
        [one for one in payouts if one.payout_id not in traced[1] | claimed[1]],
        undone,
    )
    pairs, proposals = [*pairs, *found], [*proposals, *more]
    decided = {pair.line_id for pair in pairs}, {pair.payout_id for pair in pairs}
    fitting = _of(proposals)
    proposals += _by_sum(
        [one for one in lines if one.line_id not in decided[0] and one.is_stripes],
        [one for one in payouts if one.payout_id not in decided[1]],
        fitting,
    )
    return Matching(tuple(pairs), tuple(proposals))


def _of(proposals: Iterable[Proposal]) -> tuple[set[int], set[str]]:
    lines = {line for one in proposals for line in one.line_ids}
    return lines, {payout for one in proposals for payout in one.payout_ids}


@lru_cache(maxsize=4096)
def business_days_after(day: date, days: int) -> date:
    """So many days from Monday to Friday after a day, or before it; holidays are not known."""
    step = timedelta(1 if days >= 0 else -1)
    left = abs(days)
    while left:
        day += step
        left -= day.weekday() < 5
    return day


def due_on(arrives_on: date) -> date:
    """The last day on which a payout may come in."""
    return business_days_after(arrives_on, LATEST)


def is_within(line: OpenLine, payout: OpenPayout) -> bool:
    """Whether the line was booked on a day on which the payout may have come in."""
    if payout.arrives_on is None:
        return False
    first = business_days_after(payout.arrives_on, EARLIEST)
    return first <= line.booked_on <= due_on(payout.arrives_on)


def _by_trace(
    lines: Sequence[OpenLine], payouts: Sequence[OpenPayout], undone: frozenset[tuple[int, str]]
) -> tuple[list[Pair], list[Proposal]]:
    """A trace id that is in one line alone, and that line's only one, decides, if amounts agree."""
    traces: dict[str, list[OpenPayout]] = defaultdict(list)
    for payout in payouts:
        trace = "".join(_WORD.findall((payout.trace_id or "").upper()))
        if len(trace) >= _SHORTEST_TRACE:
            traces[trace].append(payout)
    edges = [
        (line, payout)
        for line in (lines if traces else ())
        for payout in {
            one.payout_id: one for mark in _marks(line) for one in traces.get(mark, ())
        }.values()
        if payout.currency == line.currency
    ]
    pairs, proposals = [], []
    for some, others in _groups(edges):
        line, payout = some[0], others[0]
        alone = len(some) == len(others) == 1 and line.amount_minor == payout.amount_minor
        if alone and (line.line_id, payout.payout_id) not in undone:
            pair = Pair(line.line_id, payout.payout_id, line.amount_minor, MatchReason.TRACE_ID)
            pairs.append(pair)
        elif not alone:
            proposals.append(_proposal(TRACE, some, others))
    return pairs, proposals


def _marks(line: OpenLine) -> Iterator[str]:
    """What a trace id may stand in: words of each text, and words that follow each other."""
    for said in (line.name, line.text, *line.references):
        words = _WORD.findall(said.upper())
        for at in range(len(words)):
            for end in range(at + 1, min(at + _MOST_WORDS, len(words)) + 1):
                yield "".join(words[at:end])


def _by_amount(
    lines: Sequence[OpenLine], payouts: Sequence[OpenPayout], undone: frozenset[tuple[int, str]]
) -> tuple[list[Pair], list[Proposal]]:
    """An amount within its days decides where one line and one payout alone have it."""
    by_amount: dict[tuple[str, int], list[OpenPayout]] = defaultdict(list)
    for payout in payouts:
        by_amount[payout.currency, payout.amount_minor].append(payout)
    edges = [
        (line, payout)
        for line in lines
        for payout in by_amount.get((line.currency, line.amount_minor), ())
        if is_within(line, payout)
    ]
    named = [(one, other) for one, other in edges if one.is_stripes or one.names(other.descriptor)]
    pairs, proposals = [], []
    for some, others in _groups(named):
        line, payout = some[0], others[0]
        alone = len(some) == len(others) == 1 and payout.status in ARRIVED
        if alone and (line.line_id, payout.payout_id) not in undone:
            pair = Pair(line.line_id, payout.payout_id, line.amount_minor, MatchReason.AMOUNT)
            pairs.append(pair)
        elif not alone:
            proposals.append(_proposal(EQUAL, some, others))
    taken = {payout.payout_id for _, payout in named}
    unnamed = [
        edge
        for edge in edges
        if edge[1].payout_id not in taken and (edge[0].line_id, edge[1].payout_id) not in undone
    ]
    proposals += [_proposal(UNNAMED, *group) for group in _groups(unnamed)]
    return pairs, proposals


def _groups(
    edges: Iterable[tuple[OpenLine, OpenPayout]],
) -> Iterator[tuple[list[OpenLine], list[OpenPayout]]]:
    """Lines and payouts that hang together by edges, in the order of the lines."""
    of_line: dict[int, list[OpenPayout]] = defaultdict(list)
    of_payout: dict[str, list[OpenLine]] = defaultdict(list)
    lines: dict[int, OpenLine] = {}
    for line, payout in edges:
        lines[line.line_id] = line
        of_line[line.line_id].append(payout)
        of_payout[payout.payout_id].append(line)
    while lines:
        _, first = next(iter(lines.items()))
        some: dict[int, OpenLine] = {}
        others: dict[str, OpenPayout] = {}
        waiting = [first]
        while waiting:
            line = waiting.pop()
            if line.line_id in some:
                continue
            some[line.line_id] = lines.pop(line.line_id)
            for payout in of_line[line.line_id]:
                others[payout.payout_id] = payout
                waiting += of_payout[payout.payout_id]
        yield list(some.values()), list(others.values())


def _proposal(why: str, lines: Sequence[OpenLine], payouts: Sequence[OpenPayout]) -> Proposal:
    return Proposal(
        why,
        tuple(sorted(line.line_id for line in lines)),
        tuple(sorted(payout.payout_id for payout in payouts)),
    )


def _by_sum(
    lines: Sequence[OpenLine],
    payouts: Sequence[OpenPayout],
    fitting: tuple[set[int], set[str]],
) -> Iterator[Proposal]:
    """One line of several payouts of a day, or one payout in several lines of a day.

    `fitting`: what is in a proposal already, and so is not looked for as a whole again.
    """
    of_day: dict[tuple[str, date], list[OpenPayout]] = defaultdict(list)
    for payout in payouts:
        if payout.status in ARRIVED and payout.arrives_on is not None:
            of_day[payout.currency, payout.arrives_on].append(payout)
    booked: dict[tuple[str, date], list[OpenLine]] = defaultdict(list)
    for line in lines:
        booked[line.currency, line.booked_on].append(line)
    for line in lines:
        if line.line_id not in fitting[0]:
            days = [
                one
                for (currency, _), one in of_day.items()
                if currency == line.currency and is_within(line, one[0])
            ]
            for parts in _sums(line.amount_minor, days):
                yield _proposal(COMBINED, [line], parts)
    for day in of_day.values():
        for payout in day:
            if payout.payout_id not in fitting[1]:
                near = [
                    one
                    for (currency, _), one in booked.items()
                    if currency == payout.currency and is_within(one[0], payout)
                ]
                for rows in _sums(payout.amount_minor, near):
                    yield _proposal(SPLIT, rows, [payout])


class _Amount(Protocol):
    @property
    def amount_minor(self) -> int: ...


Part = TypeVar("Part", bound=_Amount)


def _sums(whole: int, days: Iterable[Sequence[Part]]) -> list[tuple[Part, ...]]:
    """The sets of two to `MOST_PARTS` of one day, all of the whole's sign, that make the whole."""
    found = []
    for day in days:
        parts = [
            one
            for one in day
            if one.amount_minor * whole > 0 and abs(one.amount_minor) < abs(whole)
        ]
        if len(parts) > _MOST_CANDIDATES:
            continue
        for size in range(2, MOST_PARTS + 1):
            for chosen in combinations(parts, size):
                if sum(one.amount_minor for one in chosen) == whole:
                    found.append(chosen)
                    if len(found) == _MOST_PROPOSALS:
                        return found
    return found
