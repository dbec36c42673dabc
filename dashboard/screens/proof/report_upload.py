"""A report of Stripe's taken in from its file, for who reconciles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.actions.proof import report_import as actions
from core.actions.proof.report_import import Days
from core.reads.proof import reports as reads
from core.states import ReportType
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.proof.messages import FLASH
from dashboard.ui import viewer
from dashboard.ui.dialog import Dialog

DIALOG = Dialog("report_dialog")


def button() -> None:
    """Opens the dialog; for who may reconcile."""
    if st.button(_("Import a report…"), key="report_ask", icon=":material/upload_file:"):
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
            " Files of more than 5 MB are for the command stripe-report."
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
    if counting := viewer.read(reads.reports, livemode=viewer.livemode()):
        _withdrawal(counting)


def _withdrawal(counting: Sequence[reads.ReportRow]) -> None:
    """One of the reports that count is taken back, with a reason."""
    st.divider()
    named = {one.number: _named(one) for one in counting}
    number = st.selectbox(
        _("Reports that count"), list(named), None, named.__getitem__, key="report_which"
    )
    reason = st.text_input(_("Reason"), key="report_reason", max_chars=actions.LONGEST_REASON)
    if (
        st.button(_("Withdraw the report"), key="report_withdraw", disabled=number is None)
        and number is not None
    ):
        FLASH.perform(
            _("The report no longer counts. Reconcile to have this seen."),
            actions.withdraw,
            number,
            reason,
        )
        DIALOG.close()
        st.rerun()


def _named(one: reads.ReportRow) -> str:
    days = _("{first} to {last}").format(first=i18n.day(one.first), last=i18n.day(one.last))
    kinds = {
        ReportType.BALANCE_SUMMARY: _("Balance summary"),
        ReportType.ACTIVITY_SUMMARY: _("Activity, summed"),
        ReportType.ACTIVITY: _("Activity, itemized"),
        ReportType.PAYOUTS: _("Payouts, itemized"),
    }
    codes = _(", ").join(code.upper() for code in one.currencies)
    return f"{kinds[ReportType(one.report_type)]} · {days} · {codes}"


def _day(given: Any) -> date | None:
    return given if isinstance(given, date) else None
