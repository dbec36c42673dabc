"""API log: every call to Stripe, by one search line, fifty rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.reads.developer import api_log as reads
from core.reads.search.logs.keyset import LogPage
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.api_log import drawer as api_log_drawer
from dashboard.screens.api_log import list as api_log_list
from dashboard.ui import drawer, live, log_list, viewer, widgets

EXAMPLE = "status:4xx method:post path:refunds slow:>500"


def main() -> None:
    """Draw the screen."""
    viewer.require("use_developer_tools")
    actions = widgets.header(_("API log"), livemode=viewer.livemode())
    query = log_list.query(_("Search calls"), EXAMPLE, reads.FIELDS)
    api_log_list.filters(query)
    cursor, older = widgets.cursor()
    running = widgets.live_switch(actions, standing=cursor is not None)
    newest(query, cursor, older, running)
    if call := drawer.asked("call"):
        drawer.draw("call", _("Call to Stripe"), lambda: api_log_drawer.body(call))


@st.fragment
def newest(query: reads.Query, cursor: str | None, older: bool, running: bool) -> None:
    """Figures and rows: drawn again, alone, when there are new calls or a row is opened."""
    drawer.follow_selection("call")
    viewer.require("use_developer_tools")
    version = live.version("api_log")
    api_log_list.figures(last_hour(viewer.livemode()))
    page, table, at = view(version, query, cursor, older, viewer.livemode(), i18n.language())
    log_list.rows(
        page,
        at=at,
        counted=api_log_list.counted(len(page.rows)),
        table=partial(api_log_list.table, page.rows, table, viewer.zone()),
        nothing=api_log_list.nothing(),
        searched=bool(query),
    )
    if running:
        live.ping("api_log", version)


@st.cache_data(max_entries=4, ttl=10, show_spinner=False)
def last_hour(livemode: bool) -> reads.Figures:
    """The figures, for everybody who looks within ten seconds."""
    return viewer.read(reads.figures, livemode=livemode, now=datetime.now(UTC))


@st.cache_data(max_entries=100, ttl=300, show_spinner=False, hash_funcs={reads.Query: str})
def view(
    version: int, query: reads.Query, cursor: str | None, older: bool, livemode: bool, spoken: str
) -> tuple[LogPage[reads.CallRow], pd.DataFrame, datetime]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = viewer.read(
        reads.page,
        query=query,
        livemode=livemode,
        cursor=cursor,
        older=older,
        zone=viewer.zone(),
    )
    return page, api_log_list.frame(page.rows), datetime.now(UTC)


main()
