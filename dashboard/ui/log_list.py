"""The list of a log, described by data: its search bar, its table, and a page of rows under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st

from core.access.principals import Principal
from core.reads.search.logs.keyset import LogPage, Numbered
from core.reads.search.query import Query
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import drawer, live, search_filters, viewer, widgets
from dashboard.ui.data_table import DataTable, Frame
from dashboard.ui.kit import links
from dashboard.ui.search_filters import SearchBar

R = TypeVar("R", bound=Numbered)


@dataclass(frozen=True, slots=True)
class LogList(Generic[R]):
    """A log's list. Texts are English, translated as they are drawn.

    `right`: what a viewer must hold. `read`: a read of `core.reads` of one page, by a query.
    `opens`: the parameter of the URL that names the open row. `counted` says how many rows stand
    there. `no_match` and `show_all`: what is said, and offered, where a search finds nothing.
    `topic`: what tells of new rows (`dashboard.ui.live`); without one they come with the next run,
    and pages are not shared between viewers.
    """

    right: str
    bar: SearchBar
    read: Callable[..., LogPage[R]]
    table: DataTable[R]
    opens: str
    counted: Callable[[int], str]
    no_match: str
    show_all: str
    topic: str | None = None

    def draw(
        self,
        query: Query,
        *,
        running: bool = False,
        above: Callable[[Principal], None] = lambda _person: None,
        **scope: Any,
    ) -> None:
        """The rows, drawn again, alone, when new ones came or one is opened, with what `above`
        draws for the viewer over them.

        `running`: whether new ones are waited for. `scope`: what the read takes beside the query,
        such as the mode.
        """
        st.fragment(self._rows)(query, running, above, scope)

    def _rows(
        self, query: Query, running: bool, above: Callable[[Principal], None], scope: dict[str, Any]
    ) -> None:
        drawer.follow_selection(self.opens)
        person = viewer.require(self.right)
        # The version first: rows that come between two reads are then drawn again, not missed.
        version = live.version(self.topic) if self.topic else None
        above(person)
        cursor, older = widgets.cursor()
        asked = scope | {"cursor": cursor, "older": older}
        page, frame, at = (
            self._page(query, asked)
            if version is None
            else _shared_page(self, self.table.key, version, query, asked, i18n.language())
        )
        if page.rows or page.searched_to:
            st.caption(self._caption(page, at))
        if query and not page.rows:
            box = widgets.empty(_(self.no_match), _("Take a term out, or look further back."))
            box.button(_(self.show_all), on_click=search_filters.clear)
        else:
            self.table.draw(
                frame,
                partial(drawer.remember, self.opens),
                target=links.here(self.opens),
                chosen=drawer.asked(self.opens),
            )
        widgets.pager(newer=page.newer, older=page.older)
        if self.topic and version is not None and running:
            live.ping(self.topic, version)

    def _page(self, query: Query, asked: dict[str, Any]) -> tuple[LogPage[R], Frame, datetime]:
        """A page as it is shown, and when it was read."""
        page = viewer.read(self.read, query=query, zone=viewer.zone(), **asked)
        return page, self.table.frame(page.rows), datetime.now(UTC)

    def _caption(self, page: LogPage[R], at: datetime) -> str:
        zone, searched_to = viewer.zone(), page.searched_to
        parts = [self.counted(len(page.rows))]
        if searched_to:
            parts.append(_("searched back to {time}").format(time=i18n.minute(searched_to, zone)))
        parts.append(f"{i18n.moment(at, zone)} {zone}")
        return " · ".join(parts)


@st.cache_resource(max_entries=200, ttl=300, show_spinner=False, hash_funcs={Query: str})
def _shared_page(
    _log: LogList[Any], key: str, version: int, query: Query, asked: dict[str, Any], spoken: str
) -> tuple[LogPage[Any], Frame, datetime]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    return _log._page(query, asked)
