"""The choice between the light theme, the dark one and the system's own.

Streamlit's own switch is not shown. Where it keeps the choice is not documented: in the browser,
for each page's path. tests/browser/test_palette.py holds that.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.i18n import _
from dashboard.ui.kit import component

_element = st.components.v2.component("tillwatch_theme", js=component.loader("theme.js"))


def switch(pages: Sequence[str]) -> None:
    """Draw it. `pages`: the names of all that have a path of their own."""
    choices = [
        ("System", "contrast", _("Theme of the system")),
        ("Light", "light_mode", _("Light theme")),
        ("Dark", "dark_mode", _("Dark theme")),
    ]
    data = {"label": _("Theme"), "choices": choices, "paths": ["/", *(f"/{one}" for one in pages)]}
    _element(key="theme", data=data)
