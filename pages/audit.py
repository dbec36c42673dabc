"""Audit: who saw, asked, approved, sent and was refused what; and proof that nobody rewrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from core.reads import audit as reads
from dashboard import (
    audit_chain,
    audit_drawer,
    audit_view,
    console,
    drawer,
    log_page,
    widgets,
)
from dashboard.i18n import _

EXAMPLE = "actor:ada@shop.example action:refund.* outcome:refused at:7d"


def main() -> None:
    """Draw the screen."""
    console.require("administer")
    actions = widgets.header(_("Audit"), livemode=console.livemode())
    audit_chain.card()
    query = log_page.query(_("Search the log"), EXAMPLE, reads.read_line, reads.CHECKS)
    audit_view.filters(query)
    with actions:
        audit_view.export(str(query))
    cursor, older = widgets.cursor()
    newest(str(query), cursor, older)
    if row := drawer.asked("row"):
        drawer.draw(
            "row", _("Row {n}").format(n=widgets.safe_text(row)), partial(audit_drawer.body, row)
        )


@st.fragment
def newest(line: str, cursor: str | None, older: bool) -> None:
    """The rows: drawn again, alone, when one is opened."""
    drawer.follow("row")
    page = console.read(
        reads.page,
        query=reads.read_line(line),
        cursor=cursor,
        older=older,
        zone=console.zone(),
    )
    log_page.rows(
        page,
        at=datetime.now(UTC),
        counted=audit_view.counted(len(page.rows)),
        table=partial(audit_view.table, page.rows, console.zone()),
        nothing=audit_view.nothing(),
        searched=bool(line),
    )


main()
