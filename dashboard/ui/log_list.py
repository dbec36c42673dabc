"""What the screens of all logs share: the line that is read, and a page of rows under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.reads.search.fields import Fields
from core.reads.search.logs.keyset import LogPage
from core.reads.search.query import Query, parse
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import search_filters, viewer, widgets


@dataclass(frozen=True, slots=True)
class Nothing:
    """What stands in the place of an empty table: with a search, and without one."""

    no_match: str
    show_all: str
    empty: str
    then: str


def query(label: str, example: str, fields: Fields) -> Query:
    """The search line's terms; a line that cannot be read says why, and the run ends there."""
    try:
        return parse(search_filters.line(label, example), fields)
    except InvalidInput as error:
        widgets.unreadable(error, fields)
        st.stop()


def rows(
    page: LogPage[Any],
    *,
    at: datetime,
    counted: str,
    table: Callable[[], None],
    nothing: Nothing,
    searched: bool,
) -> None:
    """How many there are, `counted`, and when that was true; the table, or what stands instead."""
    if page.rows or page.searched_to:
        st.caption(_said(counted, page.searched_to, at))
    if page.rows:
        table()
    elif searched:
        box = widgets.empty(nothing.no_match, _("Take a term out, or look further back."))
        box.button(nothing.show_all, on_click=search_filters.clear)
    else:
        widgets.empty(nothing.empty, nothing.then)
    widgets.pager(newer=page.newer, older=page.older)


def _said(counted: str, searched_to: datetime | None, at: datetime) -> str:
    zone = viewer.zone()
    parts = [counted]
    if searched_to:
        parts.append(_("searched back to {time}").format(time=i18n.minute(searched_to, zone)))
    parts.append(f"{i18n.moment(at, zone)} {zone}")
    return " · ".join(parts)
