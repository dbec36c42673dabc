"""Events: what Stripe told, what became of it, and trying it again."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.reads.developer import events as reads
from core.reads.search.logs.keyset import LogPage
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.events import drawer as event_drawer
from dashboard.screens.events import list as event_list
from dashboard.screens.events import simulator as event_simulator
from dashboard.ui import drawer, live, log_list, viewer, widgets

EXAMPLE = "type:charge.* state:dead object:pi_… source:webhook received:24h"


def main() -> None:
    """Draw the screen."""
    person = viewer.require("see_events")
    actions = widgets.header(_("Events"), livemode=event_list.mode())
    event_list.keyless()
    query = log_list.query(_("Search events"), EXAMPLE, reads.FIELDS)
    event_list.filters(query)
    cursor, older = widgets.cursor()
    with actions:
        running = widgets.live_switch(st, standing=cursor is not None)
        event_simulator.button(person)
    newest(query, cursor, older, running)
    if event := drawer.asked("event"):
        drawer.draw("event", _("Event"), lambda: event_drawer.body(event))
    else:
        event_simulator.dialog()


@st.fragment
def newest(query: reads.Query, cursor: str | None, older: bool, running: bool) -> None:
    """The rows: drawn again, alone, when events came or moved, or a row is opened."""
    drawer.follow_selection("event")
    person = viewer.require("see_events")
    version = live.version("inbox")
    event_list.draw_counts(viewer.read(reads.waiting, livemode=event_list.mode()), person)
    page, table, at = view(version, query, cursor, older, event_list.mode(), i18n.language())
    log_list.rows(
        page,
        at=at,
        counted=event_list.counted(len(page.rows)),
        table=partial(event_list.table, page.rows, table, viewer.zone()),
        nothing=event_list.nothing(),
        searched=bool(query),
    )
    if running:
        live.ping("inbox", version)


@st.cache_data(max_entries=100, ttl=300, show_spinner=False, hash_funcs={reads.Query: str})
def view(
    version: int, query: reads.Query, cursor: str | None, older: bool, livemode: bool, spoken: str
) -> tuple[LogPage[reads.EventRow], pd.DataFrame, datetime]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = viewer.read(
        reads.page,
        query=query,
        livemode=livemode,
        cursor=cursor,
        older=older,
        zone=viewer.zone(),
    )
    return page, event_list.frame(page.rows), datetime.now(UTC)


main()
