"""From the opening of a balance by each category to its closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import streamlit as st

from core.reads.ledger.rows import Filters
from core.reads.proof.witnesses import Closing
from dashboard.i18n import _
from dashboard.screens.proof import labels
from dashboard.ui import bridge, ledger_rows, navigation, widgets
from dashboard.ui.bridge import Part
from dashboard.ui.widgets import safe_text


def card(closing: Closing, since: date, until: date, *, titled: bool) -> None:
    """The bridge from the day `since` until before `until`, each step of which opens its rows; with
    `titled` it says which of Stripe's balances it is."""
    whole = Filters(since, until, closing.currency, closing.balance_type)

    def address_of(category: str) -> str:
        return ledger_rows.address(replace(whole, category=category))

    title = _("From opening to closing, {currency}").format(currency=closing.currency.upper())
    parts = [Part(one.category, one.count, one.gross_minor, one.net_minor) for one in closing.steps]
    with st.container(border=True):
        widgets.card_title(title)
        if titled:
            kind = labels.balance(closing.balance_type)
            st.caption(_("Stripe's balance for: {kind}").format(kind=safe_text(kind)))
        bridge.draw(
            title,
            parts,
            closing.currency,
            key=f"bridge_{closing.currency}_{closing.balance_type}",
            opening=(_("Opening"), closing.opening_minor),
            closing=_("Closing"),
            address_of=address_of,
        )
        st.page_link(
            navigation.named("ledger"),
            label=_("All rows of these days"),
            icon=":material/arrow_forward:",
            query_params=ledger_rows.as_query(whole),
        )
