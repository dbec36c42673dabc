"""Words that are typed into the search of payments: where they find nothing as they stand, the
search that they probably mean takes their place, and the screen says so."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from core import clock
from core.errors import InvalidInput
from core.reads.payments import list as reads
from dashboard.i18n import _
from dashboard.ui import address, search_filters, viewer, widgets

_READ_AS = "payments_read_as"


class _ReadAs(NamedTuple):
    """A line as it was typed, and the search that stands in its place."""

    typed: str
    meant: str


def understand() -> None:
    """Put the search that was meant into the field; called when a line was typed there."""
    widgets.first_page()
    line = str(st.session_state["q"] or "")
    meant = _meant(line)
    if meant is not None:
        st.session_state[_READ_AS] = _ReadAs(line, str(meant))
        address.put_bound("q", str(meant))


def say_read_as(query: reads.Query) -> None:
    """What was typed, while the search that was made of it stands there, and the way back."""
    read_as: _ReadAs | None = st.session_state.get(_READ_AS)
    if read_as is None or read_as.meant != str(query):
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(
        _("Nothing has all the words “{words}”: they were read as the search above.").format(
            words=widgets.safe_text(read_as.typed)
        )
    )
    row.button(
        _("Search for the words"),
        key="as_typed",
        type="tertiary",
        icon=":material/undo:",
        on_click=search_filters.search,
        args=(read_as.typed,),
    )


def _meant(line: str) -> reads.Query | None:
    """The search that a line probably means, if the line itself finds no payment."""
    zone = viewer.zone()
    try:
        query = reads.parse(line)
    except InvalidInput:
        return None
    meant = reads.suggest(query, zone=zone, now=clock.now())
    if meant is None:
        return None
    found = viewer.read(reads.page, query=query, livemode=viewer.livemode(), zone=zone, limit=1)
    return None if found.rows or found.searched_to else meant
