"""The queue of cases, by money at risk or by age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from core.clock import business_day
from core.db.tables import cases, payments, risk_assessments, user_roles, users
from core.money import Money
from core.reads.fraud.scored import start_of
from core.reads.permissions import requires
from core.reads.search import totals as search_totals
from core.reads.search.logs.names import names_of
from core.reads.search.totals import Totals
from core.states import CaseState

MOST_SHOWN = 200
KINDS = ("flag", "warning", "review")
_C, _P = cases.c, payments.c


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line of the queue; `amount` is what was at risk when it was opened."""

    case_id: str
    kind: str
    state: str
    amount: Money
    payment_id: str
    email: str | None
    score: int | None
    assigned_to: str | None
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseSum:
    """How many cases of a currency there are, and what was at risk in them, in minor units."""

    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The cases that fit, at most `MOST_SHOWN`, and what all that fit come to; how many are open,
    by currency, in all."""

    rows: tuple[CaseRow, ...]
    open_by_currency: Mapping[str, int]
    sums: tuple[CaseSum, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseDay:
    """Cases that were opened on a day of the zone, and those that were decided on it."""

    day: date
    opened: int
    decided: int


@requires("manage_fraud")
def queue(
    conn: Connection,
    *,
    livemode: bool,
    is_open: bool | None = True,
    kind: str | None = None,
    currency: str | None = None,
    assigned_to: str | None = None,
    by_money: bool = False,
    opened: tuple[datetime, datetime] | None = None,
    decided: tuple[datetime, datetime] | None = None,
) -> Queue:
    """The oldest first; `by_money` (with a `currency`: money has no order across them) the most
    at risk first; closed ones by when they were closed, the last first. `is_open` None: both.
    `opened` and `decided`: from a time until before another."""
    tests = _tests(livemode, is_open, kind, currency, assigned_to, opened, decided)
    order: tuple[Any, ...] = (_C.opened_at, _C.id)
    if is_open is False:
        order = (_C.closed_at.desc(), _C.id)
    elif by_money and currency:
        order = (_C.amount_minor.desc(), _C.opened_at, _C.id)
    rows = conn.execute(case_rows().where(*tests).order_by(*order).limit(MOST_SHOWN)).all()
    counted = conn.execute(
        select(_C.currency, func.count())
        .where(_C.livemode == livemode, _C.state == CaseState.OPEN)
        .group_by(_C.currency)
        .order_by(func.count().desc(), _C.currency)
    )
    summed = conn.execute(
        select(_C.currency, func.count(), func.sum(_C.amount_minor))
        .where(*tests)
        .group_by(_C.currency)
        .order_by(func.count().desc(), _C.currency)
    )
    sums = tuple(CaseSum(code, int(count), int(minor)) for code, count, minor in summed)
    return Queue(shaped(conn, rows), {code: int(count) for code, count in counted}, sums)


@requires("manage_fraud")
def by_day(
    conn: Connection, *, livemode: bool, zone: ZoneInfo, since: date, until: date
) -> tuple[CaseDay, ...]:
    """Each day from `since` until before `until`, by the zone's calendar."""
    days = [since + timedelta(days=n) for n in range((until - since).days)]
    start, end = start_of(since, zone), start_of(until, zone)
    counts = []
    for moment in (_C.opened_at, _C.closed_at):
        times = select(moment).where(_C.livemode == livemode, moment >= start, moment < end)
        counts.append(Counter(business_day(at, zone) for at in conn.scalars(times)))
    opened, decided = counts
    return tuple(CaseDay(day, opened[day], decided[day]) for day in days)


@requires("manage_fraud")
def totals(
    conn: Connection,
    *,
    livemode: bool,
    is_open: bool | None = True,
    kind: str | None = None,
    currency: str | None = None,
    assigned_to: str | None = None,
    opened: tuple[datetime, datetime] | None = None,
    decided: tuple[datetime, datetime] | None = None,
) -> Totals:
    """How many cases fit, and the money at risk in them."""
    tests = _tests(livemode, is_open, kind, currency, assigned_to, opened, decided)
    return search_totals.totals(conn, select(_C.amount_minor, _C.currency).where(*tests))


def _tests(
    livemode: bool,
    is_open: bool | None,
    kind: str | None,
    currency: str | None,
    assigned_to: str | None,
    opened: tuple[datetime, datetime] | None,
    decided: tuple[datetime, datetime] | None,
) -> list[ColumnElement[bool]]:
    tests = [_C.livemode == livemode]
    if is_open is not None:
        tests.append((_C.state == CaseState.OPEN) if is_open else (_C.state != CaseState.OPEN))
    for moment, within in ((_C.opened_at, opened), (_C.closed_at, decided)):
        if within is not None:
            tests += [moment >= within[0], moment < within[1]]
    asked = ((_C.kind, kind), (_C.currency, currency), (_C.assigned_to, assigned_to))
    return tests + [column == wanted for column, wanted in asked if wanted]


def case_rows() -> Any:
    """Cases with their payment's address and score."""
    a = risk_assessments.c
    return (
        select(cases, _P.email, a.score)
        .join(payments, _P.stripe_id == _C.payment_id)
        .outerjoin(risk_assessments, (a.payment_id == _C.payment_id) & (a.kind == "arrival"))
    )


def shaped(connection: Connection, rows: Any) -> tuple[CaseRow, ...]:
    """Rows of `case_rows`."""
    names = names_of(connection, {row.assigned_to for row in rows if row.assigned_to})
    return tuple(
        CaseRow(
            case_id=row.id,
            kind=row.kind,
            state=row.state,
            amount=Money(row.amount_minor, row.currency),
            payment_id=row.payment_id,
            email=row.email,
            score=row.score,
            assigned_to=names.get(row.assigned_to or "", row.assigned_to),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
        for row in rows
    )


@requires("manage_fraud")
def workers(conn: Connection) -> tuple[tuple[str, str], ...]:
    """Who may be given a case: ids and addresses of those with the role of risk."""
    rows = conn.execute(
        select(users.c.id, users.c.email)
        .join(user_roles, user_roles.c.user_id == users.c.id)
        .where(user_roles.c.role == "risk", ~users.c.disabled)
        .order_by(users.c.email)
    )
    return tuple((row.id, row.email) for row in rows)
