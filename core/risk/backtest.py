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
#: A window has at most so many half years.
MOST_PARTS = 10

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
    """The cells of each month of the window; `progress` is told half years done, and all."""
    parts = list(_parts(question, zone))
    if len(parts) > MOST_PARTS:
        raise InvalidInput("since", f"must be at most {MOST_PARTS * 6} months before the end")
    found: list[Cell] = []
    for done, (start, end) in enumerate(parts):
        if progress:
            progress(done, len(parts))
        rows = connection.execute(_scored(question, rules, in_force, start, end))
        found += [
            Cell(_month(row.month), row.currency, bool(row.fraud), *map(int, row[3:]))
            for row in rows
        ]
    if progress:
        progress(len(parts), len(parts))
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


def _parts(question: Question, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The half years of the zone that the window touches, cut to the window: one scan each."""
    day = question.since.astimezone(zone).date()
    first = date(day.year, 1 if day.month < 7 else 7, 1)
    while True:
        after = date(first.year + (first.month > 6), 7 if first.month < 7 else 1, 1)
        start = datetime.combine(first, time(), zone)
        end = datetime.combine(after, time(), zone)
        if start >= question.until:
            return
        yield max(start, question.since), min(end, question.until)
        first = after


def _month(text: str) -> date:
    """`2026-11` as the first of that month."""
    return date.fromisoformat(f"{text}-01")


def _scored(
    question: Question, rules: RuleSet, in_force: RuleSet, start: datetime, end: datetime
) -> Select[Any]:
    a, p = risk_assessments.c, payments.c
    # Not a join: SQLite would walk all labels for each payment, while it keeps a list as a tree.
    fraud = case((a.payment_id.in_(_labelled(question.labels)), 1), else_=0)
    scored = (
        select(
            # The business day, which both databases write as 2026-11-23.
            func.substr(p.day, 1, 7).label("month"),
            a.currency,
            fraud.label("fraud"),
            score_of(rules).label("points"),
            score_of(in_force).label("before"),
            p.amount_received_minor.label("amount_minor"),
        )
        .join(payments, p.stripe_id == a.payment_id)
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
    keys = (s.month, s.currency, s.fraud, s.points, s.before)
    return select(*keys, func.count(), func.sum(s.amount_minor)).group_by(*keys)


def _labelled(labels: Sequence[str]) -> Any:
    """The payments that turned out to be fraud, each once."""
    w = early_fraud_warnings.c
    sources = {
        "dispute": select(disputes.c.payment_id).where(disputes.c.reason == "fraudulent"),
        "warning": select(w.payment_id).where(w.payment_id.is_not(None)),
        "refund": select(refunds.c.payment_id).where(refunds.c.reason == "fraudulent"),
    }
    return union(*(sources[label] for label in labels))
