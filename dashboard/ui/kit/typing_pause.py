"""Typed text reaches the server when nobody types for a while, not only once its field is left."""

from __future__ import annotations

import streamlit as st

from dashboard.ui.kit import component

#: So long nobody typed, in milliseconds.
PAUSE = 1500

_element = st.components.v2.component(
    "tillwatch_typing_pause", js=component.loader("typing_pause.js")
)


def watch(place: str) -> None:
    """Watch the fields in the container with this key; put it under them."""
    _element(key=f"pause_{place}", data={"place": f"st-key-{place}", "pause": PAUSE})
