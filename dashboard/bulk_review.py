"""A second person looks at a bulk refund that waits: one decision about all its rows."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.actions import bulk_refund_approvals
from core.errors import NotFound
from core.reads import bulk_refunds as reads
from dashboard import (
    bulk_tables,
    console,
    drawer,
    i18n,
    refund_review,
    refund_warnings,
    refund_words,
    stripe_words,
)
from dashboard.dialogs import Dialog
from dashboard.i18n import _

DIALOG = Dialog("bulk_review")


def start(bulk_id: str) -> None:
    """Open the dialog in the next run."""
    st.session_state.pop("review_why", None)
    DIALOG.ask(id=bulk_id)


def follow() -> None:
    """Draw the dialog, if it is to be open. Call it from the page's body, not from a fragment."""
    DIALOG.draw(_("Approve or refuse"), _body)


def _body(review: dict[str, Any]) -> None:
    console.require("approve_refund")
    if "made" in review:
        _outcome(review["made"].state)
        return
    try:
        bulk = console.read(reads.by_id, bulk_id=review["id"], livemode=console.livemode())
    except NotFound as error:
        st.error(refund_words.complain(error))
        return
    bulk_tables.totals(bulk, key="review_totals")
    warned = console.read(reads.warned, bulk_id=bulk.bulk_id, livemode=console.livemode())
    for said in refund_warnings.told_of_some(warned):
        st.warning(said, icon=":material/warning:")
    zone = console.zone()
    drawer.facts(
        {
            _("Asked by"): refund_words.who(bulk.asked_by, by_token=bulk.by_token),
            _("Reason"): stripe_words.words(bulk.reason),
            _("Note"): bulk.note,
            _("Rule"): refund_words.over(bulk.over) or None,
            _("Expires"): i18n.moment(bulk.expires_at, zone) if bulk.expires_at else None,
        }
    )
    st.caption(_("One decision about all rows. Each is checked again when its turn comes."))
    refund_review.decide(
        review,
        ", ".join(refund_words.exact(amount) for amount in bulk.sums.values()),
        approve=lambda: console.act(bulk_refund_approvals.approve, bulk.bulk_id),
        refuse=lambda why: console.act(bulk_refund_approvals.refuse, bulk.bulk_id, why),
    )


def _outcome(state: str) -> None:
    if state == "running":
        st.success(_("Approved: its rows are being sent."), icon=":material/check:")
    else:
        st.info(_("Refused. Who asked sees the reason."), icon=":material/block:")
    if st.button(_("Close"), key="review_done", type="primary"):
        DIALOG.close()
        st.rerun()
