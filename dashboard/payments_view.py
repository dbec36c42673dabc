"""What stands around the list of payments: caption, file, and what is shown without rows."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

import streamlit as st

from core.reads import payments as reads
from dashboard import console, i18n, navigation, payment_filters, widgets
from dashboard.i18n import _


def said(page: reads.PaymentPage, at: datetime) -> str:
    """How many match and when that was true, in one line."""
    zone = console.zone()
    parts = [_("Payments: {count}").format(count=page.count.label)] if page.count else []
    # What would be cut by a table's toolbar on a phone comes last.
    parts.append(f"{i18n.moment(at, zone)} {zone}")
    parts.append(_("{n} shown, newest first").format(n=len(page.rows)))
    if page.searched_to:
        parts.append(_("searched back to {time}").format(time=i18n.minute(page.searched_to, zone)))
    return " · ".join(parts)


def export(line: str) -> None:
    """The same search as a file: for those who may take money figures away."""
    here = console.view()
    asked = urlencode({"q": line, "mode": "live" if here.livemode else "test"})
    allowed = here.person.may("see_revenue")
    st.link_button(
        _("Export CSV"),
        f"/ui/export/payments.csv?{asked}",
        icon=":material/download:",
        disabled=not allowed,
        help=None if allowed else _("Exports need the finance role."),
    )


def bulk_refund(line: str) -> None:
    """To a bulk refund of what the search finds, for those who may ask for one."""
    if line and console.viewer().may("bulk_refund"):
        st.page_link(
            navigation.named("bulk_refund"),
            label=_("Bulk refund"),
            icon=":material/library_add_check:",
            query_params={"q": line},
        )


def nothing(searched: bool) -> None:
    """What stands there instead of an empty table."""
    if searched:
        box = widgets.empty(_("No payment matches"), _("Take a term out, or look further back."))
        box.button(_("Show all payments"), on_click=payment_filters.clear)
    else:
        none_yet()


def none_yet() -> None:
    """For an account without payments: how the first one and the older ones come here."""
    box = widgets.empty(
        _("No payments yet"),
        _(
            "They appear here within seconds of the first one. Older ones are read from Stripe "
            "by `python -m dashboard sync --since 90d`."
        ),
    )
    if console.viewer().may("use_developer_tools") and not console.livemode():
        box.page_link(
            navigation.named("checkout"),
            label=_("Pay with a test card"),
            icon=":material/shopping_cart:",
        )
