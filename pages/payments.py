"""Payments: what comes in, by one search line, fifty rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from core.reads.payments import list as reads
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.payments import filters as payment_filters
from dashboard.screens.payments import list as payment_list
from dashboard.screens.payments import table as payment_table
from dashboard.screens.payments import typed_words
from dashboard.ui import customer_links, file_links, freshness, live, sorting, viewer, widgets
from dashboard.ui.data_table import Frame
from dashboard.ui.kit.table import Sorting
from dashboard.ui.list_views import ListViews

VIEWS = ListViews("payments", payment_table.TITLES, payment_table.IN_FILES)


def main() -> None:
    """Draw the screen."""
    with viewer.picture():
        viewer.require("see_payments")
        actions = widgets.header(_("Payments"), livemode=viewer.livemode())
        kept = VIEWS.begin()
        columns = VIEWS.columns(kept)
        query = payment_filters.BAR.draw()
        typed_words.say_read_as(query)
        payment_list.other_mode(query)
        where = Where(*widgets.cursor(), sorting.asked(reads.NEWEST, reads.SORTS))
        with actions:
            running = widgets.live_switch(st, standing=where.cursor is not None)
            payment_list.bulk_refund(query)
            file_links.money_links(st, "payments", **_file(query, where.order, columns))
            VIEWS.draw(kept)
    newest(query, where, columns, running)


class Where(NamedTuple):
    """A page of the list, as the address names it."""

    cursor: str | None
    older: bool
    order: reads.SortOrder


def _file(query: reads.Query, order: reads.SortOrder, columns: Sequence[str]) -> dict[str, str]:
    """What the file is asked for: what is seen; all columns where none were chosen."""
    asked = {"q": str(query), "sort": str(order) if order != reads.NEWEST else ""}
    return {name: value for name, value in asked.items() if value} | VIEWS.in_file(columns)


@st.fragment
def newest(query: reads.Query, where: Where, columns: tuple[str, ...], running: bool) -> None:
    """The rows: drawn again, alone, when the version changed or a row is opened."""
    if where != Where(*widgets.cursor(), sorting.asked(reads.NEWEST, reads.SORTS)):
        # Another page or order was asked for here, which the links above it must know.
        st.rerun()
    if opened := st.session_state.pop("opened", None):
        customer_links.open_clicked(opened, "payment", back=str(query))
    viewer.require("see_payments")
    # The version first: rows that come between the two reads are then drawn once more, not missed.
    version = live.version("payments")
    page, table = view(version, query, where, viewer.livemode(), i18n.language())
    if page.rows or page.searched_to:
        st.caption(payment_list.caption_text(page, freshness.now().mirror, query))
    if page.rows:
        payment_table.show(
            table,
            key="rows",
            alt=N_("Payments, newest first"),
            on_open=remember,
            back=str(query),
            without=["risk"] if table.has_all("reason") else ["reason"],
            # Who searches may be after a payment that was taken twice.
            also=["note"] if query else [],
            order=columns,
            sorts=page.sorts,
            sorted_by=Sorting(page.order.by, page.order.descending),
            on_sort=lambda column: sorting.ask(page.order.turned(column, page.sorts), reads.NEWEST),
        )
    else:
        payment_list.nothing(query)
    if page.order == reads.NEWEST:
        widgets.pager(newer=page.newer_cursor, older=page.older_cursor)
    else:
        widgets.sorted_pager(back=page.newer_cursor, on=page.older_cursor)
    if running:
        live.ping("payments", version)


@st.cache_resource(
    max_entries=200,
    ttl=300,
    show_spinner=False,
    hash_funcs={reads.Query: str, reads.SortOrder: str},
)
def view(
    version: int, query: reads.Query, where: Where, livemode: bool, spoken: str
) -> tuple[reads.PaymentPage, Frame]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = viewer.read(
        reads.page,
        query=query,
        livemode=livemode,
        cursor=where.cursor,
        older=where.older,
        zone=viewer.zone(),
        order=where.order,
        with_sums=True,
    )
    return page, payment_table.frame(page.rows)


def remember(payment_id: str) -> None:
    """A click on an id: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["opened"] = payment_id


main()
