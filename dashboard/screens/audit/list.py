"""The operators' log as a table, with its filters."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.reads.admin.audit import AuditRow
from core.reads.search.query import Query
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.audit import labels as audit_labels
from dashboard.ui import columns, drawer, search_filters, status_badges, widgets
from dashboard.ui.log_list import Nothing
from dashboard.ui.widgets import ROW

SEGMENTS = {
    "": N_("All"),
    "sign_in,sign_out": N_("Sign-ins"),
    "payment.view": N_("Views"),
    "export": N_("Exports"),
    "refund.*,bulk_refund.*": N_("Refunds"),
    "user.*,session.*,token.*": N_("Access"),
}
OUTCOMES = ("refused", "throttled", "failed", "unknown", "broken")


def filters(query: Query) -> None:
    """Segments and the popover."""
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        search_filters.segments(query, "action", SEGMENTS, _("Action"))
        popover = search_filters.more(query, "outcome", "actor", "target", "at")
    with popover:
        search_filters.pills(
            query,
            "outcome",
            _("Outcome"),
            OUTCOMES,
            lambda code: status_badges.word(audit_labels.OUTCOMES, code),
        )
        search_filters.period(query, "at", _("Time"))
        search_filters.word(query, "actor", _("Who"), "ada@shop.example, cli:root")
        search_filters.word(query, "target", _("Upon what"), "pi_…, ada@shop.example")
        search_filters.clearing(query)


def export(line: str) -> None:
    """The same search as a file."""
    asked = urlencode({"q": line})
    st.link_button(_("Export CSV"), f"/ui/export/audit.csv?{asked}", icon=":material/download:")


def frame(rows: Sequence[AuditRow]) -> pd.DataFrame:
    """One line a row of the log."""
    return pd.DataFrame(
        {
            "row": [columns.opener(str(row.seq)) for row in rows],
            "what": [audit_labels.action(row.action) for row in rows],
            "outcome": [status_badges.cell(row.outcome) for row in rows],
            "who": [who(row) for row in rows],
            "at": [row.at for row in rows],
            "target": [row.target_name or row.target for row in rows],
            "action": [row.action for row in rows],
        }
    )


def who(row: AuditRow) -> str:
    """The actor's name; for an address that nobody has, that it was one."""
    if row.actor_name is None and row.action == "sign_in" and len(row.actor) == 64:
        return _("Unknown address")
    return row.actor_name or row.actor


def table(rows: Sequence[AuditRow], zone: ZoneInfo) -> None:
    """Draw the table; a click on a row's number opens its drawer."""

    def clicked() -> None:
        drawer.remember("row", columns.opened("log_open"))

    st.dataframe(
        frame(rows),
        hide_index=True,
        height=widgets.height(len(rows)),
        row_height=ROW,
        column_config={
            "row": columns.open_column(_("Row"), "log_open", clicked, width=84),
            "at": columns.time_column(_("Time"), zone),
            "who": columns.text_column(_("Who"), width=190),
            "what": columns.text_column(_("What was done"), width=176),
            "outcome": status_badges.chip_column(
                _("Outcome"), audit_labels.outcomes(rows), width=130
            ),
            "target": columns.text_column(_("Upon what"), width=200),
            "action": columns.text_column(_("Action"), width=140),
        },
        key="log",
        alt=_("The operators' log, newest first"),
    )


def counted(rows: int) -> str:
    """How many a page shows."""
    said = ngettext("{n} row shown, newest first", "{n} rows shown, newest first", rows)
    return said.format(n=rows)


def nothing() -> Nothing:
    """What stands there instead of an empty table."""
    return Nothing(
        _("No row matches"),
        _("Show the whole log"),
        _("The log is empty"),
        _("The first sign-in is its first row."),
    )
