"""One thing of a list, in a drawer at its side; the URL says which, so that it can be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import streamlit as st

from dashboard.i18n import _
from dashboard.ui import address, widgets


def remember(key: str, name: str) -> None:
    """A click on a row: the fragment opens it when it runs, for a callback cannot."""
    st.session_state[f"open_{key}"] = name


def follow_selection(key: str) -> None:
    """In the table's fragment: bring what was clicked into the URL, and run the page for it."""
    if name := st.session_state.pop(f"open_{key}", None):
        show(key, name)


def show(key: str, name: str) -> None:
    """Run the page again with this drawer open."""
    address.put(key, name)
    st.rerun()


def asked(key: str) -> str | None:
    """What the URL asks to be open."""
    return address.get(key) or None


def draw(
    key: str, title: str, body: Callable[[], None], *, width: Literal["medium", "large"] = "medium"
) -> None:
    """The drawer over the page; closing it takes it out of the URL."""

    @st.dialog(title, width=width, position="right", on_dismiss=lambda: close(key))
    def drawn() -> None:
        body()

    drawn()


def close(key: str) -> None:
    """Take it out of the URL."""
    address.drop(key)


def gone(what: str) -> None:
    """What was asked for is not here."""
    widgets.empty(what, _("Check the id and the mode."))


def facts(pairs: Mapping[str, str | None]) -> None:
    """Names and plain values in two columns; what is not known is left out."""
    for label, value in pairs.items():
        if value:
            left, right = st.columns([2, 3], gap="small", vertical_alignment="center")
            left.caption(label)
            right.text(value)
