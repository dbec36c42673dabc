"""Where a payment stands before money goes back, and what its net becomes."""

from __future__ import annotations

import streamlit as st

from core.money import Money, show
from core.reads.refunds.figures import Figures
from dashboard.i18n import _
from dashboard.ui import columns, widgets


def draw(found: Figures, amount: Money | None, *, key: str) -> None:
    """From captured to available; then what Stripe keeps, and the net before and after."""
    lines = {
        _("Captured"): found.captured,
        _("Refunded"): found.refunded,
        _("On its way back"): found.pending,
        _("Reserved by requests"): found.reserved,
    }
    if found.withdrawn.minor:
        lines[_("Held or taken by disputes")] = found.withdrawn
    lines[_("Available")] = found.available
    if found.fee is not None and found.net is not None:
        lines[_("Fee that Stripe keeps")] = found.fee
        lines[_("Net now")] = found.net
    after = found.net_after(amount) if amount is not None else None
    if after is not None:
        lines[_("Net after this refund")] = after
    table: columns.Table = {
        "what": list(lines),
        "amount": [show(amount) for amount in lines.values()],
        "currency": [amount.currency.upper() for amount in lines.values()],
    }
    layout = {
        "what": columns.text_column(_("What")),
        "amount": columns.money_column(_("Amount"), width=130),
        "currency": columns.currency_column(),
    }
    widgets.plain_table(table, layout, key=key, alt=_("From captured to what is left"))
    if found.fee is None:
        st.caption(_("Stripe has not booked this payment yet: fee and net are not known."))
    elif found.is_guess:
        st.caption(_("Stripe converts this payment: the net after the refund is an estimate."))
