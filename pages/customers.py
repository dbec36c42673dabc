"""Customers: who paid, found by name, e-mail, card or id, with what each paid."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import InvalidInput
from core.reads.customers import list as reads
from dashboard.i18n import _
from dashboard.screens.customers import list as customer_list
from dashboard.ui import file_links, live, viewer, widgets
from dashboard.ui.kit import links


def main() -> None:
    """Draw the screen."""
    viewer.require("see_payments")
    actions = widgets.header(_("Customers"), livemode=viewer.livemode())
    chosen = customer_list.CHOICE.kept_columns()
    search = customer_list.search_line()
    asked = ({"q": search} if search else {}) | customer_list.CHOICE.in_file(chosen)
    file_links.money_links(actions, "customers", **asked)
    with actions:
        customer_list.CHOICE.draw_columns(chosen)
    listed(search, chosen)


@st.fragment
def listed(search: str, chosen: Sequence[str]) -> None:
    """The rows: drawn again, alone, when payments changed or one is opened."""
    if opened := st.session_state.pop("customer_opened", None):
        viewer.go("customer", id=opened, back=search)
    viewer.require("see_payments")
    version = live.version("payments")
    cursor, older = widgets.cursor()
    try:
        page = viewer.read(
            reads.page, livemode=viewer.livemode(), search=search, cursor=cursor, older=older
        )
    except InvalidInput as error:
        widgets.unreadable(error)
        return
    if not page.rows:
        (customer_list.NONE_FOUND if search else customer_list.NONE_YET).draw()
    else:
        customer_list.TABLE.draw(
            customer_list.TABLE.frame(page.rows),
            remember,
            target=links.screen("customer", **({"back": search} if search else {})),
            caption=customer_list.caption_text(
                page, search, None if search else all_of(version, viewer.livemode())
            ),
            order=chosen or None,
        )
    if page.newer or page.older:
        widgets.pager(newer=page.newer, older=page.older)
    if cursor is None:
        live.ping("payments", version)


@st.cache_resource(max_entries=4, ttl=300, show_spinner=False)
def all_of(version: int, livemode: bool) -> reads.Head:
    """What all customers come to; summed once for everybody who looks at the list."""
    return viewer.read(reads.head, livemode=livemode)


def remember(customer: str) -> None:
    """A click on a row: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["customer_opened"] = customer


main()
