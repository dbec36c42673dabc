"""Home: what waits for a person, then what each of their roles looks at first."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import _
from dashboard.screens.home import cards as home_cards
from dashboard.screens.overview import cards as overview_cards
from dashboard.ui import freshness, live, navigation, viewer, widgets
from dashboard.ui.kit import cards

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
        found = [(one, one.cards(viewer.livemode())) for one in mine or [home_cards.FALLBACK]]
    for section, its_cards in found:
        # What two roles look at stands once.
        shown = [one for one in its_cards if one.name not in seen]
        seen |= {one.name for one in shown}
        st.header(_(section.title), anchor=False)
        cards.draw(
            f"home_{section.right}",
            shown,
            narrow=200,
            on_open=lambda name: st.session_state.update({_OPENED: name}),
        )


main()
