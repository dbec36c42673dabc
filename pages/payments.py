"""Payments: what comes in, by one search line, fifty rows at a time."""

from __future__ import annotations

import streamlit as st

from core.reads.payments import list as reads
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.payments import filters as payment_filters
from dashboard.screens.payments import list as payment_list
from dashboard.screens.payments import table as payment_table
from dashboard.ui import customer_links, file_links, freshness, live, viewer, widgets
from dashboard.ui.data_table import Frame


def main() -> None:
    """Draw the screen."""
    viewer.require("see_payments")
    actions = widgets.header(_("Payments"), livemode=viewer.livemode())
    query = payment_filters.BAR.draw()
    payment_list.other_mode(query)
    cursor, older = widgets.cursor()
    with actions:
        running = widgets.live_switch(st, standing=cursor is not None)
        payment_list.bulk_refund(query)
        file_links.money_links(st, "payments", q=str(query))
    newest(query, cursor, older, running)


@st.fragment
def newest(query: reads.Query, cursor: str | None, older: bool, running: bool) -> None:
    """The rows: drawn again, alone, when the version changed or a row is opened."""
    if opened := st.session_state.pop("opened", None):
        customer_links.open_clicked(opened, "payment", back=str(query))
    viewer.require("see_payments")
    # The version first: rows that come between the two reads are then drawn once more, not missed.
    version = live.version("payments")
    page, table = view(version, query, cursor, older, viewer.livemode(), i18n.language())
    if page.rows or page.searched_to:
        st.caption(payment_list.caption_text(page, freshness.now().mirror))
    if page.rows:
        payment_table.show(
            table,
            key="rows",
            alt=N_("Payments, newest first"),
            on_open=remember,
            back=str(query),
            without=["risk"] if table.has_all("reason") else ["reason"],
        )
    else:
        payment_list.nothing(query)
    widgets.pager(newer=page.newer_cursor, older=page.older_cursor)
    if running:
        live.ping("payments", version)


@st.cache_data(max_entries=200, ttl=300, show_spinner=False, hash_funcs={reads.Query: str})
def view(
    version: int, query: reads.Query, cursor: str | None, older: bool, livemode: bool, spoken: str
) -> tuple[reads.PaymentPage, Frame]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = viewer.read(
        reads.page,
        query=query,
        livemode=livemode,
        cursor=cursor,
        older=older,
        zone=viewer.zone(),
    )
    return page, payment_table.frame(page.rows)


def remember(payment_id: str) -> None:
    """A click on an id: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["opened"] = payment_id


main()
