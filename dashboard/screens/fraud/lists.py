"""Block and allow lists: look, add, take off, bring in and take away as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from core.actions.fraud import list_entries as actions
from core.actions.fraud import list_import
from core.reads.fraud import lists as reads
from core.reads.fraud.lists import Entry
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud.messages import FLASH
from dashboard.ui import address, file_links, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, chips, moment, opener, text

EVERY = ""
LISTS = {EVERY: N_("Both lists"), "block": N_("Block"), "allow": N_("Allow")}
_REMOVE = "list_remove"


def draw() -> None:
    """Filters, the entries, and the ways to change them."""
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        kind = widgets.url_choice(_("List"), "list", LISTS, default=EVERY)
        field = st.selectbox(
            _("Field"),
            [EVERY, *fraud_labels.FIELD],
            key="list_field",
            format_func=lambda code: _(fraud_labels.FIELD[code]) if code else _("All fields"),
            label_visibility="collapsed",
            width=160,
        )
        search = st.text_input(
            _("Search"),
            key="list_search",
            type="search",
            placeholder=_("Part of a value"),
            label_visibility="collapsed",
        )
    asked: dict[str, Any] = {"kind": kind or None, "field": field or None, "search": search}
    below = address.get("below", "")
    number = int(below) if below.isascii() and below.isdigit() and len(below) < 16 else None
    found = viewer.read(reads.page, below=number, **asked)
    said = ngettext("{n} entry", "{n} entries", found.total)
    st.caption(said.format(n=i18n.number(found.total)))
    if found.rows:
        _table(found.rows)
        _pages(number, found.older)
        wanted = {name: value for name, value in asked.items() if value}
        file_links.card_links("lists", wanted)
    else:
        widgets.empty(
            _("No entry fits"),
            _("Add one below, or bring a CSV file in."),
            icon=":material/playlist_add:",
        )
    left, right = st.columns(2)
    with left.container(border=True):
        _add_form()
    with right.container(border=True):
        _import_form()
    _removal()


COLUMNS: dict[str, Column[Entry]] = {
    "list": chips(N_("List"), lambda one: status_badges.cell(one.kind), fraud_labels.LIST),
    "field": text(N_("Field"), lambda one: _(fraud_labels.FIELD[one.field])),
    "value": text(N_("Value"), lambda one: one.value, cut=22),
    "reason": text(N_("Reason"), lambda one: one.reason, cut=19),
    "by": text(N_("By"), lambda one: one.added_by),
    "since": moment(N_("Since"), lambda one: one.created_at, seconds=False),
    "until": moment(N_("Until"), lambda one: one.expires_at, seconds=False),
    "remove": opener(N_("Take off"), lambda one: str(one.id), shown=lambda one: f"#{one.id}"),
}
TABLE = DataTable("entries", N_("Entries, newest first"), COLUMNS)


def _table(entries: Sequence[Entry]) -> None:
    values = {str(one.id): (one.id, one.value) for one in entries}

    def opened(entry_id: str) -> None:
        if entry_id in values:
            st.session_state[_REMOVE] = values[entry_id]

    TABLE.draw(TABLE.frame(entries), opened)


def _pages(below: int | None, older: int | None) -> None:
    row = st.container(horizontal=True, horizontal_alignment="right")
    if below is not None:
        row.button(_("Newest"), key="list_newest", on_click=_turn, args=(None,))
    if older is not None:
        row.button(_("Older"), key="list_older", on_click=_turn, args=(older,))


def _turn(below: int | None) -> None:
    address.drop("below")
    if below is not None:
        address.put("below", str(below))


def _add_form() -> None:
    widgets.card_title(_("Add an entry"))
    with st.form("list_add", border=False):
        row = st.container(horizontal=True)
        row.selectbox(
            _("List"), ["block", "allow"], key="add_kind", format_func=lambda c: _(LISTS[c])
        )
        row.selectbox(
            _("Field"),
            list(fraud_labels.FIELD),
            key="add_field",
            format_func=lambda c: _(fraud_labels.FIELD[c]),
        )
        st.text_input(
            _("Value"),
            key="add_value",
            help=_("An address or network, an e-mail or domain, a card's fingerprint, a user id."),
        )
        st.text_input(_("Reason"), key="add_reason", max_chars=actions.LONGEST_REASON)
        st.date_input(_("Until the end of (empty: for good)"), value=None, key="add_until")
        st.form_submit_button(_("Add"), icon=":material/add:", on_click=_add)


def _add() -> None:
    state = st.session_state
    entry = actions.NewEntry(
        state["add_kind"],
        state["add_field"],
        state["add_value"],
        state["add_reason"],
        _end_of(state["add_until"]),
    )
    if FLASH.perform(_("The entry is on the list."), actions.add, entry).done:
        state["add_value"] = state["add_reason"] = ""


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=viewer.zone())
    return (start + timedelta(days=1)).astimezone(UTC)


def _import_form() -> None:
    widgets.card_title(_("Bring a CSV file in"))
    st.caption(
        _("All of it or nothing; the first line is {columns}").format(
            columns=", ".join(list_import.COLUMNS)
        )
    )
    given = st.file_uploader(_("CSV file"), type=["csv"], key="list_file")
    if st.button(_("Import"), key="list_import", disabled=given is None) and given is not None:
        try:
            text = given.getvalue().decode("utf-8")
        except UnicodeDecodeError:
            FLASH.set(_("Nothing was changed: the file is not in UTF-8."), "warning")
            st.rerun()
        outcome = FLASH.perform(_("The file is on the lists."), list_import.import_text, text)
        if (done := outcome.value) is not None:
            said = ngettext("{n} entry is on the lists.", "{n} entries are on the lists.", done)
            FLASH.set(said.format(n=i18n.number(done)), "success")
        st.rerun()


def _removal() -> None:
    if _REMOVE not in st.session_state:
        return

    @st.dialog(_("Take off the list"), on_dismiss=lambda: st.session_state.pop(_REMOVE, None))
    def asked() -> None:
        entry_id, value = st.session_state[_REMOVE]
        st.text(value)
        if st.button(_("Take off"), key="list_remove_now", type="primary"):
            st.session_state.pop(_REMOVE, None)
            FLASH.perform(_("The entry is off the list."), actions.remove, entry_id)
            st.rerun()

    asked()
