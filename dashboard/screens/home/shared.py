"""What a section of Home shows, read once for everybody who may see the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.access.principals import Principal
from core.reads.versions import ANY
from dashboard import i18n
from dashboard.screens.home import cards as home_cards
from dashboard.screens.home import lists as home_lists
from dashboard.screens.home.lists import ShortList
from dashboard.ui import live, viewer
from dashboard.ui.kit.cards import Card


@dataclass(frozen=True, slots=True)
class Shown:
    """The cards of a section, and its lists; shared, and not to be changed."""

    cards: tuple[Card, ...]
    lists: tuple[ShortList, ...]


def read(person: Principal, sections: Sequence[home_cards.Section]) -> list[Shown]:
    """What each of the sections shows; in a picture. Read again when something changed
    (`live.moment`)."""
    at, livemode, spoken = live.moment(ANY), viewer.livemode(), i18n.language()
    # Some reads give each person what their rights let through.
    return [_read(one.right, at, person.rights, livemode, spoken) for one in sections]


@st.cache_resource(max_entries=100, ttl=60, show_spinner=False)
def _read(right: str, at: live.Moment, who: frozenset[str], livemode: bool, spoken: str) -> Shown:
    section = home_cards.BY_RIGHT[right]
    return Shown(
        tuple(section.cards(livemode)),
        tuple(one for one in home_lists.OF_SECTION[right](livemode) if one.rows),
    )
