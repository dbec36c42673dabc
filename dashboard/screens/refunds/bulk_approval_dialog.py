"""A second person looks at a bulk refund that waits: one decision about all its rows."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.errors import NotFound
from core.reads.refunds import bulk as reads
from core.states import BulkRefundState
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.refunds import approval_dialog as refund_approval_dialog
from dashboard.screens.refunds import bulk_tables
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import drawer, flash, refund_warnings, stripe_labels, viewer
from dashboard.ui.dialog import Dialog

DIALOG = Dialog("bulk_review")


def start(bulk_id: str) -> None:
    """Open the dialog in the next run."""
    st.session_state.pop("review_why", None)
    DIALOG.ask(id=bulk_id)


def open_asked_dialog() -> None:
    """Draw the dialog, if it is to be open. Call it from the page's body, not from a fragment."""
    DIALOG.draw(_("Approve or refuse"), _body)


def _body(review: dict[str, Any]) -> None:
    viewer.require("approve_refund")
    if "made" in review:
        _outcome(review["made"].state)
        return
    try:
        bulk = viewer.read(reads.by_id, bulk_id=review["id"], livemode=viewer.livemode())
    except NotFound as error:
        refund_labels.ERRORS.message(error).show()
        return
    bulk_tables.totals(bulk, key="review_totals")
    warned = viewer.read(reads.warned, bulk_id=bulk.bulk_id, livemode=viewer.livemode())
    for said in refund_warnings.told_of_some(warned):
        st.warning(said, icon=":material/warning:")
    zone = viewer.zone()
    drawer.facts(
        {
            _("Asked by"): refund_labels.who(bulk.asked_by, by_token=bulk.by_token),
            _("Reason"): stripe_labels.words(bulk.reason),
            _("Note"): bulk.note,
            _("Rule"): refund_labels.over(bulk.over) or None,
            _("Expires"): i18n.moment(bulk.expires_at, zone) if bulk.expires_at else None,
        }
    )
    st.caption(_("One decision about all rows. Each is checked again when its turn comes."))
    refund_approval_dialog.decide(
        review,
        _(", ").join(refund_labels.exact(amount) for amount in bulk.sums.values()),
        approve=lambda: flash.perform(
            refund_labels.ERRORS, bulk_refund_approvals.approve, bulk.bulk_id
        ),
        refuse=lambda why: flash.perform(
            refund_labels.ERRORS, bulk_refund_approvals.refuse, bulk.bulk_id, why
        ),
    )


def _outcome(state: str) -> None:
    if state == BulkRefundState.RUNNING:
        st.success(_("Approved: its rows are being sent."), icon=":material/check:")
    else:
        st.info(_("Refused. Who asked sees the reason."), icon=":material/block:")
    if st.button(_("Close"), key="review_done", type="primary"):
        DIALOG.close()
        st.rerun()
