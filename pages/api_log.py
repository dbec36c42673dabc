"""API log: every call to Stripe, by one search line, fifty rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core.errors import InvalidInput
from core.reads import api_log as reads
from dashboard import (
    api_log_drawer,
    api_log_view,
    console,
    drawer,
    i18n,
    live,
    log_filters,
    widgets,
)
from dashboard.i18n import _

EXAMPLE = "status:4xx method:post path:refunds slow:>500"


def main() -> None:
    """Draw the screen."""
    console.require("use_developer_tools")
    actions = widgets.header(_("API log"), livemode=console.livemode())
    line = log_filters.line(_("Search calls"), EXAMPLE)
    try:
        query = reads.read_line(line)
    except InvalidInput as error:
        widgets.unreadable(error, reads.CHECKS)
        st.stop()
    api_log_view.filters(query)
    cursor, older = widgets.cursor()
    running = widgets.live_switch(actions, standing=cursor is not None)
    newest(str(query), cursor, older, running)
    if call := drawer.asked("call"):
        drawer.draw("call", _("Call to Stripe"), lambda: api_log_drawer.body(call))


@st.fragment
def newest(line: str, cursor: str | None, older: bool, running: bool) -> None:
    """Figures and rows: drawn again, alone, when there are new calls or a row is opened."""
    drawer.follow("call")
    console.require("use_developer_tools")
    version = live.version("api_log")
    api_log_view.figures(last_hour(console.livemode()))
    page, table, at = view(version, line, cursor, older, console.livemode(), i18n.language())
    if page.rows or page.searched_to:
        st.caption(api_log_view.said(page, at))
    if page.rows:
        api_log_view.table(page.rows, table, console.zone())
    else:
        api_log_view.nothing(bool(line))
    widgets.pager(newer=page.newer, older=page.older)
    if running:
        live.ping("api_log", version)


@st.cache_data(max_entries=4, ttl=10, show_spinner=False)
def last_hour(livemode: bool) -> reads.Figures:
    """The figures, for everybody who looks within ten seconds."""
    return console.read(reads.figures, livemode=livemode, now=datetime.now(UTC))


@st.cache_data(max_entries=100, ttl=300, show_spinner=False)
def view(
    version: int, line: str, cursor: str | None, older: bool, livemode: bool, spoken: str
) -> tuple[reads.CallPage, pd.DataFrame, datetime]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = console.read(
        reads.page,
        query=reads.read_line(line),
        livemode=livemode,
        cursor=cursor,
        older=older,
        zone=console.zone(),
    )
    return page, api_log_view.frame(page.rows), datetime.now(UTC)


main()
