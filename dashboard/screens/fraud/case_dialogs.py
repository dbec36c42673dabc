"""What a case asks back before it is closed: what to block with a refund, or why to dismiss it."""

from __future__ import annotations

import uuid

import streamlit as st

from core.actions.fraud import cases as actions
from core.reads.fraud.case_detail import CaseDetail
from dashboard.i18n import _
from dashboard.screens.fraud.labels import exact
from dashboard.screens.fraud.messages import FLASH
from dashboard.ui import refund_warnings, widgets
from dashboard.ui.dialog import Dialog

_BLOCK = "case_block"
_DIALOG = Dialog("case_dialog")


def ask(what: str) -> None:
    """Open a dialog in the next run; a refund gets its id now, so that it is asked for once."""
    _DIALOG.ask(what=what, id=str(uuid.uuid4()))


def open_asked_dialog(found: CaseDetail) -> None:
    """The dialog that is open, if one is."""
    about = _DIALOG.about()
    if about is None:
        return
    if about["what"] == "refund":
        _DIALOG.draw(_("Refund as fraud"), lambda form: _refund(found, form["id"]))
    else:
        _DIALOG.draw(_("Dismiss the case"), lambda _form: _dismiss(found.row.case_id))


def _refund(found: CaseDetail, request_id: str) -> None:
    """The amount, what to block with it, and one button."""
    st.metric(_("At risk"), exact(found.at_risk), border=True)
    for code in found.warnings:
        st.warning(refund_warnings.warning_text(code), icon=":material/warning:")
    words = {
        "card": _("this card"),
        "email": _("this e-mail address"),
        "ip": _("this IP address"),
        "user": _("this user"),
    }
    known = [name for name, column in actions.BLOCKED.items() if found.payment[column]]
    st.pills(
        _("Put on the block list"),
        known,
        selection_mode="multi",
        default=[name for name in known if name == "card"],
        format_func=words.__getitem__,
        key=_BLOCK,
    )
    st.caption(_("All that is left goes back. Above your limit, a second person decides."))
    label = _("Refund {amount}").format(amount=widgets.safe_text(exact(found.at_risk)))
    if st.button(label, key="case_refund_now", type="primary"):
        block = tuple(st.session_state[_BLOCK] or ())
        case_id = found.row.case_id
        outcome = FLASH.perform(
            _("The refund is on its way, and the case is closed."),
            actions.refund,
            case_id,
            block=block,
            request_id=request_id,
        )
        if outcome.value is not None and not outcome.value.closed:
            FLASH.set(_("The refund waits; the case stays open until it is made."), "warning")
        _DIALOG.close()
        st.rerun()


def _dismiss(case_id: str) -> None:
    """A case is not dismissed without saying why."""
    why = st.text_input(_("Why is there nothing to do?"), key="case_why", max_chars=500)
    if st.button(_("Dismiss the case"), key="case_dismiss_now", type="primary"):
        FLASH.perform(_("The case is dismissed."), actions.dismiss, case_id, why)
        _DIALOG.close()
        st.rerun()
