"""Figures on cards: short on the tile, exact on hover, each with its change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import streamlit as st

from core.money import Money, show, show_short
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import navigation
from dashboard.ui.kit import cards as kit_cards
from dashboard.ui.kit.cards import Trend
from dashboard.ui.widgets import safe_text

#: A larger change says only that there was next to nothing before.
MOST = Fraction(999, 100)
#: Characters of an amount that fit on a card of `linked`.
WIDEST = 15


@dataclass(frozen=True, slots=True)
class Card:
    """A figure: `value` as shown, `exact` on hover; `delta` as `moved` or `points` makes it.

    `address`: where it leads, `note` what else is said of it, for `linked` alone.
    """

    label: str
    value: str
    exact: str = ""
    delta: str | int | None = None
    versus: str = ""
    up_is: Literal["normal", "inverse", "off"] = "normal"
    trend: Trend | None = None
    note: str = ""
    address: str = ""


def linked(key: str, figures: Sequence[Card], *, narrow: int = 170, leaves: bool = True) -> None:
    """Figures side by side, exact where there is room, that lead to what they are made of. The
    page follows the click (`navigation.follow_click`); `leaves`: to another page."""
    shown = [
        kit_cards.Card(
            card.label,
            card.exact if 0 < len(card.exact) <= WIDEST else card.value,
            change=change_said(card.delta),
            note=" · ".join(
                filter(None, (card.versus if card.delta is not None else "", card.note))
            ),
            is_good=_is_good(card),
            trend=card.trend,
            name=card.address,
            address=card.address,
        )
        for card in figures
    ]
    kit_cards.draw(key, shown, narrow=narrow, leaves=leaves, on_open=navigation.remember)


def change_said(delta: str | int | None) -> str:
    """A change as a card says it; no change is said, one that is not known is not."""
    return "" if delta is None else str(delta or "0%")


def _is_good(card: Card) -> bool | None:
    if not card.delta or card.up_is == "off":
        return None
    rose = not str(card.delta).startswith("-")
    return rose == (card.up_is == "normal")


def cards(figures: Sequence[Card], *, columns: int, narrow: int = 150) -> None:
    """Figures side by side, two across on a phone."""
    with st.grid(columns, min_column_width=narrow):
        for card in figures:
            st.metric(
                card.label,
                card.value,
                delta=card.delta,
                delta_color=card.up_is,
                delta_description=card.versus if card.delta is not None else None,
                help=safe_text(card.exact) or None,
                border=True,
                height="stretch",
            )


def change(now: int, before: int) -> Fraction | None:
    """By what share a figure moved; None when there was nothing to compare with."""
    return Fraction(now - before, abs(before)) if before else None


def moved(share: Fraction | None) -> str | int | None:
    """A change as text, with an ASCII minus; the number 0 where nothing changed, since a text of
    zero would be drawn as a rise."""
    if share is None:
        return None
    if share > MOST:
        return "> +999%"
    shown = i18n.signed(share * 100)
    return 0 if shown.strip("+-0.") == "" else f"{shown}%"


def points(share: Fraction | None, *, digits: int = 1) -> str | int | None:
    """A change of a rate, in percentage points."""
    if share is None:
        return None
    shown = i18n.signed(share * 100, digits=digits)
    return 0 if shown.strip("+-0.") == "" else _("{points} pp").format(points=shown)


def money_card(label: str, amount: Money, **more: Any) -> Card:
    """An amount as a figure; where the tile shortens it, the exact one stands on hover."""
    exact, short = show(amount), show_short(amount, units=i18n.language())
    return Card(label, short, exact if exact != short else "", **more)
