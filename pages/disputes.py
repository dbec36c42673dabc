"""Disputes: what must be answered by when, what is at stake, how often answers win."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core.reads.disputes import list as reads
from core.reads.search.sort_order import SortOrder
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.disputes import list as dispute_list
from dashboard.ui import (
    address,
    customer_links,
    file_links,
    freshness,
    list_heads,
    live,
    navigation,
    sorting,
    stripe_labels,
    viewer,
    widgets,
)
from dashboard.ui.kit.table import Sorting


def main() -> None:
    """Draw the screen."""
    viewer.require("see_disputes")
    navigation.follow_click(viewer.signed_in())
    livemode = viewer.livemode()
    actions = widgets.header(_("Disputes"), livemode=livemode)
    rates = viewer.read(reads.win_rates, livemode=livemode)
    stakes = viewer.read(reads.at_stake, livemode=livemode)
    dispute_list.stake_cards(stakes, viewer.read(reads.answer_time, livemode=livemode))
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        view = widgets.url_choice(_("State"), "view", dispute_list.VIEWS, default="open")
        known = viewer.read(reads.filters, livemode=livemode)
        reason = widgets.url_select(_("Any reason"), "reason", known.reasons, stripe_labels.words)
        currency = widgets.url_select(_("Any currency"), "currency", known.currencies, str.upper)
    natural = reads.natural_order(view)
    order = sorting.asked(natural)
    chosen = dispute_list.CHOICE.kept_columns()
    asked = {"view": view, "reason": reason, "currency": currency}
    asked |= sorting.in_file(order, natural) | dispute_list.CHOICE.in_file(chosen)
    file_links.money_links(actions, "disputes", **asked)
    with actions:
        dispute_list.CHOICE.draw_columns(chosen)
    listed(view, reason, currency, order, chosen)
    with st.container(border=True):
        dispute_list.win_table(rates)


@st.fragment
def listed(view: str, reason: str, currency: str, order: SortOrder, chosen: Sequence[str]) -> None:
    """The rows: drawn again, alone, when a dispute changed or one is opened."""
    if opened := st.session_state.pop("dispute_opened", None):
        customer_links.open_clicked(opened, "dispute", view=view)
    natural = reads.natural_order(view)
    if order != sorting.asked(natural):
        # Another order was asked for here, which the links above must know.
        st.rerun()
    version, now = live.version("disputes"), datetime.now(UTC)
    cursor = address.get("after")
    asked: dict[str, Any] = {"livemode": viewer.livemode(), "view": view}
    asked |= {"reason": reason or None, "currency": currency or None}
    page = viewer.read(reads.page, cursor=cursor, order=order, **asked)
    shown = dispute_list.counted(len(page.rows), view)
    head = list_heads.text(viewer.read(reads.totals, **asked))
    said = f"{head} · {list_heads.charged()} · {shown}"
    caption = i18n.as_of(said, freshness.now().mirror, viewer.zone())
    dispute_list.table(
        page.rows,
        view,
        now,
        remember,
        caption=caption,
        sorted_by=Sorting(order.by, order.descending),
        on_sort=lambda column: sorting.ask(order.turned(column, ()), natural),
        chosen=chosen,
    )
    if cursor or page.next_cursor:
        pager(page.next_cursor)
    live.ping("disputes", version)


def pager(following: str | None) -> None:
    """To the first page, and to the next."""
    row = st.container(horizontal=True, horizontal_alignment="right")
    if row.button(_("First page"), disabled=not address.has("after")):
        address.drop("after")
        st.rerun()
    if row.button(_("Next page"), disabled=following is None) and following:
        address.put("after", following)
        st.rerun()


def remember(dispute_id: str) -> None:
    """A click on an id: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["dispute_opened"] = dispute_id


main()
