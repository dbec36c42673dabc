"""Time: always UTC, always aware, with microseconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A time that never comes: what is due then waits for new word of it, or for a person.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Linux stops its monotonic clock while the machine sleeps; other systems have no need of this one.
_AWAKE_OR_NOT = getattr(time, "CLOCK_BOOTTIME", None)


class Clock(Protocol):
    """Tells the time; tests and the emulator bring their own."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def now() -> datetime:
    """The machine's time now, in UTC."""
    return datetime.now(UTC)


def machine_seconds() -> float:
    """Seconds by the machine's own clock: nobody sets it, and it runs on while the machine sleeps.

    Only a difference of two of them says something.
    """
    return time.monotonic() if _AWAKE_OR_NOT is None else time.clock_gettime(_AWAKE_OR_NOT)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a stretch of time that began in this process, by the wall clock and by the
    machine's own."""

    wall: datetime
    machine: float

    def passed(self) -> bool:
        """Whether either clock says so: the one may be set back, the other is this machine's."""
        return now() >= self.wall or machine_seconds() >= self.machine


def ends_in(lasts: timedelta) -> Deadline:
    """So long from now."""
    return Deadline(now() + lasts, machine_seconds() + lasts.total_seconds())


def from_unix(seconds: int) -> datetime:
    """Stripe's whole seconds since 1970 as an aware time."""
    return EPOCH + timedelta(seconds=seconds)


def to_unix(moment: datetime) -> int:
    """Whole seconds since 1970, rounded down, as Stripe counts."""
    return to_micros(moment) // 1_000_000


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


def micros_now() -> int:
    """Microseconds since 1970, now."""
    return time.time_ns() // 1000


def business_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day that a moment belongs to in the reporting time zone."""
    return moment.astimezone(zone).date()


def start_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the business day of a moment began, in UTC."""
    return first_moment(business_day(moment, zone), zone)


def first_moment(day: date, zone: ZoneInfo) -> datetime:
    """When a business day began, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
