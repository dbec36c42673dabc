"""API log: every call to Stripe, by one search line, fifty rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.reads.developer import api_log as reads
from dashboard.i18n import _
from dashboard.screens.api_log import drawer as api_log_drawer
from dashboard.screens.api_log import list as api_log_list
from dashboard.ui import drawer, file_links, viewer, widgets


def main() -> None:
    """Draw the screen."""
    viewer.require("use_developer_tools")
    livemode = viewer.livemode()
    actions = widgets.header(_("API log"), livemode=livemode)
    query = api_log_list.LIST.bar.draw()
    running = widgets.live_switch(actions, standing=widgets.cursor()[0] is not None)
    file_links.mode_links(actions, "api_log", livemode, q=str(query))
    api_log_list.LIST.draw(
        query,
        running=running,
        above=lambda _person: api_log_list.figures(last_hour(livemode)),
        livemode=livemode,
    )
    if call := drawer.asked("call"):
        drawer.draw("call", _("Call to Stripe"), lambda: api_log_drawer.body(call))


@st.cache_resource(max_entries=4, ttl=10, show_spinner=False)
def last_hour(livemode: bool) -> reads.Figures:
    """The figures, for everybody who looks within ten seconds."""
    return viewer.read(reads.figures, livemode=livemode, now=datetime.now(UTC))


main()
