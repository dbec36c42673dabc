"""In which order a list of payments stands, and how an address says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput

By = Literal["created", "amount"]
_FIELDS: dict[str, By] = {"created": "created", "amount": "amount"}


@dataclass(frozen=True, slots=True)
class SortOrder:
    """`by` a payment's time or amount; `descending`: the newest or greatest first."""

    by: By = "created"
    descending: bool = True

    def __str__(self) -> str:
        return f"{'-' * self.descending}{self.by}"

    def turned(self, by: str) -> SortOrder:
        """What a click on a column's title asks for: the other way round, or, on another column,
        the greatest first. The order itself where nothing is sorted by that column."""
        if by == self.by:
            return SortOrder(self.by, not self.descending)
        return SortOrder(_FIELDS[by]) if by in _FIELDS else self


NEWEST = SortOrder()


def read_order(text: str | None) -> SortOrder:
    """`-created`, `created`, `-amount`, `amount`; nothing is the newest first. `InvalidInput` for
    another order."""
    if not text:
        return NEWEST
    by = _FIELDS.get(text.removeprefix("-"))
    if by is None:
        raise InvalidInput("sort", "must be created, -created, amount or -amount")
    return SortOrder(by, text.startswith("-"))
