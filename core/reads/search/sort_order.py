"""In which order a list stands, and how an address says so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SortOrder:
    """`by` a column; `descending`: the newest or greatest first."""

    by: str
    descending: bool = True

    def __str__(self) -> str:
        return f"{'-' * self.descending}{self.by}"

    def turned(self, by: str, known: Collection[str]) -> SortOrder:
        """What a click on a column's title asks for: the other way round, or, on another column,
        the greatest first. The order itself where the list is not sorted by that column."""
        if by == self.by:
            return SortOrder(by, not self.descending)
        return SortOrder(by) if by in known else self


def read_order(text: str | None, default: SortOrder, known: Collection[str] = ()) -> SortOrder:
    """`created`, `-created`: an order by one of the known columns, or by the default's; nothing is
    the default. `InvalidInput` for another."""
    if not text:
        return default
    columns = dict.fromkeys((default.by, *known))
    if text.removeprefix("-") not in columns:
        ways = ", ".join(f"{column}, -{column}" for column in columns)
        raise InvalidInput("sort", "must be one of {known}", known=ways)
    return SortOrder(text.removeprefix("-"), text.startswith("-"))
