"""Go to anything: one box over every page, for ids, people, amounts, pages and actions.

`palette.js` filters pages and actions by itself, and asks `ADDRESS` for what is in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.i18n import _, language, pgettext
from dashboard.ui.kit import component

#: Where the script asks what a text finds.
ADDRESS = "/ui/find"
_KEY, _CHOSEN = "palette", "palette_chosen"

_element = st.components.v2.component("tillwatch_palette", js=component.loader("palette.js"))

#: Title, icon, address without its first slash.
Place = tuple[str, str, str]


def draw(pages: Sequence[Place], actions: Sequence[Place], *, livemode: bool) -> None:
    """The button that opens the box, in the sidebar; keys open it on the whole page."""
    data: dict[str, Any] = {
        "ask": ADDRESS,
        "mode": "live" if livemode else "test",
        "language": language(),
        "groups": [
            {"title": _("Pages"), "items": [_item(*one) for one in pages]},
            {"title": _("Actions"), "items": [_item(*one) for one in actions]},
        ],
        "words": {
            "open": _("Search"),
            "label": _("Go to anything"),
            "hint": _("Id, e-mail, name, amount, last four, order, page or action"),
            "found": pgettext("search", "Found"),
            "nothing": _("Nothing found"),
            "failed": _("This could not be looked up. Try again."),
            "keys": _("↑↓ choose · ↵ open · Esc close · opens with Ctrl K or /"),
        },
    }
    _element(key=_KEY, data=data, on_go_change=_note)


def chosen() -> str | None:
    """Where the box is to lead, as an address that the browser named; told once."""
    found: str | None = st.session_state.pop(_CHOSEN, None)
    return found


def _note() -> None:
    address = st.session_state[_KEY].get("go")
    if isinstance(address, str) and 0 < len(address) <= component.LONGEST:
        st.session_state[_CHOSEN] = address


def _item(title: str, icon: str, address: str) -> dict[str, str]:
    return {"title": title, "icon": icon, "go": address}
