"""What a rule set would have done, on the business's own outcomes: one scan of kept signals.

Only payments that were paid count, and only those old enough that a dispute would have come: a
refused payment has no outcome, and a young one none yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, and_, case, func, select, union

from core.db.tables import disputes, early_fraud_warnings, payments, refunds, risk_assessments
from core.errors import InvalidInput
from core.risk.arrivals import KIND
from core.risk.compiled import score_of
from core.risk.rules import RuleSet

#: What may say that a payment was fraud.
LABELS = ("dispute", "warning", "refund")
#: How old a payment must be before the lack of a dispute says anything.
USUAL_AGE = timedelta(days=60)
MOST_MONTHS = 60

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
            raise InvalidInput("labels", f"must be some of {', '.join(LABELS)}")
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
    zone: ZoneInfo,
    progress: Progress | None = None,
) -> list[Cell]:
    """The cells of each month of the window; `progress` is told months done, and all."""
    months = list(_months(question, zone))
    if len(months) > MOST_MONTHS:
        raise InvalidInput("since", f"must be at most {MOST_MONTHS} months before the end")
    found: list[Cell] = []
    for done, (month, start, end) in enumerate(months):
        if progress:
            progress(done, len(months))
        rows = connection.execute(_month(question, rules, in_force, start, end))
        found += [Cell(month, row.currency, bool(row.fraud), *map(int, row[2:])) for row in rows]
    if progress:
        progress(len(months), len(months))
    return found


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


def _months(question: Question, zone: ZoneInfo) -> Iterator[tuple[date, datetime, datetime]]:
    """The months of the zone that the window touches, cut to the window."""
    first = question.since.astimezone(zone).date().replace(day=1)
    while True:
        after = (first + timedelta(days=32)).replace(day=1)
        start = datetime.combine(first, time(), zone)
        end = datetime.combine(after, time(), zone)
        if start >= question.until:
            return
        yield first, max(start, question.since), min(end, question.until)
        first = after


def _month(
    question: Question, rules: RuleSet, in_force: RuleSet, start: datetime, end: datetime
) -> Select[Any]:
    a, p = risk_assessments.c, payments.c
    labelled = _labelled(question.labels).subquery()
    fraud = case((labelled.c.payment_id.is_not(None), 1), else_=0)
    scored = (
        select(
            a.currency,
            fraud.label("fraud"),
            score_of(rules).label("points"),
            score_of(in_force).label("before"),
            p.amount_received_minor.label("amount_minor"),
        )
        .join(payments, p.stripe_id == a.payment_id)
        .outerjoin(labelled, labelled.c.payment_id == a.payment_id)
        .where(
            and_(
                a.livemode == question.livemode,
                a.kind == KIND,
                a.created_at >= start,
                a.created_at < end,
                p.amount_received_minor > 0,
            )
        )
        .subquery()
    )
    s = scored.c
    keys = (s.currency, s.fraud, s.points, s.before)
    return select(*keys, func.count(), func.sum(s.amount_minor)).group_by(*keys)


def _labelled(labels: Sequence[str]) -> Any:
    """The payments that turned out to be fraud, each once."""
    sources = {
        "dispute": select(disputes.c.payment_id).where(disputes.c.reason == "fraudulent"),
        "warning": select(early_fraud_warnings.c.payment_id),
        "refund": select(refunds.c.payment_id).where(refunds.c.reason == "fraudulent"),
    }
    return union(*(sources[label] for label in labels))
