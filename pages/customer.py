"""One customer: what was paid and given back, how, what speaks of risk, and what was written."""

from __future__ import annotations

import streamlit as st

from core.errors import NotFound
from core.reads.customers import detail as reads
from core.reads.customers import notes as note_reads
from core.reads.payments import list as payment_reads
from dashboard.i18n import N_, _
from dashboard.screens.customers import cards, notes
from dashboard.screens.payments import table as payment_table
from dashboard.ui import address, live, navigation, viewer, widgets


def main(asked: str, back: str) -> None:
    """Draw the screen."""
    viewer.require("see_payments")
    livemode = viewer.livemode()
    if query := st.session_state.pop("customer_payments", None):
        viewer.go("payments", q=query)
    st.page_link(
        navigation.named("customers"),
        label=_("Customers"),
        icon=":material/arrow_back:",
        query_params={"q": back} if back else None,
    )
    try:
        found = viewer.read(reads.by_id, customer=asked, livemode=livemode, now=cards.now())
    except NotFound:
        widgets.header(_("Customer"), livemode=livemode)
        widgets.empty(
            _("There is no such customer here"),
            _("Check the id or the address, and the mode. Guests are found by their address."),
        )
        st.stop()
    title = widgets.safe_text(found.name or found.email or found.customer)
    widgets.header(title, livemode=livemode, beside=lambda: cards.badges(found))
    notes.FLASH.show()
    cards.figures(found)
    left, right = st.columns([2, 1])
    with left:
        with st.container(border=True):
            payments(found.customer)
        cards.returned(found)
        cards.ways(found)
    with right:
        written = viewer.read(
            note_reads.notes, customer=found.customer, email=found.email, livemode=livemode
        )
        notes.draw(found.customer, written)
        cards.risk(found)
        cards.about(found)


@st.fragment
def payments(customer: str) -> None:
    """The payments, a page at a time: drawn again, alone, when they change or one is opened."""
    if opened := st.session_state.pop("customer_payment", None):
        viewer.go("payment", id=opened)
    viewer.require("see_payments")
    version = live.version("payments")
    widgets.card_title(_("Payments"))
    state = widgets.url_choice(_("State"), "state", cards.STATES, default="all")
    query = cards.query_of(customer, state)
    cursor, older = widgets.cursor()
    page = viewer.read(
        payment_reads.page,
        query=query,
        livemode=viewer.livemode(),
        cursor=cursor,
        older=older,
        limit=cards.PAGE,
        zone=viewer.zone(),
    )
    if page.rows:
        frame = payment_table.frame(page.rows)
        st.caption(cards.counted(page))
        payment_table.show(
            frame,
            key="customer_payments_table",
            alt=N_("The customer's payments, newest first"),
            on_open=remember,
            also=["note"],
            without=["risk", "customer", "payment", *([] if frame.has("reason") else ["reason"])],
        )
    else:
        st.caption(_("No payment here."))
    if page.newer_cursor or page.older_cursor:
        widgets.pager(newer=page.newer_cursor, older=page.older_cursor)
    if cursor is None:
        live.ping("payments", version)


def remember(payment_id: str) -> None:
    """A click on a payment: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["customer_payment"] = payment_id


main(address.get("id", ""), address.get("back", ""))
