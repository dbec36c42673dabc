"""What stands at the addresses of screens that are not a person's, and at those of no screen.

Streamlit shows home there, under a sentence in English or without a word.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.access.principals import Principal
from dashboard.i18n import _
from dashboard.ui import navigation, viewer, widgets


def pages(person: Principal) -> list[Any]:
    """One for each screen that this person may not open, and the one for unknown addresses."""
    refused = [s.name for s in navigation.screens() if not person.may(s.right)]
    return [
        *(_hidden(_refused, _("No access"), name) for name in refused),
        _hidden(_unknown, _("No such page"), navigation.UNKNOWN),
    ]


def _hidden(body: Any, title: str, name: str) -> Any:
    return st.Page(body, title=title, url_path=name, visibility="hidden")


def _refused() -> None:
    widgets.header(_("No access"), livemode=viewer.livemode())
    widgets.empty(
        _("This page is not open to you"),
        _("Your roles do not show this. Ask an administrator if you need it."),
        icon=":material/lock:",
    )


def _unknown() -> None:
    widgets.header(_("No such page"), livemode=viewer.livemode())
    widgets.empty(
        _("There is no page at this address"),
        _("Choose a page on the left, or press Ctrl K and type what you look for."),
        icon=":material/wrong_location:",
    )
