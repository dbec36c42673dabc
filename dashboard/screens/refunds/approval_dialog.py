"""A second person looks at what waits: figures, who asked and why; then approves or refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds.validation import LONGEST_NOTE
from core.errors import NotFound
from core.reads.refunds import figures as reads
from core.reads.refunds import requests
from core.reads.refunds.requests import Request
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.refunds import figures as refund_figures
from dashboard.screens.refunds import labels as refund_labels
from dashboard.screens.refunds import outcome as refund_outcome
from dashboard.ui import drawer, flash, refund_warnings, stripe_labels, viewer, widgets
from dashboard.ui.dialog import Dialog
from dashboard.ui.flash import Outcome

DIALOG = Dialog("refund_review")
#: Pixels for what is reviewed: the buttons stay in sight under it, on a phone too.
_REVIEWED = 430


def start(request_id: str) -> None:
    """Open the dialog in the next run."""
    st.session_state.pop("review_why", None)
    DIALOG.ask(id=request_id)


def open_asked_dialog() -> None:
    """Draw the dialog, if it is to be open. Call it from the page's body, not from a fragment."""
    DIALOG.draw(_("Approve or refuse"), _body)


def _body(review: dict[str, Any]) -> None:
    viewer.require("approve_refund")
    if "made" in review:
        refund_outcome.draw(review["made"], DIALOG.close)
        return
    livemode = viewer.livemode()
    try:
        asked = viewer.read(requests.by_id, request_id=review["id"], livemode=livemode)
        found = viewer.read(reads.figures, payment_id=asked.payment_id, livemode=livemode)
    except NotFound as error:
        refund_labels.ERRORS.message(error).show()
        return
    with st.container(height=_REVIEWED, border=False):
        st.code(asked.payment_id, language=None)
        facts(asked)
        # What waits is reserved by itself: the net shown is that after it went.
        refund_figures.draw(found, asked.amount, key="review_figures")
        for code in found.warnings:
            st.warning(refund_warnings.warning_text(code), icon=":material/warning:")
    decide(
        review,
        refund_labels.exact(asked.amount),
        approve=lambda: flash.perform(
            refund_labels.ERRORS, refund_approvals.approve, asked.request_id
        ),
        refuse=lambda why: flash.perform(
            refund_labels.ERRORS, refund_approvals.refuse, asked.request_id, why
        ),
    )


def facts(asked: Request) -> None:
    """Who asked for how much, why, and until when it waits."""
    zone = viewer.zone()
    drawer.facts(
        {
            _("Amount"): refund_labels.exact(asked.amount),
            _("Asked by"): refund_labels.who(asked.asked_by, by_token=asked.by_token),
            _("Reason"): stripe_labels.words(asked.reason),
            _("Note"): asked.note,
            _("Rule"): refund_labels.over(asked.over) or None,
            _("Asked at"): i18n.moment(asked.created_at, zone),
            _("Expires"): i18n.moment(asked.expires_at, zone) if asked.expires_at else None,
        }
    )


def decide(
    review: dict[str, Any],
    amount: str,
    *,
    approve: Callable[[], Outcome[Any]],
    refuse: Callable[[str], Outcome[Any]],
) -> None:
    """The two ways out; what came of it is kept in `review`."""
    why = st.text_input(
        _("Reason, if you refuse"),
        key="review_why",
        max_chars=LONGEST_NOTE,
        placeholder=_("Who asked sees it"),
    ).strip()
    row = st.container(horizontal=True, horizontal_alignment="right")
    refused = row.button(
        _("Refuse"),
        key="review_refuse",
        disabled=not why,
        help=None if why else _("Write the reason first."),
    )
    label = _("Approve: refund {amount}").format(amount=amount)
    approved = row.button(widgets.safe_text(label), key="review_approve", type="primary")
    if not (approved or refused):
        return
    outcome = approve() if approved else refuse(why)
    if outcome.done:
        review["made"] = outcome.value
        st.rerun()
    outcome.show_error()
