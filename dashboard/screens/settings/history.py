"""What was changed last, by whom and why."""

from __future__ import annotations

import streamlit as st

from core.reads.admin import settings as reads
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.settings import labels
from dashboard.ui import viewer, widgets


def draw() -> None:
    """The newest changes, newest first."""
    with st.container(border=True):
        widgets.card_title(_("Changed last"))
        found = viewer.read(reads.changes)
        if not found:
            st.caption(_("Nothing was changed yet."))
        for one in found:
            with st.container(gap=None):
                st.markdown(f"**{widgets.safe_text(labels.change(one))}**")
                said = f"{one.by} · {i18n.minute(one.at, viewer.zone())}"
                said += f" · “{one.reason}”" if one.reason else ""
                st.caption(widgets.safe_text(said))
