"""Events: what Stripe told, what became of it, and trying it again."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.reads import events as reads
from core.reads.search.keyset import LogPage
from dashboard import (
    console,
    drawer,
    event_drawer,
    event_simulator,
    event_view,
    i18n,
    live,
    log_page,
    widgets,
)
from dashboard.i18n import _

EXAMPLE = "type:charge.* state:dead object:pi_… source:webhook received:24h"


def main() -> None:
    """Draw the screen."""
    person = console.require("see_events")
    actions = widgets.header(_("Events"), livemode=event_view.mode())
    event_view.keyless()
    query = log_page.query(_("Search events"), EXAMPLE, reads.read_line, reads.CHECKS)
    event_view.filters(query)
    cursor, older = widgets.cursor()
    with actions:
        running = widgets.live_switch(st, standing=cursor is not None)
        event_simulator.button(person)
    newest(str(query), cursor, older, running)
    if event := drawer.asked("event"):
        drawer.draw("event", _("Event"), lambda: event_drawer.body(event))
    else:
        event_simulator.dialog()


@st.fragment
def newest(line: str, cursor: str | None, older: bool, running: bool) -> None:
    """The rows: drawn again, alone, when events came or moved, or a row is opened."""
    drawer.follow("event")
    person = console.require("see_events")
    version = live.version("inbox")
    event_view.standing(console.read(reads.waiting, livemode=event_view.mode()), person)
    page, table, at = view(version, line, cursor, older, event_view.mode(), i18n.language())
    log_page.rows(
        page,
        at=at,
        counted=event_view.counted(len(page.rows)),
        table=partial(event_view.table, page.rows, table, console.zone()),
        nothing=event_view.nothing(),
        searched=bool(line),
    )
    if running:
        live.ping("inbox", version)


@st.cache_data(max_entries=100, ttl=300, show_spinner=False)
def view(
    version: int, line: str, cursor: str | None, older: bool, livemode: bool, spoken: str
) -> tuple[LogPage[reads.EventRow], pd.DataFrame, datetime]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = console.read(
        reads.page,
        query=reads.read_line(line),
        livemode=livemode,
        cursor=cursor,
        older=older,
        zone=console.zone(),
    )
    return page, event_view.frame(page.rows), datetime.now(UTC)


main()
