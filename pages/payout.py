"""One payout: when it arrives, what it is made of, and the payments that it paid out."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.errors import NotFound
from core.reads.payouts import at_bank as bank_reads
from core.reads.payouts import detail as reads
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.payouts import bank as payout_bank
from dashboard.screens.payouts import detail as payout_detail
from dashboard.screens.payouts import labels
from dashboard.ui import (
    address,
    customer_links,
    navigation,
    status_badges,
    stripe_links,
    viewer,
    widgets,
)


def main(asked: str) -> None:
    """Draw the screen."""
    viewer.require("see_revenue")
    livemode = viewer.livemode()
    st.page_link(navigation.named("payouts"), label=_("Payouts"), icon=":material/arrow_back:")
    try:
        found = viewer.read(reads.by_id, payout_id=asked, livemode=livemode)
    except NotFound:
        widgets.header(_("Payout"), livemode=livemode)
        widgets.empty(_("There is no such payout here"), _("Check the id and the mode."))
        st.stop()
    row = found.payout
    actions = widgets.header(
        widgets.safe_text(labels.exact(row.amount)),
        livemode=livemode,
        beside=lambda: status_badges.badge(status_badges.PAYOUT, row.status),
    )
    settings = viewer.current_console().settings
    if there := stripe_links.address(settings, row.stripe_id, livemode=livemode):
        actions.link_button(_("Open in Stripe"), there, icon=":material/open_in_new:")
    st.code(row.stripe_id, language=None, width="content")
    payout_detail.failure(found)
    payout_detail.figures(found)
    bank = viewer.read(
        bank_reads.at_bank,
        livemode=livemode,
        payout_id=row.stripe_id,
        today=datetime.now(UTC).date(),
    )
    left, right = st.columns([2, 1])
    with left:
        payout_detail.made_of(found)
        rows(row.stripe_id)
    with right:
        payout_bank.card(found, bank)
        payout_detail.facts(found)
        payout_bank.timeline(found, bank)
    as_of = i18n.moment(found.as_of, viewer.zone())
    st.caption(_("As read from Stripe at {time}").format(time=as_of))


@st.fragment
def rows(payout_id: str) -> None:
    """What it paid out: drawn again, alone, when a payment is opened."""
    if opened := st.session_state.pop("payment_opened", None):
        customer_links.open_clicked(opened, "payment")
    viewer.require("see_revenue")
    cursor, older = widgets.cursor()
    page = viewer.read(
        reads.rows,
        livemode=viewer.livemode(),
        payout_id=payout_id,
        cursor=cursor,
        older=older,
    )
    payout_detail.rows_card(payout_id, page)


main(address.get("id", ""))
