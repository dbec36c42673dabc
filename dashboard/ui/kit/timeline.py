"""Timelines: what happened, by whom and when, people's own words as quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.ui.kit import component
from dashboard.ui.status_badges import Tone


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `icon` is the name of a Material Symbol, `when` a time as text.

    `amount` stands behind the title, `note` under it, `quote` is what a person wrote.
    """

    title: str
    when: str
    icon: str
    tone: Tone = "gray"
    amount: str = ""
    note: str = ""
    quote: str = ""

    def as_data(self) -> dict[str, Any]:
        """As `kit.js` reads it."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return component.compact(found)


def draw(key: str, entries: Sequence[Entry], *, alt: str) -> None:
    """Draw entries in their order."""
    data = {"alt": alt, "entries": [entry.as_data() for entry in entries]}
    component.mount("timeline", key, data)
