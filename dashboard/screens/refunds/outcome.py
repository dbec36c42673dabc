"""What became of a refund that somebody asked for or approved, said in their dialog."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.actions.refunds.requests import RefundRequest
from core.states import RefundState
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import viewer, widgets


def draw(made: RefundRequest, close: Callable[[], None]) -> None:
    """The state in a sentence, the ids, and the way out."""
    amount = widgets.safe_text(refund_labels.exact(made.amount))
    if made.state == RefundState.SUCCEEDED:
        st.success(_("{amount} is given back.").format(amount=amount), icon=":material/check:")
    elif made.state == RefundState.PENDING:
        said = _("{amount} is on its way back; the bank confirms it later.")
        st.info(said.format(amount=amount), icon=":material/schedule:")
    elif made.state == RefundState.AWAITING_APPROVAL and made.expires_at is not None:
        until = i18n.minute(made.expires_at, viewer.zone())
        said = _("{amount} waits for a second person until {time}. Nothing is sent until then.")
        st.info(said.format(amount=amount, time=until), icon=":material/group:")
    elif made.state in (RefundState.SENDING, RefundState.UNKNOWN):
        said = _("Stripe's answer has not arrived. It is being resolved; nothing is sent twice.")
        st.warning(said, icon=":material/sync:")
    elif made.state == RefundState.REFUSED:
        st.info(_("Refused. Who asked sees the reason."), icon=":material/block:")
    else:
        said = _("{amount} was not given back: {reason}")
        reason = widgets.safe_text(refund_labels.why(made.why))
        st.error(said.format(amount=amount, reason=reason), icon=":material/error:")
    st.code(made.refund_id or made.payment_id, language=None)
    if st.button(_("Close"), key="refund_done", type="primary"):
        close()
        st.rerun()
