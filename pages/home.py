"""Home: what waits for a person, then what each of their roles looks at first: figures, rows."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import _
from dashboard.screens.home import cards as home_cards
from dashboard.screens.home import shared
from dashboard.screens.home.lists import ShortList
from dashboard.screens.overview import cards as overview_cards
from dashboard.ui import freshness, live, navigation, viewer, widgets
from dashboard.ui.kit import cards, table

_OPENED = "home_opened"


def main() -> None:
    """Draw the screen."""
    with viewer.picture():
        viewer.require("see_payments")
        widgets.header(_("Home"), livemode=viewer.livemode())
        with st.container(border=True):
            widgets.card_title(_("Needs you"))
            overview_cards.needing(live.version("payments"))
    sections()


@st.fragment(run_every=freshness.LOOK_EVERY)
def sections() -> None:
    """The cards: looked at by the clock."""
    seen: set[str] = set()
    with viewer.picture():
        person = viewer.require("see_payments")
        if opened := st.session_state.pop(_OPENED, None):
            navigation.open_address(person, opened)
        mine = [one for one in home_cards.SECTIONS if person.may(one.right)]
        mine = mine or [home_cards.FALLBACK]
        found = shared.read(person, mine)
    for section, its in zip(mine, found, strict=True):
        # What two roles look at stands once.
        shown = [one for one in its.cards if one.name not in seen]
        seen |= {one.name for one in shown}
        st.header(_(section.title), anchor=False)
        cards.draw(
            f"home_{section.right}",
            shown,
            narrow=200,
            on_open=_remember,
        )
    shown_lists({one.name: one for its in found for one in its.lists})


def shown_lists(found: dict[str, ShortList]) -> None:
    """The rows to begin with, two lists beside each other; what two roles look at stands once."""
    if not found:
        return
    with st.grid(min(2, len(found)), min_column_width=420):
        for one in found.values():
            with st.container(border=True):
                widgets.card_title(one.title)
                table.draw(
                    f"home_list_{one.name}",
                    one.columns,
                    one.rows,
                    alt=one.title,
                    leaves=True,
                    on_open=_remember,
                )


def _remember(address: str) -> None:
    """A click: the fragment opens it when it runs, for a callback cannot."""
    st.session_state[_OPENED] = address


main()
