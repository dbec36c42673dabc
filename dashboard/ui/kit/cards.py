"""Figures on cards: each exact, with its change, and with the days that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.ui.kit import component
from dashboard.ui.kit.cells import Chip
from dashboard.ui.kit.component import OnClick


@dataclass(frozen=True, slots=True)
class Trend:
    """The figures before this one, the oldest first, and the ends of their time as text.

    `is_good`: whether it goes where it should, which gives the line its colour; None: neither.
    """

    figures: tuple[int, ...]
    since: str
    until: str
    is_good: bool | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A figure as text. `unit` stands small behind it, `note` under it.

    `change` is its change as text, `is_good` whether that is one for the better. With a `name` and
    an `address` it opens what it was made of.
    """

    label: str
    value: str
    unit: str = ""
    note: str = ""
    change: str = ""
    is_good: bool | None = None
    chip: Chip | None = None
    trend: Trend | None = None
    name: str = ""
    address: str = ""

    def as_data(self) -> dict[str, Any]:
        """As `kit.js` reads it."""
        found: dict[str, Any] = {
            "label": self.label,
            "value": self.value,
            "unit": self.unit,
            "note": self.note,
            "change": self.change,
            "name": self.name,
            "href": self.address,
        }
        found = component.compact(found)
        if self.is_good is not None:
            found["good"] = self.is_good
        if self.chip is not None:
            found["chip"] = [self.chip.tone, self.chip.text]
        if self.trend is not None and len(self.trend.figures) > 1:
            found["trend"] = {
                "figures": list(self.trend.figures),
                "since": self.trend.since,
                "until": self.trend.until,
                "good": self.trend.is_good,
            }
        return found


def draw(
    key: str,
    cards: Sequence[Card],
    *,
    narrow: int = 150,
    leaves: bool = True,
    on_open: OnClick | None = None,
) -> None:
    """Draw cards side by side, none narrower than `narrow` pixels; two across on a phone.

    `on_open` is given a card's name; `leaves`: its address is of another page.
    """
    data = {"cards": [card.as_data() for card in cards], "narrow": narrow}
    component.mount("cards", key, data, on_open=on_open, leaves=leaves)
