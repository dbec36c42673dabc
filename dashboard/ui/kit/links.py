"""Where a click on a row, a card or a step leads, as an address that a new tab can open too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard.ui.address import pairs


@dataclass(frozen=True, slots=True)
class Target:
    """`address` of what has a name; `leaves`: whether that is another page."""

    address: Callable[[str], str]
    leaves: bool


def screen(page: str, parameter: str = "id", **query: str) -> Target:
    """Another screen, which finds in `parameter` what is to be shown, and in `query` what else it
    is told."""

    def address(name: str) -> str:
        return f"/{page}?{urlencode({parameter: name, **query})}"

    return Target(address, leaves=True)


def here(parameter: str) -> Target:
    """The same page as it is now, with one parameter more: a drawer of its own."""

    def address(name: str) -> str:
        kept = [pair for pair in pairs() if pair[0] != parameter]
        return f"?{urlencode([*kept, (parameter, name)])}"

    return Target(address, leaves=False)
