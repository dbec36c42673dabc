"""The go-live check as a list: failures first, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from core.actions.admin import go_live
from core.checks.result import Finding
from dashboard.i18n import _, ngettext
from dashboard.screens.settings import labels
from dashboard.ui import status_badges, viewer, widgets

_KEPT = "go_live_findings"
_ORDER = ("fail", "warn", "pass")


def draw(streamlit: tuple[str, ...]) -> None:
    """What the checks found when this was opened; `streamlit` is what differs of its options."""
    again = st.button(_("Check again"), key="check_again", icon=":material/refresh:")
    if again or _KEPT not in st.session_state:
        with st.spinner(_("Looking. Stripe is asked too.")):
            st.session_state[_KEPT] = viewer.act(
                go_live.check,
                environment=viewer.current_console().set_outside,
                streamlit=streamlit,
            )
    findings: Sequence[Finding] = st.session_state[_KEPT]
    with st.container(border=True):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        row.header(_("Ready for live money?"), anchor=False, width="content")
        row.badge(_summary(findings), color=_colour(findings))
        for one in sorted(findings, key=lambda found: _ORDER.index(found.result.status)):
            _line(one)


def _summary(findings: Sequence[Finding]) -> str:
    counts = {code: sum(one.result.status == code for one in findings) for code in _ORDER}
    return " · ".join(
        [
            ngettext("{n} passed", "{n} passed", counts["pass"]).format(n=counts["pass"]),
            ngettext("{n} warning", "{n} warnings", counts["warn"]).format(n=counts["warn"]),
            ngettext("{n} failure", "{n} failures", counts["fail"]).format(n=counts["fail"]),
        ]
    )


def _colour(findings: Sequence[Finding]) -> Literal["red", "orange", "green"]:
    found = {one.result.status for one in findings}
    return "red" if "fail" in found else "orange" if "warn" in found else "green"


def _line(one: Finding) -> None:
    found = one.result
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    with row.container(gap=None, width="stretch"):
        st.markdown(f"**{_(labels.CHECKS[one.id])}**")
        st.caption(widgets.text_with_code(_(found.message).format(**found.values)))
        if found.fix and found.status != "pass":
            st.caption(widgets.text_with_code(_(found.fix).format(**found.values)))
    with row:
        status_badges.badge(labels.STATUSES, found.status)
