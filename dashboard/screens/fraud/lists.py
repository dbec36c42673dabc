"""Block and allow lists: look, add, take off, bring in and take away as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from starlette.datastructures import QueryParams

from core.access.principals import Principal
from core.actions.fraud import list_entries as actions
from core.actions.fraud import list_import
from core.reads.fraud import lists as reads
from core.reads.fraud.lists import Entry
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import commands as fraud_commands
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import columns, status_badges, viewer, widgets

EVERY = ""
LISTS = {EVERY: N_("Both lists"), "block": N_("Block"), "allow": N_("Allow")}
_CHUNK = 500
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
    below = st.query_params.get("below", "")
    number = int(below) if below.isascii() and below.isdigit() and len(below) < 16 else None
    found = viewer.read(reads.page, below=number, **asked)
    said = ngettext("{n} entry", "{n} entries", found.total)
    st.caption(said.format(n=i18n.number(found.total)))
    if found.rows:
        _table(found.rows)
        _pages(number, found.older)
        wanted = {name: value for name, value in asked.items() if value}
        widgets.card_link(_("Export CSV"), f"/ui/export/lists.csv?{urlencode(wanted)}")
    else:
        widgets.empty(
            _("No entry fits"),
            _("Add one below, or bring a CSV file in."),
            icon=":material/playlist_add:",
        )
    left, right = st.columns(2)
    with left.container(border=True):
        _adding()
    with right.container(border=True):
        _bringing()
    _removal()


def rows(person: Principal, asked: QueryParams) -> Iterator[Sequence[object]]:
    """Every entry that the screen's filters find, in the columns that an import takes."""
    yield list_import.COLUMNS
    below: int | None = None
    while True:
        page = viewer.current_console().read(
            person.user_id,
            reads.page,
            kind=asked.get("kind") or None,
            field=asked.get("field") or None,
            search=asked.get("search", ""),
            below=below,
            limit=_CHUNK,
        )
        for one in page.rows:
            until = one.expires_at.isoformat() if one.expires_at else ""
            yield one.kind, one.field, one.value, one.reason, until
        below = page.older
        if below is None:
            return


def _table(entries: Sequence[Entry]) -> None:
    kept = {f"#{one.id}": one for one in entries}

    def clicked() -> None:
        one = kept[columns.opened("list_open")]
        st.session_state[_REMOVE] = (one.id, one.value)

    table = pd.DataFrame(
        {
            "list": [status_badges.cell(one.kind) for one in entries],
            "field": [_(fraud_labels.FIELD[one.field]) for one in entries],
            "value": [one.value for one in entries],
            "reason": [one.reason for one in entries],
            "by": [one.added_by for one in entries],
            "since": [one.created_at for one in entries],
            "until": pd.Series([one.expires_at for one in entries], dtype="datetime64[us, UTC]"),
            "remove": [columns.opener(label) for label in kept],
        }
    )
    zone = viewer.zone()
    layout = {
        "list": status_badges.chip_column(_("List"), fraud_labels.LIST, width=84),
        "field": columns.text_column(_("Field"), width=100),
        "value": columns.text_column(_("Value"), width=230),
        "reason": columns.text_column(_("Reason"), width=200),
        "by": columns.text_column(_("By"), width=160),
        "since": columns.time_column(_("Since"), zone, seconds=False),
        "until": columns.time_column(_("Until"), zone, seconds=False),
        "remove": columns.open_column(_("Take off"), "list_open", clicked, width=96),
    }
    widgets.plain_table(table, layout, key="entries", alt=_("Entries, newest first"))


def _pages(below: int | None, older: int | None) -> None:
    row = st.container(horizontal=True, horizontal_alignment="right")
    if below is not None:
        row.button(_("Newest"), key="list_newest", on_click=_turn, args=(None,))
    if older is not None:
        row.button(_("Older"), key="list_older", on_click=_turn, args=(older,))


def _turn(below: int | None) -> None:
    st.query_params.pop("below", None)
    if below is not None:
        st.query_params["below"] = str(below)


def _adding() -> None:
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
    if fraud_commands.perform(_("The entry is on the list."), actions.add, entry) is not None:
        state["add_value"] = state["add_reason"] = ""


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=viewer.zone())
    return (start + timedelta(days=1)).astimezone(UTC)


def _bringing() -> None:
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
            fraud_commands.set_flash(
                _("Nothing was changed: the file is not in UTF-8."), good=False
            )
            st.rerun()
        done = fraud_commands.perform(_("The file is on the lists."), list_import.import_text, text)
        if done is not None:
            said = ngettext("{n} entry is on the lists.", "{n} entries are on the lists.", done)
            fraud_commands.set_flash(said.format(n=i18n.number(done)))
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
            fraud_commands.perform(_("The entry is off the list."), actions.remove, entry_id)
            st.rerun()

    asked()
