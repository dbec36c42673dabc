"""Ledger rows: those of a figure, of a step of the bridge, or that came late to a closed month."""

from __future__ import annotations

import streamlit as st

from core.errors import InvalidInput
from core.reads.ledger import rows as reads
from dashboard.i18n import _, pgettext
from dashboard.screens.ledger import list as ledger_list
from dashboard.ui import (
    address,
    customer_links,
    file_links,
    ledger_rows,
    navigation,
    viewer,
    widgets,
)


def main() -> None:
    """Draw the screen for what the URL asks for."""
    viewer.require("see_revenue")
    if opened := st.session_state.pop("payment_opened", None):
        customer_links.open_clicked(opened, "payment")
    livemode, zone = viewer.livemode(), viewer.zone()
    filters = ledger_rows.asked_for(address.values())
    back(filters)
    actions = widgets.header(_("Ledger rows"), livemode=livemode)
    asked = ledger_rows.as_query(filters)
    file_links.money_links(actions, "ledger_rows", **asked)
    st.caption(widgets.safe_text(ledger_list.description(filters)))
    try:
        sums = viewer.read(reads.sums, livemode=livemode, zone=zone, filters=filters)
    except InvalidInput:
        widgets.empty(_("This month is not closed"), _("Only a closed month has late rows."))
        st.stop()
    ledger_list.cards(sums, filters)
    cursor, older = widgets.cursor()
    page = viewer.read(
        reads.page, livemode=livemode, zone=zone, filters=filters, cursor=cursor, older=older
    )
    ledger_list.table(page)
    if page.newer or page.older:
        widgets.pager(newer=page.newer, older=page.older)


def back(filters: reads.Filters) -> None:
    """To the screen that asks for such rows."""
    month = filters.late_of or (f"{filters.since:%Y-%m}" if filters.since else None)
    screen, label = "proof", _("Proof")
    if filters.late_of:
        screen, label = "close", pgettext("screen", "Close")
    query = {"month": month} if month else {}
    if filters.figure:
        screen, label = "revenue", _("Revenue")
        query = {"currency": filters.currency.upper()} if filters.currency else {}
    st.page_link(
        navigation.named(screen),
        label=label,
        icon=":material/arrow_back:",
        query_params=query or None,
    )


main()
