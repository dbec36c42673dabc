"""Revenue's tables as files; the amounts have the signs of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from core.access.principals import Principal
from core.errors import InvalidInput
from core.money import Money, plain
from core.reads.revenue import revenue
from core.reads.revenue.categories import MOVEMENTS, PARTS
from dashboard.ui import viewer
from dashboard.ui.csv_file import Asked, Row, livemode

#: Both blocks: the parts add up to `net`, it and the movements to `balance_change`.
COLUMNS = [
    *"currency gross refunds disputes platform_earnings fees network_costs tax net".split(),
    *MOVEMENTS,
    "balance_change",
    "charges",
]


def rows(person: Principal, asked: Asked) -> Iterator[Row]:
    """The table under Revenue's chart, or the one by method, by country, or of fees."""
    if asked.get("by") == "fees":
        yield from _fee_rows(person, asked)
        return
    by, currency = asked.get("by", "day"), asked.get("currency", "")
    reads = {"method": revenue.by_method, "country": revenue.by_country}
    more: dict[str, Any] = {} if by in reads else {"by": by}
    read = reads.get(by, revenue.series)
    found = viewer.current_console().read(person.user_id, read, **_period(asked), **more)
    key = found.columns[0]
    yield [key, *COLUMNS]
    # By the signs of the screen: what left and what was taken is negative.
    for row in revenue.as_added(found).to_dict("records"):
        parts = [int(row[f"{name}_minor"]) for name in (*PARTS, "net", *MOVEMENTS)]
        change = int(row["net_minor"]) + int(row["other_minor"])
        amounts = [plain(Money(minor, currency)) for minor in (*parts, change)]
        yield [row[key], currency.upper(), *amounts, row["count"]]


def _fee_rows(person: Principal, asked: Asked) -> Iterator[Row]:
    """What fees went to; the amounts add up to the column `fees` of the same period."""
    here, period = viewer.current_console(), _period(asked)
    yield ["part", "currency", "amount"]
    for part in here.read(person.user_id, revenue.fee_parts, **period):
        amount = Money(-part.amount_minor, period["currency"])
        yield [part.type, amount.currency.upper(), plain(amount)]


def _period(asked: Asked) -> dict[str, Any]:
    return {
        "livemode": livemode(asked),
        "currency": asked.get("currency", ""),
        "since": _day(asked, "since"),
        "until": _day(asked, "until"),
    }


def _day(asked: Asked, name: str) -> date:
    try:
        return date.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise InvalidInput(name, "must be a day such as 2026-11-01") from None
