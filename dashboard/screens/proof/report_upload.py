"""A report of Stripe's taken in from its file, for who reconciles."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.access.rights import RECONCILE
from core.actions.proof import report_import as actions
from core.actions.proof.report_import import Days
from dashboard.i18n import _
from dashboard.screens.proof.messages import FLASH
from dashboard.ui import viewer
from dashboard.ui.dialog import Dialog

DIALOG = Dialog("report_dialog")


def button() -> None:
    """Opens the dialog, for who may reconcile."""
    if viewer.signed_in().may(RECONCILE) and st.button(
        _("Import a report…"), key="report_ask", icon=":material/upload_file:"
    ):
        DIALOG.ask()
        st.rerun()


def open_asked_dialog() -> None:
    """The dialog, if it is to be open."""
    DIALOG.draw(_("A report of Stripe's"), _body)


def _body(_about: dict[str, Any]) -> None:
    st.caption(
        _(
            "A CSV of the balance reports: the balance summary, its activity or its payouts,"
            " summed or itemized. It is kept whole, once, and compared when you reconcile."
        )
    )
    given = st.file_uploader(_("CSV file"), type=["csv"], key="report_file")
    row = st.container(horizontal=True)
    kept_in = _("Where the file does not say it")
    first = row.date_input(_("First day"), None, key="report_first", help=kept_in)
    last = row.date_input(_("Last day"), None, key="report_last", help=kept_in)
    zones = list(dict.fromkeys(["UTC", str(viewer.zone())]))
    zone = row.selectbox(_("Time zone"), zones, key="report_zone")
    if (
        st.button(_("Import"), key="report_import", type="primary", disabled=given is None)
        and given is not None
    ):
        FLASH.perform(
            _("The report is kept. Reconcile to have it compared."),
            actions.import_file,
            given.getvalue(),
            livemode=viewer.livemode(),
            file_name=given.name,
            days=Days(_day(first), _day(last), ZoneInfo(zone)),
        )
        DIALOG.close()
        st.rerun()


def _day(given: Any) -> date | None:
    return given if isinstance(given, date) else None
