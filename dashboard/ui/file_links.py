"""The links by which a list or a report is taken away as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.access.rights import SEE_REVENUE
from dashboard.i18n import _
from dashboard.ui import viewer


def links(
    place: Any, name: str, asked: dict[str, str], *, csv: str | None = None, **button: Any
) -> None:
    """A button for CSV, with a label of its own if told, and one for Parquet.

    `name` is the file's among `core.reads.exports`, `asked` what its address asks for, `button`
    what Streamlit's link button takes.
    """
    query = f"?{urlencode(asked)}" if asked else ""
    for format_, label in (("csv", csv or _("Export CSV")), ("parquet", _("Parquet"))):
        address = f"/ui/export/{name}.{format_}{query}"
        place.link_button(label, address, icon=":material/download:", **button)


def card_links(name: str, asked: dict[str, str], *, csv: str | None = None) -> None:
    """The same for what a card shows. They stand under the table: on a touch screen a table's
    toolbar takes the clicks of what stands above."""
    row = st.container(horizontal=True, horizontal_alignment="right")
    links(row, name, asked, csv=csv, type="tertiary")


def mode_links(place: Any, name: str, livemode: bool, **asked: str) -> None:
    """The same for a list of one mode; `asked` are its filters."""
    links(place, name, {"mode": "live" if livemode else "test"} | asked)


def money_links(place: Any, name: str, **asked: str) -> None:
    """The same for those who may take money figures away; shut for others. `asked`: the filters
    of the list."""
    asked = {"mode": "live" if viewer.livemode() else "test"} | asked
    allowed = viewer.signed_in().may(SEE_REVENUE)
    why = None if allowed else _("Exports need the finance role.")
    links(place, name, asked, disabled=not allowed, help=why)
