"""Controls over the search line of a log: each shows what the line asks, and rewrites it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.reads.search.fields import Fields
from core.reads.search.query import Query, parse
from dashboard.i18n import N_, _
from dashboard.ui import widgets

PERIODS = {
    "": N_("Any time"),
    "15m": N_("Last 15 minutes"),
    "1h": N_("Last hour"),
    "24h": N_("Last 24 hours"),
    "7d": N_("Last 7 days"),
    "30d": N_("Last 30 days"),
}


def line(label: str, example: str) -> str:
    """The search line; it stands in the URL, so that a reload or a shared link keeps it."""
    asked = st.text_input(
        label,
        key="q",
        type="search",
        bind="query-params",
        placeholder=example,
        label_visibility="collapsed",
        on_change=widgets.first_page,
    )
    return str(asked or "")


def read(text: str, fields: Fields) -> Query:
    """The line as terms; without any for a line that cannot be read (the page says why)."""
    try:
        return parse(text, fields)
    except InvalidInput:
        return Query((), fields)


def segments(query: Query, field: str, options: Mapping[str, str], label: str) -> None:
    """One value of a field, or none."""
    asked = ",".join(query.values(field))
    key = f"s_{field}"
    st.session_state[key] = asked if asked in options else None
    st.segmented_control(
        label,
        list(options),
        key=key,
        format_func=lambda word: _(options[word]),
        on_change=_rewrite,
        args=(query.fields, field, key),
        label_visibility="collapsed",
    )


def more(query: Query, *fields: str) -> Any:
    """Segments' row goes on with a popover for these fields; its label counts those in use."""
    asked = [field for field in fields if query.values(field)]
    label = _("Filters ({count})").format(count=len(asked)) if asked else _("Filters")
    return st.popover(label, icon=":material/tune:", key="filters")


def pills(
    query: Query,
    field: str,
    label: str,
    options: Iterable[str],
    shown: Callable[[str], str] = str,
) -> None:
    """Any of a field's values."""
    asked, known = list(query.values(field)), list(options)
    key = f"f_{field}"
    st.session_state[key] = asked
    st.pills(
        label,
        [*known, *(value for value in asked if value not in known)],
        selection_mode="multi",
        key=key,
        format_func=shown,
        on_change=_rewrite,
        args=(query.fields, field, key),
    )


def period(query: Query, field: str, label: str) -> None:
    """How far back."""
    asked = next(iter(query.values(field)), "")
    key = f"f_{field}"
    st.session_state[key] = asked
    st.selectbox(
        label,
        [*PERIODS, *([asked] if asked not in PERIODS else [])],
        key=key,
        format_func=lambda code: _(PERIODS[code]) if code in PERIODS else code,
        on_change=_rewrite,
        args=(query.fields, field, key),
    )


def word(query: Query, field: str, label: str, example: str) -> None:
    """A value that is typed."""
    key = f"f_{field}"
    st.session_state[key] = ",".join(query.values(field))
    st.text_input(
        label,
        key=key,
        placeholder=example,
        on_change=_rewrite,
        args=(query.fields, field, key),
    )


def clearing(query: Query) -> None:
    """A button that takes all terms away."""
    st.button(
        _("Clear all"),
        key="f_clear",
        icon=":material/close:",
        on_click=clear,
        disabled=not query,
    )


def clear() -> None:
    """Search for nothing in particular."""
    st.session_state["q"] = ""
    widgets.first_page()


def _rewrite(fields: Fields, field: str, key: str) -> None:
    chosen = st.session_state[key]
    values = chosen if isinstance(chosen, list) else [chosen] if chosen else []
    query = read(st.session_state.get("q") or "", fields)
    try:
        st.session_state["q"] = str(query.with_values(field, *values))
    except InvalidInput as error:
        st.toast(
            _("Not a filter: {rule}").format(rule=widgets.safe_text(_(error.rule))),
            icon=":material/error:",
        )
    widgets.first_page()
