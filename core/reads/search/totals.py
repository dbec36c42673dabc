"""How many rows a list's filters find, and what they come to in each currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, select, union_all

from core.money import Money

#: More rows than these are not summed while somebody waits.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """What `n` rows of one currency come to."""

    amount: Money
    n: int


@dataclass(frozen=True, slots=True)
class Totals:
    """`n` rows, exactly unless there are more than `MOST`; then nothing is summed. `sums`: the
    currency with most rows first."""

    n: int
    exact: bool
    sums: tuple[CurrencyTotal, ...]


def totals(conn: Connection, *asked: Select[Any]) -> Totals:
    """Of all rows that these find together, each an amount in minor units and its currency."""
    bounded = [one.limit(MOST + 1).subquery(f"t{number}") for number, one in enumerate(asked)]
    parts = [
        select(rows.c[1].label("currency"), func.count().label("n"), _sum(rows)).group_by(rows.c[1])
        for rows in bounded
    ]
    found: dict[str, list[int]] = {}
    for currency, n, minor in conn.execute(union_all(*parts)):
        line = found.setdefault(currency, [0, 0])
        line[0] += int(n)
        line[1] += int(minor)
    count = sum(n for n, _minor in found.values())
    if count > MOST:
        return Totals(MOST, False, ())
    return Totals(count, True, _ordered(found))


def of_amounts(amounts: Sequence[Money]) -> Totals:
    """The same of rows that were read already."""
    found: dict[str, list[int]] = {}
    for one in amounts:
        line = found.setdefault(one.currency, [0, 0])
        line[0] += 1
        line[1] += one.minor
    return Totals(len(amounts), True, _ordered(found))


def _ordered(found: dict[str, list[int]]) -> tuple[CurrencyTotal, ...]:
    sums = (CurrencyTotal(Money(minor, code), n) for code, (n, minor) in found.items())
    return tuple(sorted(sums, key=lambda one: (-one.n, one.amount.currency)))


def _sum(rows: Any) -> Any:
    return cast(func.sum(rows.c[0]), BigInteger).label("minor")
