"""Periods: their days, what they are compared with, and what is cut or not over."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from core.reads.revenue.periods import Span, before, calendar, parts, year_before

TODAY = date(2026, 11, 30)
TOMORROW = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("kind", "days", "compared"),
    [
        ("today", Span(TODAY, TOMORROW), Span(date(2026, 11, 29), TODAY)),
        ("month", Span(date(2026, 11, 1), TOMORROW), Span(date(2026, 10, 1), date(2026, 10, 31))),
        (
            "last_month",
            Span(date(2026, 10, 1), date(2026, 11, 1)),
            Span(date(2026, 9, 1), date(2026, 10, 1)),
        ),
        ("quarter", Span(date(2026, 10, 1), TOMORROW), Span(date(2026, 7, 1), date(2026, 8, 31))),
        ("year", Span(date(2026, 1, 1), TOMORROW), Span(date(2025, 1, 1), date(2025, 12, 1))),
    ],
)
def test_a_calendar_period_is_compared_with_as_much_of_the_one_before(kind, days, compared):
    assert calendar(kind, TODAY) == days
    assert before(kind, days) == compared


def test_a_longer_month_is_not_compared_with_days_of_its_own():
    march = Span(date(2026, 3, 1), date(2026, 4, 1))
    assert before("month", march) == Span(date(2026, 2, 1), date(2026, 3, 1))


def test_chosen_days_are_compared_with_as_many_before():
    days = Span(date(2026, 11, 3), date(2026, 11, 8))
    assert before("custom", days) == Span(date(2026, 10, 29), date(2026, 11, 3))


def test_a_leap_day_has_the_28th_before_it():
    leap = Span(date(2028, 2, 29), date(2028, 3, 1))
    assert year_before(leap) == Span(date(2027, 2, 28), date(2027, 3, 1))


def test_cut_and_running_steps_say_so():
    october = Span(date(2026, 10, 1), date(2026, 11, 1))
    weeks = parts(october, "week", TODAY)
    assert [(one.span.days, one.of_days, one.state) for one in weeks] == [
        (4, 7, "cut"),
        (7, 7, "whole"),
        (7, 7, "whole"),
        (7, 7, "whole"),
        (6, 7, "cut"),
    ]
    assert weeks[0].start == date(2026, 9, 28)
    (month,) = parts(Span(date(2026, 10, 31), date(2026, 11, 1)), "month", TODAY)
    assert (month.span.days, month.of_days, month.state) == (1, 31, "cut")
    # All its days are there, and the last is not over.
    assert parts(Span(date(2026, 11, 1), TOMORROW), "month", TODAY)[0].state == "running"


def test_steps_hold_each_day_of_the_period_once():
    span = Span(date(2026, 1, 14), date(2026, 3, 5))
    for by in ("day", "week", "month"):
        found = parts(span, by, TODAY)
        assert sum(one.span.days for one in found) == span.days
        assert all(a.span.until == b.span.since for a, b in pairwise(found))
        assert found[0].span.since == span.since
        assert found[-1].span.until - timedelta(days=1) == date(2026, 3, 4)
