"""Payouts: what Stripe sends to the bank, what is on its way, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.reads.payouts import list as reads
from core.reads.search.sort_order import SortOrder
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.payouts import list as payout_list
from dashboard.ui import (
    file_links,
    freshness,
    list_heads,
    live,
    navigation,
    sorting,
    viewer,
    widgets,
)
from dashboard.ui.kit import links
from dashboard.ui.kit.table import Sorting


def main() -> None:
    """Draw the screen."""
    viewer.require("see_revenue")
    navigation.follow_click(viewer.signed_in())
    livemode = viewer.livemode()
    actions = widgets.header(_("Payouts"), livemode=livemode)
    unpaid = viewer.read(reads.unpaid, livemode=livemode)
    payout_list.cards(unpaid)
    if others := payout_list.others(unpaid):
        said = _("Also on the way: {amounts}").format(amounts=others)
        st.caption(widgets.safe_text(said))
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        view = widgets.url_choice(_("State"), "view", payout_list.VIEWS, default="all")
        known = viewer.read(reads.currencies, livemode=livemode)
        currency = widgets.url_select(_("Any currency"), "currency", known, str.upper)
    order = sorting.asked(reads.NEWEST)
    chosen = payout_list.CHOICE.kept_columns()
    asked = {"view": view, "currency": currency} | sorting.in_file(order, reads.NEWEST)
    file_links.money_links(actions, "payouts", **asked | payout_list.CHOICE.in_file(chosen))
    with actions:
        payout_list.CHOICE.draw_columns(chosen)
    listed(view, currency, order, chosen)


@st.fragment
def listed(view: str, currency: str, order: SortOrder, chosen: Sequence[str]) -> None:
    """The rows: drawn again, alone, when one is opened."""
    if order != sorting.asked(reads.NEWEST):
        # Another order was asked for here, which the links above must know.
        st.rerun()
    if opened := st.session_state.pop("payout_opened", None):
        viewer.go("payout", id=opened)
    at = live.moment("revenue")
    cursor, older = widgets.cursor()
    asked: dict[str, Any] = {"livemode": viewer.livemode(), "view": view}
    asked |= {"currency": currency or None}
    page = live.read(at, reads.page, cursor=cursor, older=older, order=order, **asked)
    if not page.rows:
        narrowed = view != "all" or currency or cursor
        (payout_list.NONE_HERE if narrowed else payout_list.NONE_YET).draw()
    else:
        head = list_heads.text(live.read(at, reads.totals, **asked))
        said = f"{head} · {payout_list.counted(len(page.rows))}"
        caption = i18n.as_of(said, freshness.now().mirror, viewer.zone())
        payout_list.TABLE.draw(
            payout_list.TABLE.frame(page.rows),
            remember,
            target=links.screen("payout"),
            caption=caption,
            order=chosen or None,
            sorts=("created",),
            sorted_by=Sorting(order.by, order.descending),
            on_sort=lambda column: sorting.ask(order.turned(column, ()), reads.NEWEST),
        )
    if page.newer or page.older:
        if order == reads.NEWEST:
            widgets.pager(newer=page.newer, older=page.older)
        else:
            widgets.sorted_pager(back=page.newer, on=page.older)
    if cursor is None:
        live.ping("revenue", at[0])


def remember(payout_id: str) -> None:
    """A click on an id: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["payout_opened"] = payout_id


main()
