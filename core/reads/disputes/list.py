"""Disputes by deadline, what is at stake, how often an answer wins, how long answers take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    case,
    cast,
    func,
    literal,
    select,
)

from core import clock
from core.db.tables import disputes, operations, payments
from core.domain.payment_states import ANSWERABLE, IN_REVIEW
from core.errors import InvalidInput
from core.money import Money
from core.reads.disputes import statuses as dispute_statuses
from core.reads.permissions import requires
from core.reads.search import paging
from core.reads.search import totals as search_totals
from core.reads.search.paging import Position
from core.reads.search.sort_order import SortOrder
from core.reads.search.totals import Totals
from core.states import OperationState

LIMIT = 50
#: What each list holds; the first is ordered by deadline, the others newest first. A status that is
#: new at Stripe is in the list of those that end alike, else in the last alone.
VIEWS: dict[str, tuple[str, ...]] = {
    "open": ANSWERABLE,
    "review": IN_REVIEW,
    "won": ("won",),
    "lost": ("lost",),
    "all": (),
}
_NEVER = datetime(9999, 1, 1, tzinfo=clock.EPOCH.tzinfo)
#: Answers whose time is taken: the newest of them.
_TIMED = 1000


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute in a list; `due_by` is None where nothing is to be answered."""

    stripe_id: str
    status: str
    amount: Money
    reason: str | None
    card_brand: str | None
    due_by: datetime | None
    has_evidence: bool
    submission_count: int
    created_at: datetime
    payment_id: str | None
    customer: str | None
    customer_id: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and where the next one begins; None where there is none."""

    rows: tuple[DisputeRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """The reasons and currencies of a mode's disputes."""

    reasons: tuple[str, ...]
    currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stake:
    """What may still be lost in one currency: to be answered, and with the issuer."""

    currency: str
    to_answer: Money
    to_answer_count: int
    in_review: Money
    in_review_count: int


@dataclass(frozen=True, slots=True)
class WinRate:
    """Disputes of one reason that were answered and decided, and how many of them were won.

    `unanswered` were lost without an answer: they say nothing about what an answer is worth.
    """

    reason: str
    decided: int
    won: int
    unanswered: int

    @property
    def rate(self) -> Fraction | None:
        """An exact share; None where nothing was decided."""
        return Fraction(self.won, self.decided) if self.decided else None


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """How long it took to submit, of `count` disputes answered here; None without any."""

    count: int
    median: timedelta | None


def natural_order(view: str) -> SortOrder:
    """As a list stands by itself: what must be answered first, elsewhere the newest first."""
    return SortOrder("due", descending=False) if view == "open" else SortOrder("created")


@requires("see_disputes")
def page(
    conn: Connection,
    *,
    livemode: bool,
    view: str = "open",
    reason: str | None = None,
    currency: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT,
    order: SortOrder | None = None,
) -> Page:
    """A page of a list, filtered. A cursor that cannot be read is taken as none.

    `order`: the one that the list has by itself, or the same the other way round.
    """
    d, p = disputes.c, payments.c
    by_deadline = view == "open"
    falling = (order or natural_order(view)).descending
    key = func.coalesce(d.due_by, literal(_NEVER, d.due_by.type)) if by_deadline else d.created_at
    asked = (
        select(
            disputes,
            p.customer_id,
            p.email,
            func.coalesce(p.email, p.customer_name, p.customer_id).label("customer"),
        )
        .outerjoin(payments, p.stripe_id == d.payment_id)
        .where(d.livemode == livemode)
    )
    asked = asked.where(*_tests(conn, view, reason, currency))
    if start := paging.read_cursor(cursor, str):
        asked = asked.where(paging.rows_beyond(key, d.stripe_id, start, older=falling))
    ordered = (key.desc(), d.stripe_id.desc()) if falling else (key, d.stripe_id)
    found = conn.execute(asked.order_by(*ordered).limit(limit + 1)).all()
    rows, last = paging.cut(found, limit)
    following = None
    if last is not None:
        at = (last.due_by or _NEVER) if by_deadline else last.created_at
        following = paging.write_cursor(Position(at, last.stripe_id))
    return Page(tuple(map(_row, rows)), following)


@requires("see_disputes")
def totals(
    conn: Connection,
    *,
    livemode: bool,
    view: str = "open",
    reason: str | None = None,
    currency: str | None = None,
) -> Totals:
    """What all pages of such a list come to."""
    d = disputes.c
    asked = select(d.amount_minor, d.currency).where(d.livemode == livemode)
    return search_totals.totals(conn, asked.where(*_tests(conn, view, reason, currency)))


