"""The operators' log as a table, with its filters."""

from __future__ import annotations

import streamlit as st

from core.access.rights import ADMINISTER
from core.reads.admin import audit as reads
from core.reads.admin.audit import FIELDS, AuditRow
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.audit import labels as audit_labels
from dashboard.ui import file_links, status_badges
from dashboard.ui.data_table import Column, DataTable, Empty, chips, moment, opener, text
from dashboard.ui.log_list import LogList
from dashboard.ui.search_filters import PERIODS, Period, Pills, SearchBar, Segments, Typed

SEGMENTS = {
    "": N_("All"),
    "sign_in,sign_out": N_("Sign-ins"),
    "payment.view": N_("Views"),
    "export": N_("Exports"),
    "refund.*,bulk_refund.*": N_("Refunds"),
    "user.*,session.*,token.*": N_("Access"),
}
OUTCOMES = ("refused", "throttled", "failed", "unknown", "broken")


def _outcome(code: str) -> str:
    return status_badges.word(audit_labels.OUTCOMES, code)


BAR = SearchBar(
    label=N_("Search the log"),
    example="actor:ada@shop.example action:refund.* outcome:refused at:7d",
    fields=FIELDS,
    segments=Segments("action", N_("Action"), SEGMENTS),
    more=(
        Pills("outcome", N_("Outcome"), OUTCOMES, _outcome),
        Period("at", N_("Time"), PERIODS),
        Typed("actor", N_("Who"), "ada@shop.example, cli:root"),
        Typed("target", N_("Upon what"), "pi_…, ada@shop.example"),
    ),
)


def export(line: str) -> None:
    """The same search as a file."""
    file_links.links(st, "audit", {"q": line})


def who(row: AuditRow) -> str:
    """The actor's name; for an address that nobody has, that it was one."""
    if row.actor_name is None and row.action == "sign_in" and len(row.actor) == 64:
        return _("Unknown address")
    return row.actor_name or row.actor


def counted(rows: int) -> str:
    """How many a page shows."""
    said = ngettext("{n} row shown, newest first", "{n} rows shown, newest first", rows)
    return said.format(n=rows)


COLUMNS: dict[str, Column[AuditRow]] = {
    "row": opener(N_("Row"), lambda row: str(row.seq)),
    "what": text(N_("What was done"), lambda row: audit_labels.action(row.action), cut=17),
    "outcome": chips(
        N_("Outcome"),
        lambda row: status_badges.cell(row.outcome),
        audit_labels.outcomes,
    ),
    "who": text(N_("Who"), who, cut=18),
    "at": moment(N_("Time"), lambda row: row.at),
    "target": text(N_("Upon what"), lambda row: row.target_name or row.target, cut=19),
}
LIST = LogList(
    right=ADMINISTER,
    bar=BAR,
    read=reads.page,
    table=DataTable(
        "log",
        N_("The operators' log, newest first"),
        COLUMNS,
        empty=Empty(N_("The log is empty"), N_("The first sign-in is its first row.")),
    ),
    opens="row",
    counted=counted,
    no_match=N_("No row matches"),
    show_all=N_("Show the whole log"),
)
