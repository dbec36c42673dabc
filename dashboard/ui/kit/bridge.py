"""Bridges: how an amount became another, a bar for each step, each leading to its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.money import Money, show
from dashboard import i18n
from dashboard.ui.kit import component
from dashboard.ui.kit.component import OnClick

#: What a step is: its colour.
Fill = Literal["total", "in", "out", "payout", "fee", "dispute"]
#: Places are told in hundredths of a percent of the width; a bar has so many at least.
WIDTH, _THINNEST = 10_000, 25


@dataclass(frozen=True, slots=True)
class Step:
    """A signed amount in minor units, added to those before it; `is_total`: their sum instead.

    `count`: of how many rows. With a `name` and an `address` it opens them.
    """

    label: str
    minor: int
    fill: Fill
    count: int | None = None
    is_total: bool = False
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a step's bar begins and how wide it is, in hundredths of a percent of the width."""

    start: int
    width: int


def bars(steps: Sequence[Step]) -> tuple[tuple[Bar, ...], int]:
    """The bar of each step, and where zero lies, on one scale for all."""
    spans = list(_spans(steps))
    least = min((min(span) for span in spans), default=0)
    most = max((max(span) for span in spans), default=0)
    scale = max(most - least, 1)

    def place(minor: int) -> int:
        return (minor - least) * WIDTH // scale

    found = []
    for low, high in map(sorted, spans):
        width = max(place(high) - place(low), _THINNEST)
        found.append(Bar(min(place(low), WIDTH - width), width))
    return tuple(found), place(0)


def _spans(steps: Sequence[Step]) -> Iterator[tuple[int, int]]:
    """From where to where each step goes, in minor units; zero is in sight."""
    reached = 0
    for step in steps:
        before = 0 if step.is_total else reached
        reached = step.minor if step.is_total else reached + step.minor
        yield before, reached


def draw(
    key: str,
    steps: Sequence[Step],
    currency: str,
    *,
    alt: str,
    leaves: bool = True,
    on_open: OnClick | None = None,
) -> None:
    """Draw the steps of one currency; `on_open` is given a step's name."""
    found, zero = bars(steps)
    data = {
        "alt": alt,
        "zero": zero / 100,
        "steps": [_as_data(step, bar, currency) for step, bar in zip(steps, found, strict=True)],
    }
    component.mount("bridge", key, data, on_open=on_open, leaves=leaves)


def _as_data(step: Step, bar: Bar, currency: str) -> dict[str, Any]:
    sign = "+" if step.minor > 0 and not step.is_total else ""
    found = {
        "label": step.label,
        "amount": sign + show(Money(step.minor, currency)),
        "count": i18n.number(step.count) if step.count is not None else "",
        "fill": step.fill,
        "start": bar.start / 100,
        "width": bar.width / 100,
        "total": step.is_total,
        "name": step.name,
        "href": step.address,
    }
    return component.compact(found)
