"""Revenue's tables as files; the amounts have the signs of the screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

from core import clock
from core.errors import InvalidInput
from core.money import Money
from core.reads.exports.columns import Asked, Column, FileRows, Kind, Reader, file_rows
from core.reads.exports.lists import is_live
from core.reads.revenue import periods, revenue
from core.reads.revenue.categories import MOVEMENTS, PARTS
from core.reads.revenue.periods import Span, Step

#: The amounts: both blocks. The parts add up to `net`, it and the movements to `balance_change`.
AMOUNTS = [
    *"gross refunds disputes platform_earnings fees network_costs tax net".split(),
    *MOVEMENTS,
    "balance_change",
]
_FIGURES = [f"{name}_minor" for name in (*PARTS, "net", *MOVEMENTS)]
_READS: dict[str, Callable[..., Any]] = {
    "method": revenue.by_method,
    "country": revenue.by_country,
}
Row = dict[str, Any]
#: What a row is of, where it is not of a period.
_KEYS = {"method": "method", "country": "card_country"}


#: How much of its day, week or month a row holds: "1", "31", "cut" for a day of a month.
_OF_STEPS: list[Column[Row]] = [
    Column("days", Kind.COUNT, lambda row: row["part"].span.days),
    Column("of_days", Kind.COUNT, lambda row: row["part"].of_days),
    Column("state", Kind.TEXT, lambda row: row["part"].state),
]


def open_revenue(read: Reader, asked: Asked, zone: ZoneInfo) -> FileRows:
    """The table under Revenue's chart, or the one by method, by country, or of fees.

    `zone`: whose day is today, which tells the periods that are not over.
    """
    if asked.get("by") == "fees":
        return _fees(read, asked)
    by, period = asked.get("by", "day"), _period(asked)
    more: dict[str, Any] = {} if by in _READS else {"by": by}
    found = read(_READS.get(by, revenue.series), **period, **more)
    # By the signs of the screen: what left and what was taken is negative.
    rows: list[Row] = [
        row | {"balance_change_minor": row["net_minor"] + row["other_minor"]}
        for row in revenue.as_added(found)
    ]
    columns = _columns(_KEYS.get(by, "period"), period["currency"])
    if by not in _READS:
        today = clock.business_day(clock.now(), zone)
        steps = periods.parts(Span(period["since"], period["until"]), cast("Step", by), today)
        rows = [row | {"part": part} for row, part in zip(rows, steps, strict=True)]
        columns += _OF_STEPS
    return file_rows(columns, rows)


def _columns(key: str, currency: str) -> list[Column[Row]]:
    figures = zip(AMOUNTS, (*_FIGURES, "balance_change_minor"), strict=True)
    return [
        Column(key, Kind.DAY if key == "period" else Kind.TEXT, lambda row: row[key]),
        Column("currency", Kind.TEXT, lambda _row: currency.upper()),
        *(_amount(name, figure, currency) for name, figure in figures),
        Column("charges", Kind.COUNT, lambda row: int(row["count"])),
    ]


def _amount(name: str, figure: str, currency: str) -> Column[Row]:
    return Column(name, Kind.MAJOR, lambda row: Money(int(row[figure]), currency))


def _fees(read: Reader, asked: Asked) -> FileRows:
    """What fees went to; the amounts add up to the column `fees` of the same period."""
    period = _period(asked)
    currency = period["currency"]
    columns: list[Column[revenue.FeePart]] = [
        Column("part", Kind.TEXT, lambda part: part.type),
        Column("currency", Kind.TEXT, lambda _part: currency.upper()),
        Column("amount", Kind.MAJOR, lambda part: Money(-part.amount_minor, currency)),
    ]
    return file_rows(columns, read(revenue.fee_parts, **period))


def _period(asked: Asked) -> dict[str, Any]:
    return {
        "livemode": is_live(asked),
        "currency": asked.get("currency", ""),
        "since": _day(asked, "since"),
        "until": _day(asked, "until"),
    }


def _day(asked: Asked, name: str) -> date:
    try:
        return date.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise InvalidInput(name, "must be a day such as 2026-11-01") from None
