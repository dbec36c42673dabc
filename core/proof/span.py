"""The stretch of days that a proof is about."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core import clock
from core.errors import InvalidInput

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
#: The longest stretch that is compared at once.
LONGEST = timedelta(days=1100)


@dataclass(frozen=True)
class Span:
    """The days `first` to `last`, both included, of a mode, in the zone whose days they are."""

    livemode: bool
    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first moment of it, in UTC."""
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it, in UTC."""
        following = self.last + timedelta(days=1)
        return datetime.combine(following, time(), self.zone).astimezone(UTC)

    def day(self, moment: datetime) -> date:
        """The business day of a moment."""
        return clock.business_day(moment, self.zone)

    def days(self) -> list[tuple[date, datetime, datetime]]:
        """Each day with its first moment and the first after it, in UTC."""
        count = (self.last - self.first).days + 1
        each = (self.first + timedelta(days=n) for n in range(count))
        found = ((one, Span(self.livemode, one, one, self.zone)) for one in each)
        return [(one, span.start, span.end) for one, span in found]

    def utc_days(self) -> list[date]:
        """The days of UTC that it touches."""
        first, last = self.start.date(), (self.end - timedelta(microseconds=1)).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def month_of(text: str) -> tuple[date, date]:
    """First and last day of `2026-11`; `InvalidInput` for anything else."""
    found = _MONTH.fullmatch(text)
    if found is None or int(found[1]) < 2000:
        raise InvalidInput("month", "is a month such as 2026-11")
    year, month = int(found[1]), int(found[2])
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def checked(livemode: bool, first: date, last: date, zone: ZoneInfo, now: datetime) -> Span:
    """A span that has begun and is not too long; `InvalidInput` names the rule."""
    if last < first:
        raise InvalidInput("to", "is not before from")
    if last - first > LONGEST:
        raise InvalidInput("to", f"is at most {LONGEST.days} days after from")
    if first > clock.business_day(now, zone):
        raise InvalidInput("from", "has begun")
    return Span(livemode, first, last, zone)
