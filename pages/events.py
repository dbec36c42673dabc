"""Events: what Stripe told, what became of it, and trying it again."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import _
from dashboard.screens.events import drawer as event_drawer
from dashboard.screens.events import list as event_list
from dashboard.screens.events import simulator as event_simulator
from dashboard.ui import drawer, file_links, viewer, widgets


def main() -> None:
    """Draw the screen."""
    person = viewer.require("see_events")
    actions = widgets.header(_("Events"), livemode=event_list.mode())
    event_list.keyless()
    query = event_list.LIST.bar.draw()
    with actions:
        running = widgets.live_switch(st, standing=widgets.cursor()[0] is not None)
        event_simulator.button(person)
        file_links.mode_links(st, "events", event_list.mode(), q=str(query))
    event_list.LIST.draw(
        query, running=running, above=event_list.draw_counts, livemode=event_list.mode()
    )
    if event := drawer.asked("event"):
        drawer.draw("event", _("Event"), lambda: event_drawer.body(event))
    else:
        event_simulator.dialog()


main()
