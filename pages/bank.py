"""Bank: statements that are taken in, their lines, and which payout each of them is."""

from __future__ import annotations

import streamlit as st

from core.reads.bank import statements as reads
from dashboard.i18n import N_, _
from dashboard.screens.bank import accounts, decisions, importing, line_drawer, lines, statements
from dashboard.screens.bank.messages import FLASH
from dashboard.ui import drawer, viewer, widgets

PARTS = {
    "decide": N_("To decide"),
    "lines": N_("Lines"),
    "statements": N_("Statements"),
    "accounts": N_("Accounts"),
}


def main() -> None:
    """Draw the screen: one of its parts at a time, by what the URL says."""
    viewer.require("manage_bank")
    livemode = viewer.livemode()
    known = viewer.read(reads.accounts, livemode=livemode)
    actions = widgets.header(_("Bank"), livemode=livemode)
    importing.button(actions, primary=not known)
    line = drawer.asked(lines.OPENS)
    if line is None:
        # A drawer says itself what came of a click in it.
        FLASH.show()
    part = widgets.url_choice(_("Part"), "part", PARTS, default="decide")
    if part == "lines":
        lines.draw(known)
    elif part == "statements":
        statements.draw(known)
    elif part == "accounts":
        accounts.draw(known)
    elif known:
        decisions.draw()
    else:
        st.caption(_("Statements of your bank prove that payouts arrived."))
        statements.draw(known)
    if line is not None:
        drawer.draw(lines.OPENS, _("Bank line"), lambda: line_drawer.body(line))
    else:
        importing.open_asked_dialog(known)


main()
