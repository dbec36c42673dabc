"""Which days a period is, which it is compared with, and which of its steps are cut or running.

All days are business days; a span ends before its `until`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

Step = Literal["day", "week", "month"]
#: Calendar periods: each but the last month goes on until today.
Kind = Literal["today", "month", "last_month", "quarter", "year"]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["whole", "cut", "running"]
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `since` up to, not including, `until`."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True)
class Part:
    """A step of a period: `days` of it lie in the period, of the `of_days` that it has.

    `start` is the first day of the whole step. It is `running` where today is one of its days, and
    `cut` where the period leaves some of its days out.
    """

    start: date
    span: Span
    of_days: int
    state: State


def calendar(kind: Kind, today: date) -> Span:
    """The days of a calendar period around today."""
    tomorrow, month = today + _ONE_DAY, today.replace(day=1)
    if kind == "last_month":
        return Span(_months_before(month, 1), month)
    first = {
        "today": today,
        "month": month,
        "quarter": _months_before(month, (month.month - 1) % 3),
        "year": month.replace(month=1),
    }[kind]
    return Span(first, tomorrow)


def before(kind: str, span: Span) -> Span:
    """The period of the same kind before: as much of it as there is of this one by now.

    What is no calendar period is compared with as many days just before it.
    """
    months = {"month": 1, "last_month": 1, "quarter": 3, "year": 12}.get(kind)
    if months is None:
        return Span(span.since - (span.until - span.since), span.since)
    first = _months_before(span.since, months)
    if kind == "last_month":
        return Span(first, span.since)
    if kind == "year":
        return year_before(span)
    return Span(first, min(first + (span.until - span.since), span.since))


def year_before(span: Span) -> Span:
    """The same days of the year before; the 29th of February is the 28th."""
    last = _year_before(span.until - _ONE_DAY)
    return Span(_year_before(span.since), last + _ONE_DAY)


def start_of(day: date, by: Step) -> date:
    """The first day of the step that a day lies in: of a week its Monday."""
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by == "month" else day


def parts(span: Span, by: Step, today: date) -> tuple[Part, ...]:
    """The steps that a period is made of, the oldest first, without gaps."""
    found, start = [], start_of(span.since, by)
    while start < span.until:
        after = _after(start, by)
        inside = Span(max(start, span.since), min(after, span.until))
        of_days = (after - start).days
        state: State = "whole" if inside.days == of_days else "cut"
        if inside.since <= today < inside.until:
            state = "running"
        found.append(Part(start, inside, of_days, state))
        start = after
    return tuple(found)


def _after(start: date, by: Step) -> date:
    if by == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if by == "week" else 1)


def _months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        day -= _ONE_DAY
    return day.replace(year=day.year - 1)
