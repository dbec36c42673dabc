"""One row of the operators' log in full: who, what, upon what, its details and its seal."""

from __future__ import annotations

import json

import streamlit as st

from core.errors import NotFound
from core.reads.admin import audit as reads
from core.reads.admin.audit import AuditRow
from core.reads.search.query import Term
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.audit import labels as audit_labels
from dashboard.screens.audit import list as audit_list
from dashboard.ui import address, drawer, navigation, status_badges, viewer, widgets


def body(seq: str) -> None:
    """What the drawer shows of a row."""
    try:
        number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 19 else 0
        row = viewer.read(reads.row, seq=number)
    except NotFound:
        widgets.empty(_("There is no such row"), _("Check its number."))
        return
    head = st.container(horizontal=True, vertical_alignment="center")
    with head:
        status_badges.badge(audit_labels.outcomes([row.outcome]), row.outcome)
        st.text(audit_labels.action(row.action))
    drawer.facts(
        {
            _("Time"): f"{i18n.moment(row.at, viewer.zone())} {viewer.zone()}",
            _("Who"): audit_list.who(row),
            _("Upon what"): row.target_name,
        }
    )
    for label, value in (
        (_("Actor"), row.actor),
        (_("Action"), row.action),
        (_("Target"), row.target),
    ):
        if value:
            st.caption(label)
            st.code(value, language=None, wrap_lines=True)
    _onward(row)
    _details(row.details)
    with st.expander(_("Seal"), icon=":material/link:"):
        st.caption(_("SHA-256 over the hash of the row before and this row."))
        st.code(row.hash, language=None, wrap_lines=True)
        st.caption(_("The row before"))
        st.code(row.previous_hash, language=None, wrap_lines=True)


def _onward(row: AuditRow) -> None:
    """To the payment, and to what else this actor did, or was done to this target."""
    place = st.container(horizontal=True)
    if row.target.startswith(("pi_", "ch_", "py_")):
        place.page_link(
            navigation.named("payment"),
            label=_("Payment"),
            icon=":material/receipt_long:",
            query_params={"id": row.target},
        )
    for key, label, term in (
        ("by", _("All by this actor"), Term("actor", row.actor)),
        ("upon", _("All upon this target"), Term("target", row.target)),
    ):
        if term.value:
            place.button(
                label, key=f"row_{key}", type="tertiary", on_click=_search, args=(str(term),)
            )


def _details(kept: str) -> None:
    try:
        said = json.loads(kept)
    except ValueError:  # somebody rewrote it
        said = kept
    if said:
        st.caption(_("Details"))
        st.json(said, expanded=2) if isinstance(said, dict) else st.code(str(said), language=None)


def _search(line: str) -> None:
    address.put_bound("q", line)
    drawer.close("row")
    widgets.first_page()
