"""Books: the rules by which the journal of the accountant is made."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import _
from dashboard.screens.books import rules
from dashboard.ui import viewer, widgets


def main() -> None:
    """Draw the screen."""
    viewer.require("manage_books")
    widgets.header(_("Books"), livemode=viewer.livemode())
    st.caption(_("Where the journal books each kind of ledger row, in both modes."))
    rules.FLASH.show()
    rules.draw()


main()