def _tests(
    conn: Connection, view: str, reason: str | None, currency: str | None
) -> list[ColumnElement[bool]]:
    if view not in VIEWS:
        raise InvalidInput("view", "must be one of {known}", known=", ".join(VIEWS))
    d, wanted = disputes.c, _statuses(conn, view)
    tests = [d.status.in_(wanted)] if wanted else []
    return tests + [
        column == value for column, value in ((d.reason, reason), (d.currency, currency)) if value
    ]


def _row(row: Row[Any]) -> DisputeRow:
    return DisputeRow(
        row.stripe_id,
        row.status,
        Money(row.amount_minor, row.currency),
        row.reason,
        row.card_brand,
        row.due_by,
        row.has_evidence,
        row.submission_count,
        row.created_at,
        row.payment_id,
        row.customer,
        row.customer_id,
        row.email,
    )


def _statuses(conn: Connection, view: str) -> tuple[str, ...]:
    if view == "open":
        return dispute_statuses.answerable(conn)
    return dispute_statuses.in_review(conn) if view == "review" else VIEWS[view]


@requires("see_disputes")
def filters(conn: Connection, *, livemode: bool) -> Filters:
    """What a list can be filtered by: all that is in the mirror, with or without words for it."""
    d = disputes.c

    def distinct(column: ColumnElement[Any]) -> tuple[str, ...]:
        asked = select(column).where(d.livemode == livemode, column.is_not(None)).distinct()
        return tuple(sorted(conn.scalars(asked)))

    return Filters(distinct(d.reason), distinct(d.currency))


@requires("see_disputes")
def at_stake(conn: Connection, *, livemode: bool) -> tuple[Stake, ...]:
    """What is to be answered and what is with the issuer, a line a currency."""
    d = disputes.c
    answerable = dispute_statuses.answerable(conn)
    waits = d.status.in_(answerable)
    known = (*answerable, *dispute_statuses.in_review(conn))

    def of(test: ColumnElement[bool], value: ColumnElement[int]) -> ColumnElement[int]:
        return cast(func.sum(case((test, value), else_=0)), BigInteger)

    one = cast(1, BigInteger)
    asked = (
        select(
            d.currency,
            of(waits, d.amount_minor),
            of(waits, one),
            of(~waits, d.amount_minor),
            of(~waits, one),
        )
        .where(d.livemode == livemode, d.status.in_(known))
        .group_by(d.currency)
    )
    found = [
        Stake(cur, Money(int(open_), cur), int(n), Money(int(review), cur), int(m))
        for cur, open_, n, review, m in conn.execute(asked)
    ]
    return tuple(sorted(found, key=lambda s: (-s.to_answer_count, -s.in_review_count, s.currency)))


@requires("see_disputes")
def win_rates(conn: Connection, *, livemode: bool) -> tuple[WinRate, ...]:
    """A line a reason, the one with most decisions first."""
    d = disputes.c
    asked = (
        select(d.reason, d.status, d.submission_count > 0, func.count())
        .where(d.livemode == livemode, d.status.in_(["won", "lost"]))
        .group_by(d.reason, d.status, d.submission_count > 0)
    )
    sums: dict[str, list[int]] = {}
    for reason, status, answered, count in conn.execute(asked):
        line = sums.setdefault(reason or "", [0, 0, 0])
        if answered:
            line[0] += count
            line[1] += count if status == "won" else 0
        elif status == "lost":
            line[2] += count
    found = [WinRate(reason, *line) for reason, line in sums.items()]
    return tuple(sorted(found, key=lambda line: (-line.decided, -line.unanswered, line.reason)))


@requires("see_disputes")
def answer_time(conn: Connection, *, livemode: bool) -> AnswerTime:
    """From the dispute to its submission, of those submitted here."""
    d, o = disputes.c, operations.c
    # An appeal, and the answer to a dispute that was opened anew, took their time from elsewhere.
    first = func.min(o.created_at)
    asked = (
        select(first, d.created_at)
        .join_from(operations, disputes, d.stripe_id == o.stripe_id)
        .where(
            o.kind == "dispute.submit", o.state == OperationState.SUCCEEDED, d.livemode == livemode
        )
        .group_by(d.stripe_id, d.created_at)
        .order_by(first.desc())
        .limit(_TIMED)
    )
    took = sorted(submitted - created for submitted, created in conn.execute(asked))
    return AnswerTime(len(took), took[len(took) // 2] if took else None)
