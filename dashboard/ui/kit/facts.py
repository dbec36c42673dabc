"""Facts: names with their values beside them, to be read, copied, or followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.i18n import _
from dashboard.ui.kit import component
from dashboard.ui.kit.cells import Cell
from dashboard.ui.kit.component import OnClick


@dataclass(frozen=True, slots=True)
class Fact:
    """A value under its label. `is_copied`: a button beside it copies its text.

    `is_total`: a sum, under a line. With a `name` and an `address` it opens what it names.
    """

    label: str
    value: Cell
    is_copied: bool = False
    is_total: bool = False
    name: str = ""
    address: str = ""

    def as_data(self) -> dict[str, Any]:
        """As `kit.js` reads it."""
        found = {
            "label": self.label,
            "value": self.value.as_data(),
            "copied": self.is_copied,
            "total": self.is_total,
            "name": self.name,
            "href": self.address,
        }
        return component.compact(found)


def draw(
    key: str,
    facts: Sequence[Fact],
    *,
    leaves: bool = True,
    on_open: OnClick | None = None,
) -> None:
    """Draw those that are known: a fact without a value is left out."""
    data = {
        "facts": [fact.as_data() for fact in facts if not fact.value.is_empty],
        "copy": _("Copy"),
    }
    component.mount("facts", key, data, on_open=on_open, leaves=leaves)
