"""Times as people write them: `7d`, `today`, `2026-11`, `>2026-11-01`, `2026-11-01..2026-11-05`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from core.errors import InvalidInput
from core.reads.search.fields import Reader

#: A half-open range of UTC times; None is no bound.
Range = tuple[datetime | None, datetime | None]

_RULE = "must be a time such as 7d, 24h, today, 2026-11, 2026-11-01 or >2026-11-01"
_BOUND = re.compile(r"(>=|<=|>|<|=)?(.+)")
_SPAN = re.compile(r"(\d{1,5})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """From the midnight that begins `first` until the one that begins `after`, in some zone."""

    first: date
    after: date

    def in_zone(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
        """Both ends in UTC."""
        return _midnight(self.first, zone), _midnight(self.after, zone)


@dataclass(frozen=True, slots=True)
class DaysAgo:
    """The day that it was so many days before now, in some zone: 0 is today."""

    days: int

    def in_zone(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
        """Both ends in UTC."""
        first = now.astimezone(zone).date() - timedelta(days=self.days)
        return _midnight(first, zone), _midnight(first + _ONE_DAY, zone)


@dataclass(frozen=True, slots=True)
class Moment:
    """A microsecond; without an offset from UTC it is one of some zone."""

    at: datetime

    def in_zone(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
        """Both ends in UTC."""
        aware = self.at if self.at.tzinfo else self.at.replace(tzinfo=zone)
        return aware.astimezone(UTC), aware.astimezone(UTC) + timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ago:
    """So long before now."""

    span: timedelta

    def in_zone(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
        """The moment, twice."""
        return now - self.span, now - self.span


Period = Days | DaysAgo | Moment | Ago


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range that is read, and laid on the calendar once zone and time are known.

    From an end of `low` until an end of `high`, its beginning or where it is over; None is no
    bound.
    """

    low: Period | None = None
    high: Period | None = None
    low_is_over: bool = False
    high_is_over: bool = True

    def in_zone(self, zone: tzinfo, now: datetime) -> Range:
        """The range in UTC: days are those of `zone`, spans count back from `now`."""
        since = self.low.in_zone(zone, now)[self.low_is_over] if self.low else None
        until = self.high.in_zone(zone, now)[self.high_is_over] if self.high else None
        return since, until


def bounding_range(ranges: Sequence[Range]) -> Range:
    """The half-open range that all of these lie in."""
    starts, ends = [low for low, _ in ranges], [high for _, high in ranges]
    return (
        None if None in starts else min(low for low in starts if low),
        None if None in ends else max(high for high in ends if high),
    )


def common_range(ranges: Iterable[Range]) -> Range:
    """What lies in all of these; without any, all time."""
    starts, ends = zip((None, None), *ranges, strict=True)
    return max(filter(None, starts), default=None), min(filter(None, ends), default=None)


def time_reader(field: str) -> Reader:
    """A reader of a field whose values are times; each is a `TimeRange`."""

    def reader(text: str, _literal: bool) -> TimeRange:
        try:
            return _time_range(text)
        except (ValueError, OverflowError):
            raise InvalidInput(field, _RULE) from None

    return reader


def _time_range(text: str) -> TimeRange:
    """`>2026-11-01` begins with the day after, `a..b` includes b. `ValueError` for no range."""
    if ".." in text:
        low, _, high = text.partition("..")
        return TimeRange(_period(low), _period(high))
    if span := _SPAN.fullmatch(text):
        return TimeRange(Ago(timedelta(**{_UNITS[span[2]]: int(span[1])})))
    found = _BOUND.fullmatch(text)
    sign, period = (found[1], _period(found[2])) if found else (None, _period(text))
    ranges = {
        ">": TimeRange(period, None, low_is_over=True),
        ">=": TimeRange(period, None),
        "<": TimeRange(None, period, high_is_over=False),
        "<=": TimeRange(None, period),
    }
    return ranges.get(sign or "=", TimeRange(period, period))


def _period(text: str) -> Period:
    if text in ("today", "yesterday"):
        return DaysAgo(int(text == "yesterday"))
    if _DAY.fullmatch(text):
        first = date.fromisoformat(text)
        return _in_calendar(Days(first, first + _ONE_DAY))
    if _MONTH.fullmatch(text):
        first = date.fromisoformat(f"{text}-01")
        return _in_calendar(Days(first, (first + timedelta(days=31)).replace(day=1)))
    return _in_calendar(Moment(datetime.fromisoformat(text)))


def _in_calendar(period: Period) -> Period:
    """`OverflowError` where the ends of the calendar are so near that a zone may lie beyond."""
    for hours in (-14, 14):
        period.in_zone(timezone(timedelta(hours=hours)), datetime(2000, 1, 1, tzinfo=UTC))
    return period


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
