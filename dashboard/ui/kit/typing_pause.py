"""Typed text reaches the server when nobody types for a while, not only once its field is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.ui.kit import component

#: So long nobody typed, in milliseconds.
PAUSE = 1500

_element = st.components.v2.component(
    "tillwatch_typing_pause", js=component.loader("typing_pause.js")
)


def watch(place: str, texts: Mapping[str, Sequence[str]]) -> None:
    """Watch the fields in the container with this key; put it under them.

    `texts`: by the key of a field, what may stand in it and be left; the browser asks before the
    page is closed on anything else.
    """
    data = {"place": f"st-key-{place}", "pause": PAUSE, "texts": texts}
    _element(key=f"pause_{place}", data=data)
