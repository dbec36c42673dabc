"""Bulk refund: one decision about many payments; put together here, and followed here."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import _
from dashboard.screens.refunds import bulk_form, bulk_progress
from dashboard.ui import address, navigation, viewer, widgets


def main(bulk_id: str) -> None:
    """Draw the screen: the form, or the bulk that the address names."""
    viewer.require("bulk_refund")
    st.page_link(
        navigation.named("refunds"),
        label=_("Refunds"),
        icon=":material/arrow_back:",
        query_params={"tab": "bulk"},
    )
    widgets.header(_("Bulk refund"), livemode=viewer.livemode())
    if bulk_id:
        bulk_progress.draw(bulk_id)
    else:
        bulk_form.draw()


main(address.get("id", ""))
