"""The search line of a list, and controls over it that show what it asks and rewrite it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import InvalidInput
from core.reads.search.fields import Fields
from core.reads.search.query import Query, parse
from dashboard.i18n import N_, _
from dashboard.ui import address, widgets

#: Of what happened: how far back.
PERIODS = {
    "": N_("Any time"),
    "15m": N_("Last 15 minutes"),
    "1h": N_("Last hour"),
    "24h": N_("Last 24 hours"),
    "7d": N_("Last 7 days"),
    "30d": N_("Last 30 days"),
}


@dataclass(frozen=True, slots=True)
class Segments:
    """One value of a field, or none: buttons in a row. `options`: values and their words."""

    field: str
    label: str
    options: Mapping[str, str]

    def draw(self, query: Query) -> None:
        """Show what the line asks of the field."""
        asked = ",".join(query.values(self.field))
        key = f"s_{self.field}"
        st.session_state[key] = asked if asked in self.options else None
        st.segmented_control(
            _(self.label),
            list(self.options),
            key=key,
            format_func=lambda code: _(self.options[code]),
            on_change=_rewrite,
            args=(query.fields, self.field, key),
            label_visibility="collapsed",
        )


@dataclass(frozen=True, slots=True)
class Pills:
    """Any of a field's values; `shown` gives a value's word."""

    field: str
    label: str
    options: Sequence[str]
    shown: Callable[[str], str] = str

    def draw(self, query: Query) -> None:
        """Show what the line asks of the field, values that are not offered among it."""
        asked = list(dict.fromkeys(value.lower() for value in query.values(self.field)))
        key = f"f_{self.field}"
        st.session_state[key] = asked
        st.pills(
            _(self.label),
            [*self.options, *(value for value in asked if value not in self.options)],
            selection_mode="multi",
            key=key,
            format_func=self.shown,
            on_change=_rewrite,
            args=(query.fields, self.field, key),
        )


@dataclass(frozen=True, slots=True)
class Period:
    """How far back. `periods`: values of the field and their words."""

    field: str
    label: str
    periods: Mapping[str, str]

    def draw(self, query: Query) -> None:
        """Show what the line asks of the field, a time that is not offered too."""
        asked, known = next(iter(query.values(self.field)), ""), self.periods
        key = f"f_{self.field}"
        st.session_state[key] = asked
        st.selectbox(
            _(self.label),
            [*known, *([asked] if asked not in known else [])],
            key=key,
            format_func=lambda code: _(known[code]) if code in known else code,
            on_change=_rewrite,
            args=(query.fields, self.field, key),
        )


@dataclass(frozen=True, slots=True)
class Typed:
    """A value that is typed; `example` stands in the empty field."""

    field: str
    label: str
    example: str

    def draw(self, query: Query) -> None:
        """Show what the line asks of the field."""
        key = f"f_{self.field}"
        st.session_state[key] = ",".join(query.values(self.field))
        st.text_input(
            _(self.label),
            key=key,
            placeholder=self.example,
            on_change=_rewrite,
            args=(query.fields, self.field, key),
        )


@dataclass(frozen=True, slots=True)
class SearchBar:
    """The search line of a list and the controls over it. Labels are English, translated as drawn.

    `fields`: what the list can be searched by. `more`: the controls in the popover. `typed`: called
    when a line was typed into the field.
    """

    label: str
    example: str
    fields: Fields
    segments: Segments
    more: tuple[Pills | Period | Typed, ...]
    typed: Callable[[], None] = widgets.first_page

    def draw(self) -> Query:
        """The line's terms; a line that cannot be read says why, and the run ends there."""
        line = self._line()
        query, error = _read(line, self.fields)
        self._controls(query, is_empty=not line)
        if error is not None:
            widgets.unreadable(error, self.fields)
            st.stop()
        return query

    def _line(self) -> str:
        """It stands in the URL, so that a reload or a shared link keeps it."""
        asked = st.text_input(
            _(self.label),
            key="q",
            type="search",
            bind="query-params",
            placeholder=self.example,
            label_visibility="collapsed",
            on_change=self.typed,
        )
        return str(asked or "")

    def _controls(self, query: Query, *, is_empty: bool) -> None:
        """The segments, and the popover, whose label counts the fields in use."""
        with st.container(horizontal=True, vertical_alignment="center"):
            self.segments.draw(query)
            asked = [control for control in self.more if query.values(control.field)]
            label = _("Filters ({count})").format(count=len(asked)) if asked else _("Filters")
            popover = st.popover(label, icon=":material/tune:", key="filters")
        with popover:
            for control in self.more:
                control.draw(query)
            st.button(
                _("Clear all"),
                key="f_clear",
                icon=":material/close:",
                on_click=clear,
                disabled=is_empty,
            )


def search(line: str) -> None:
    """Put a line into the search, which begins with its first rows."""
    address.put_bound("q", line)
    widgets.first_page()


def clear() -> None:
    """Search for nothing in particular."""
    search("")


def _read(line: str, fields: Fields) -> tuple[Query, InvalidInput | None]:
    """The line as terms; without any, and with what is wrong, for one that cannot be read."""
    try:
        return parse(line, fields), None
    except InvalidInput as error:
        return Query((), fields), error


def _rewrite(fields: Fields, field: str, key: str) -> None:
    chosen = st.session_state[key]
    values = chosen if isinstance(chosen, list) else [chosen] if chosen else []
    query, _error = _read(st.session_state.get("q") or "", fields)
    try:
        address.put_bound("q", str(query.with_values(field, *values)))
    except InvalidInput as error:
        st.toast(
            _("Not a filter: {rule}").format(rule=widgets.safe_text(widgets.rule(error))),
            icon=":material/error:",
        )
    widgets.first_page()
