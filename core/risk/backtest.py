"""What a rule set would have done, on the business's own outcomes: one scan of kept signals.

Only payments that were paid count, and only those old enough that a dispute would have come: a
refused payment has no outcome, and a young one none yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, union

from core.db.tables import disputes, early_fraud_warnings, facets, refunds, risk_assessments
from core.errors import InvalidInput
from core.risk.captured_amounts import ARRIVAL
from core.risk.rules import RuleSet
from core.risk.sql_compiler import score_of

#: What may say that a payment was fraud.
LABELS = ("dispute", "warning", "refund")
#: How old a payment must be before the lack of a dispute says anything.
USUAL_AGE = timedelta(days=60)
#: So long a window is asked about unless told.
USUAL_WINDOW = timedelta(days=180)
#: A window is at most five years long.
LONGEST = timedelta(days=5 * 366)
#: So many scorings are read by one statement, and so many that turned out to be fraud.
ROWS = 100_000
FRAUDS = 500
#: Currencies whose thresholds are looked for first: a business has few.
_LIKELY = 20

_A = risk_assessments.c

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Question:
    """A window of payments by the time they were made, the labels that count, and a mode."""

    livemode: bool
    since: datetime
    until: datetime
    labels: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        if not self.labels or set(self.labels) - set(LABELS):
            raise InvalidInput("labels", "must be some of {known}", known=", ".join(LABELS))
        if self.until <= self.since:
            raise InvalidInput("since", "must lie before the end of the window")


@dataclass(frozen=True, slots=True)
class Cell:
    """How many paid payments of a month and currency got these points, and what they came to.

    `points` under the rules tried, `before` under those in force; `amount_minor` in `currency`.
    """

    month: date
    currency: str
    fraud: bool
    points: int
    before: int
    count: int
    amount_minor: int


def run(
    connection: Connection,
    question: Question,
    rules: RuleSet,
    in_force: RuleSet,
    progress: Progress | None = None,
) -> list[Cell]:
    """The cells of each month of the window; `progress` is told parts of the scan done, and all,
    of which there is at least one.

    `connection` shows one picture: what was fraud is read by itself, and the good is the rest.
    """
    if question.until - question.since > LONGEST:
        raise InvalidInput("since", "must be at most 60 months before the end")
    scan = _Scan(question, rules, in_force, _likely(connection))
    every, fraud = _Sums(), _Sums()
    parts = _parts(connection, question)
    for done, (first, end) in enumerate(parts):
        if progress:
            progress(done, len(parts))
        every.add(connection.execute(scan.over(_A.id >= first, _A.id < end)))
    if parts:
        for ids in _labelled(connection, question.labels):
            fraud.add(connection.execute(scan.of(ids)))
    if progress:
        all_parts = max(len(parts), 1)
        progress(all_parts, all_parts)
    return [
        *scan.cells(fraud, fraud=True),
        *scan.cells(every.without(fraud), fraud=False),
    ]


@dataclass(frozen=True, slots=True)
class Newly:
    """A paid payment that one set would refuse and another one does not; whether it was fraud."""

    payment_id: str
    created_at: datetime
    amount_minor: int
    currency: str
    fraud: bool


def newly_refused(
    connection: Connection, question: Question, rules: RuleSet, in_force: RuleSet, limit: int
) -> list[Newly]:
    """Payments that `rules` would refuse and `in_force` lets pass, the newest first."""
    likely = _likely(connection)
    found = connection.execute(
        select(_A.payment_id, _A.created_at, _A.paid_minor, _A.currency)
        .where(_A.livemode == question.livemode, *_inside(question), _A.paid_minor > 0)
        .where(score_of(rules, likely) >= rules.high_at)
        .where(score_of(in_force, likely) < in_force.high_at)
        .order_by(_A.created_at.desc(), _A.id.desc())
        .limit(limit)
    ).all()
    ids = [row.payment_id for row in found]
    told = union(*_sources(question.labels)).subquery()
    known = select(told.c[0]).where(told.c[0].in_(ids))
    frauds = set(connection.scalars(known)) if ids else set()
    return [
        Newly(row.payment_id, row.created_at, row.paid_minor, row.currency, row[0] in frauds)
        for row in found
    ]


def usual_question(connection: Connection, livemode: bool, now: datetime) -> Question | None:
    """The window that fits the history: its last 180 days that are old enough; where it is younger
    than that, all of it. None where no paid payment has a score."""
    paid = select(_A.created_at).where(
        _A.livemode == livemode, _A.kind == ARRIVAL, _A.paid_minor > 0
    )
    backwards = paid.order_by(_A.created_at.desc()).limit(1)
    first = connection.scalar(paid.order_by(_A.created_at).limit(1))
    if first is None:
        return None
    old_enough = now - USUAL_AGE
    newest = connection.scalar(backwards.where(_A.created_at < old_enough))
    if newest is not None:
        return Question(livemode, max(first, newest - USUAL_WINDOW), old_enough)
    last = connection.scalar(backwards) or first
    # The end does not belong to the window.
    return Question(livemode, first, last + timedelta(seconds=1))


def refused_unseen(connection: Connection, question: Question) -> int:
    """How many payments were refused before Stripe saw them: nobody knows what they were."""
    a = risk_assessments.c
    query = select(func.count()).where(
        a.livemode == question.livemode,
        a.kind == "create",
        a.created_at >= question.since,
        a.created_at < question.until,
        ~a.allowed,
    )
    return int(connection.execute(query).scalar_one())


def _parts(connection: Connection, question: Question) -> list[tuple[int, int]]:
    """Stretches of ids that together hold every scoring of the window: read in the order in which
    they lie there, which is several times as fast as by an index."""
    ends = select(func.min(_A.id), func.max(_A.id))
    own = ends.where(_A.livemode == question.livemode, *_inside(question))
    first, last = connection.execute(own).one()
    if first is None:
        return []
    return [(start, min(start + ROWS, last + 1)) for start in range(first, last + 1, ROWS)]


def _inside(question: Question) -> tuple[ColumnElement[bool], ...]:
    return (
        _A.kind == ARRIVAL,
        _A.created_at >= question.since,
        _A.created_at < question.until,
    )


def _likely(connection: Connection) -> list[str]:
    """Currencies that payments came in."""
    query = select(facets.c.currency).distinct().order_by(facets.c.currency).limit(_LIKELY)
    return list(connection.scalars(query))


@dataclass
class _Sums:
    """Counts and amounts by currency and key."""

    by_key: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)

    def add(self, rows: Iterable[Any]) -> None:
        for currency, key, count, amount in rows:
            before = self.by_key.get((currency, key), (0, 0))
            self.by_key[currency, key] = (before[0] + int(count), before[1] + int(amount))

    def without(self, part: _Sums) -> _Sums:
        """What is left when a part of it is taken away."""
        left = {}
        for key, (count, amount) in self.by_key.items():
            less = part.by_key.get(key, (0, 0))
            if count > less[0]:
                left[key] = (count - less[0], amount - less[1])
        return _Sums(left)


class _Scan:
    """One statement over scorings: month, points and points before in one number, for a database
    sorts and groups by one number much faster than by three columns."""

    def __init__(
        self, question: Question, rules: RuleSet, in_force: RuleSet, likely: Sequence[str]
    ) -> None:
        self._same = _asks(rules) == _asks(in_force)
        self._most = max(
            sum(abs(rule.points) for rule in one.rules if rule.on) for one in (rules, in_force)
        )
        self._width = 2 * self._most + 1
        key = _A.month * self._width + score_of(rules, likely) + self._most
        if not self._same:
            key = key * self._width + score_of(in_force, likely) + self._most
        named = key.label("key")
        self._query = (
            select(_A.currency, named, func.count(), func.sum(_A.paid_minor))
            .where(*_inside(question), _A.paid_minor > 0)
            .group_by(_A.currency, named)
        )
        self._mode = _A.livemode == question.livemode
        # Said so that no index begins with it: SQLite would walk the whole window by that one.
        self._mode_aside = _A.livemode != (not question.livemode)

    def over(self, *where: ColumnElement[bool]) -> Select[Any]:
        """The sums of a stretch of ids; no index is to be walked instead."""
        query = self._query.where(self._mode, *where)
        for dialect, hint in _IN_PLACE.items():
            query = query.with_hint(risk_assessments, hint, dialect)
        return query

    def of(self, payment_ids: Sequence[str]) -> Select[Any]:
        """The sums of some payments."""
        return self._query.where(self._mode_aside, _A.payment_id.in_(payment_ids))

    def cells(self, sums: _Sums, *, fraud: bool) -> Iterator[Cell]:
        """The cells that sums stand for."""
        for (currency, key), (count, amount) in sorted(sums.by_key.items()):
            rest, before = (key, None) if self._same else divmod(key, self._width)
            month, points = divmod(rest, self._width)
            points -= self._most
            yield Cell(
                month=date(*divmod(month, 100), 1),
                currency=currency,
                fraud=fraud,
                points=points,
                before=points if before is None else before - self._most,
                count=count,
                amount_minor=amount,
            )


#: Ids are to be read in their own order.
_IN_PLACE = {
    "sqlite": "NOT INDEXED",
    "mysql": "FORCE INDEX (PRIMARY)",
    "mariadb": "FORCE INDEX (PRIMARY)",
}


def _asks(rules: RuleSet) -> tuple[Any, ...]:
    """What points depend on."""
    return rules.rules, rules.thresholds


def _labelled(connection: Connection, labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The payments that turned out to be fraud, each once, some at a time."""
    found = union(*_sources(labels))
    ids = [one for one in connection.scalars(found) if one is not None]
    for start in range(0, len(ids), FRAUDS):
        yield tuple(ids[start : start + FRAUDS])


def _sources(labels: Sequence[str]) -> list[Select[Any]]:
    """The payments that each label says were fraud."""
    w = early_fraud_warnings.c
    sources = {
        "dispute": select(disputes.c.payment_id).where(disputes.c.reason == "fraudulent"),
        "warning": select(w.payment_id),
        "refund": select(refunds.c.payment_id).where(refunds.c.reason == "fraudulent"),
    }
    return [sources[label] for label in labels]
