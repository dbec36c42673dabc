"""What a column of a frame holds, in which unit, and how rows become a frame with such columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from core import clock
from core.errors import InvalidInput
from core.money import Money, major

#: Rows that a read gives where nobody says how many.
LIMIT = 100_000
MOST_ROWS = 1_000_000


class Kind(StrEnum):
    """What a column holds; the value is its dtype."""

    TEXT = "str"
    #: A number of things.
    COUNT = "Int64"
    FLAG = "boolean"
    #: Midnight of a day in the reporting time zone, without a zone.
    DAY = "datetime64[us]"
    TIME = "datetime64[us, UTC]"
    #: Two columns: whole minor units, and the same in exact major units.
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or for money two of them: `NAME_minor` and `NAME`.

    `currency`: the column that has the currency of an amount.
    """

    name: str
    kind: Kind
    meaning: str
    currency: str = "currency"

    @property
    def read(self) -> str:
        """The name that a read gives the value."""
        return f"{self.name}_minor" if self.kind is Kind.MONEY else self.name

    def described(self) -> Iterator[tuple[str, str, str]]:
        """For each column of the frame its name, its dtype with its unit, and its meaning."""
        if self.kind is Kind.MONEY:
            yield self.read, f"Int64, minor units of `{self.currency}`", self.meaning
            yield self.name, f"Decimal, major units of `{self.currency}`", "the same amount"
        elif self.kind is Kind.DAY:
            yield self.name, f"{self.kind}, a day in REPORTING_TIMEZONE", self.meaning
        else:
            yield self.name, str(self.kind), self.meaning


Columns = tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of `zone` from `since` up to, not including, `until`; of their rows at most `limit`.

    `InvalidInput` for a stretch without a day, or a limit out of bounds.
    """

    since: date
    until: date
    zone: ZoneInfo
    limit: int = LIMIT

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise InvalidInput("until", "must be after the period's first day")
        if not 1 <= self.limit <= MOST_ROWS:
            raise InvalidInput("limit", "is from 1 to {most} rows", most=MOST_ROWS)

    @property
    def start(self) -> datetime:
        """When its first day began, in UTC."""
        return clock.first_moment(self.since, self.zone)

    @property
    def end(self) -> datetime:
        """When its last day was over, in UTC."""
        return clock.first_moment(self.until, self.zone)


def frame(columns: Columns, rows: Sequence[Any], limit: int) -> pd.DataFrame:
    """The first `limit` rows, each with what `columns` read in their order.

    `.attrs["complete"]` says whether these were all: a read asks for one row more than the limit.
    """
    kept = rows[:limit]
    values = {one.read: [row[place] for row in kept] for place, one in enumerate(columns)}
    made: dict[str, pd.Series[Any]] = {}
    for one in columns:
        read = values[one.read]
        if one.kind is Kind.MONEY:
            made[one.read] = pd.Series(read, dtype="Int64")
            made[one.name] = pd.Series(_majors(read, values[one.currency]), dtype=object)
        else:
            made[one.name] = pd.Series(read, dtype=one.kind.value)
    found = pd.DataFrame(made)
    found.attrs["complete"] = len(rows) <= limit
    return found


def _majors(minors: Sequence[int | None], currencies: Sequence[str | None]) -> list[Any]:
    return [
        None if minor is None or currency is None else major(Money(int(minor), currency))
        for minor, currency in zip(minors, currencies, strict=True)
    ]
