"""Audit: who saw, asked, approved, sent and was refused what; and proof that nobody rewrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from core.reads.admin import audit as reads
from dashboard.i18n import _
from dashboard.screens.audit import drawer as audit_drawer
from dashboard.screens.audit import list as audit_list
from dashboard.screens.audit import verification as audit_verification
from dashboard.ui import drawer, log_list, viewer, widgets

EXAMPLE = "actor:ada@shop.example action:refund.* outcome:refused at:7d"


def main() -> None:
    """Draw the screen."""
    viewer.require("administer")
    actions = widgets.header(_("Audit"), livemode=viewer.livemode())
    audit_verification.card()
    query = log_list.query(_("Search the log"), EXAMPLE, reads.FIELDS)
    audit_list.filters(query)
    with actions:
        audit_list.export(str(query))
    cursor, older = widgets.cursor()
    newest(query, cursor, older)
    if row := drawer.asked("row"):
        drawer.draw(
            "row",
            _("Row {number}").format(number=widgets.safe_text(row)),
            partial(audit_drawer.body, row),
        )


@st.fragment
def newest(query: reads.Query, cursor: str | None, older: bool) -> None:
    """The rows: drawn again, alone, when one is opened."""
    drawer.follow_selection("row")
    page = viewer.read(
        reads.page,
        query=query,
        cursor=cursor,
        older=older,
        zone=viewer.zone(),
    )
    log_list.rows(
        page,
        at=datetime.now(UTC),
        counted=audit_list.counted(len(page.rows)),
        table=partial(audit_list.table, page.rows, viewer.zone()),
        nothing=audit_list.nothing(),
        searched=bool(query),
    )


main()
