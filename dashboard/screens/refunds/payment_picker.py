"""Finding the payment to refund: by its id, or by the search that Payments has."""

from __future__ import annotations

import streamlit as st

from core.errors import InvalidInput
from core.reads.payments import list as reads
from core.reads.payments.list import PaymentRow
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import columns, status_badges, viewer, widgets

#: Further ones are found by a longer search.
_MOST = 6


def draw() -> str | None:
    """The field and what it finds; the id of the payment once there is one."""
    line = st.text_input(
        _("Payment id, or a search"),
        key="refund_search",
        type="search",
        placeholder="pi_… · email:ada@example.com · last4:4242 order:17",
    )
    line = (line or "").strip()
    if not line:
        st.caption(_("The search is that of Payments: terms such as email:, order:, last4:."))
        return None
    try:
        query = reads.parse(line)
    except InvalidInput as error:
        widgets.unreadable(error)
        return None
    if payment := reads.payment_id(query):
        return payment
    page = viewer.read(
        reads.page,
        query=query,
        livemode=viewer.livemode(),
        limit=_MOST,
        zone=viewer.zone(),
        with_count=False,
    )
    if not page.rows:
        st.caption(_("No payment matches"))
    chosen = [row.stripe_id for row in page.rows if _offered(row)]
    if page.older_cursor:
        st.caption(_("These are the newest {most}; add terms to find others.").format(most=_MOST))
    return chosen[0] if chosen else None


def _offered(row: PaymentRow) -> bool:
    """A payment as a button; whether it was pressed."""
    parts = [
        f"{columns.money(row.amount_minor, row.currency)} {row.currency.upper()}",
        status_badges.word(status_badges.PAYMENT, row.state),
        columns.method(row.method_type, row.card_brand, row.card_last4),
        row.email or row.customer_name or row.customer_id or "",
        i18n.minute(row.created_at, viewer.zone()),
    ]
    said = " · ".join(widgets.safe_text(part) for part in parts if part)
    return st.button(said, key=f"found_{row.stripe_id}", width="stretch")
